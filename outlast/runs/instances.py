"""The status of orchestration instances, as the Durable client returns it."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from outlast.runs.ids import lane_id
from outlast.runs.record import WAITING

MOVING = ("Running", "Pending", "ContinuedAsNew")
AT_WORK = (*MOVING, "Suspended")


@dataclass(frozen=True, slots=True)
class InstanceStatus:
    """`status` is None where the instance is missing. `attempt` is the one in its input. `moved` is when it or one of
    its lanes last changed. `text` is its output, or the reason of its end. `waits`: the state in which it waits, for a
    seat or for a person."""

    status: str | None
    attempt: int = 0
    moved: datetime | None = None
    text: Any = None
    waits: str | None = None


async def get_status(client: Any, instance_id: str, others: Sequence[str] = ()) -> InstanceStatus:
    """The status of an instance; `moved` takes its current lanes and the instances `others` into account."""
    status = await client.get_status(instance_id, show_input=True)
    if not status:
        return InstanceStatus(None)
    instances = (*lanes_of(status.custom_status), *others)
    found = [status, *(await asyncio.gather(*(client.get_status(one) for one in instances)))]
    times = [one.last_updated_time for one in found if one and one.last_updated_time]
    moved = max((_utc(time) for time in times), default=None)
    phase = status.custom_status.get("phase") if isinstance(status.custom_status, dict) else None
    waits = phase if phase in WAITING else None
    return InstanceStatus(status.runtime_status.value, _attempt(status.input_), moved, status.output, waits)


def lanes_of(custom_status: Any) -> list[str]:
    """The ids of the lanes of the current wave, from the customStatus of a run; none before the first wave."""
    custom = custom_status if isinstance(custom_status, dict) else {}
    return [lane_id(custom["wave"], number) for number in range(custom.get("lanes") or 0)]


def _attempt(given: Any) -> int:
    """From the orchestration's input, which the SDK encodes twice."""
    while isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return 0
    return int(given.get("attempt", 0)) if isinstance(given, dict) else 0


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
