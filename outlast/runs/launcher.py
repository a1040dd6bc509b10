"""Starts the orchestrations of a run. How each is started, by which name and with what input, is known here alone."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from outlast.calls import Removal
from outlast.models import ADMITTED
from outlast.orchestrations import Compensation, Start
from outlast.runs.ids import compensation_id, removal_id
from outlast.runs.record import RunRecord

ENDING = (0.25, 0.5, 1.0, 1.5)
"""Seconds between attempts to start a run again. A record is ended before its orchestration is, and while that runs no
other can have its id."""


@dataclass(frozen=True, slots=True)
class Launcher:
    """`first_retry_seconds` goes into each orchestration's input. `client` is the Durable client of the caller."""

    first_retry_seconds: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def start_run(self, client: Any, record: RunRecord) -> None:
        given = Start(record.status.attempt, self.first_retry_seconds)
        await client.start_new("import_report", record.id, given.to_dict())

    async def start_again(self, client: Any, record: RunRecord, waits: Sequence[float] = ENDING) -> None:
        """Start the next attempt of a run that has ended. Where that fails, the sweep starts it."""
        try:
            await self.start_run(client, record)
        except Exception as error:  # noqa: BLE001  # the SDK raises nothing narrower
            if not waits:
                logging.getLogger("outlast").warning("run %s is started again by the next sweep: %s", record.id, error)
                return
            await self.sleep(waits[0])
            await self.start_again(client, record, waits[1:])

    async def wake(self, client: Any, run: str) -> None:
        """Let a run that waits for a seat look at its record. Where that fails, the sweep wakes it."""
        try:
            await client.raise_event(run, ADMITTED)
        except Exception as error:  # noqa: BLE001  # the SDK raises nothing narrower
            logging.getLogger("outlast").warning("run %s could not be woken: %s", run, error)

    async def start_compensation(self, client: Any, record: RunRecord) -> None:
        attempt = record.status.attempt
        given = Compensation(record.id, attempt, self.first_retry_seconds)
        await client.start_new("compensate_run", compensation_id(record.id, attempt), given.to_dict())

    async def start_removal(self, client: Any, report: str, run: str) -> None:
        given = Removal(report, run, self.first_retry_seconds)
        await client.start_new("remove_previous", removal_id(run), given.to_dict())
