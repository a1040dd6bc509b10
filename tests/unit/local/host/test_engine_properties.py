"""Operations from outside in any order: every instance ends, and nothing is left behind."""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from local.host.durable import events, rewind
from local.host.durable.events import Event
from local.host.storage import store
from tests.unit.local.host.hub import Hub
from tests.unit.local.host.pure import START, Code, Context

IDS = ("a", "b", "c")
EVERY_TABLE = ("all_activities", "all_timers", "instances_with_messages")
Operation = tuple[str, str]

operations = st.lists(
    st.tuples(
        st.sampled_from(["start", "terminate", "suspend", "resume", "raise", "release", "settle", "rewind", "purge"]),
        st.sampled_from(IDS),
    ),
    max_size=25,
)


def busy(context: Context) -> Any:
    """Use an activity, a child, a timer, an event and a new generation."""
    generation = context.get_input()
    yield context.call_activity("gated", f"{context.instance_id} {generation}")
    yield context.call_sub_orchestrator("child", context.instance_id)
    timer = context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    yield context.task_any([timer, context.wait_for_external_event("go")])
    if not timer.is_completed:
        timer.cancel()
    if generation < 1:
        context.continue_as_new(generation + 1)
    return generation


def child(context: Context) -> Any:
    """Call one activity, which fails the first time in one of the instances."""
    return (yield context.call_activity("fragile", context.get_input()))


ORCHESTRATORS: dict[str, Code] = {"busy": busy, "child": child}


class World:
    """The hub, and the gates at which its activities wait."""

    def __init__(self, path: Path) -> None:
        self._open = asyncio.Event()
        self._failed: set[str] = set()
        self.hub = Hub(path, ORCHESTRATORS, {"gated": self._gated, "fragile": self._fragile})

    async def do(self, operation: str, instance: str) -> None:
        """Do one operation if the instance's state allows it."""
        state = self.hub.status(instance)
        if operation == "start" and (state is None or state in store.FINISHED):
            await self.hub.start("busy", instance, 0)
        elif operation == "settle":
            for _ in range(20):
                await asyncio.sleep(0)
        elif operation == "release":
            self._open.set()
            await asyncio.sleep(0.001)
            self._open.clear()
        elif operation == "rewind" and state == "Failed":
            note = rewind.request("again", START)
            await self.hub.engine.change(lambda q: store.rewind(q, instance, note))
        elif operation == "purge" and state in store.FINISHED:
            await self.hub.database.write(lambda q: store.purge(q, [instance]))
        elif operation in MESSAGES and state is not None and state not in store.FINISHED:
            await self.hub.send(instance, MESSAGES[operation]())

    async def finish(self) -> None:
        """Let everything go on to its end."""
        self._open.set()
        running = [i for i in IDS if self.hub.status(i) is not None]
        for instance in running:
            await self.do("resume", instance)
        await self.hub.finished(*running)
        await self.hub.until(lambda: not any(self.hub.database.read.all(table) for table in EVERY_TABLE))

    async def _gated(self, given: str) -> str:
        await self._open.wait()
        return given

    def _fragile(self, instance: str) -> str:
        if instance == "c" and instance not in self._failed:
            self._failed.add(instance)
            raise ValueError("the first time")
        return instance


MESSAGES: dict[str, Callable[[], Event]] = {
    "terminate": lambda: events.terminated(reason="enough", now=START),
    "suspend": lambda: events.suspended(reason="pause", now=START),
    "resume": lambda: events.resumed(reason="on", now=START),
    "raise": lambda: events.event_raised(name="go", input="1", now=START),
}


async def lived(path: Path, plan: list[Operation]) -> None:
    """Play the plan, then let everything end."""
    world = World(path)
    async with world.hub:
        for operation, instance in plan:
            await world.do(operation, instance)
        await world.finish()
        for instance in IDS:
            assert world.hub.status(instance) in {None, *store.FINISHED}


@settings(max_examples=60)
@given(plan=operations)
def test_everything_ends_whatever_is_done_to_it(plan: list[Operation]) -> None:
    """Instances that are started, ended, suspended, rewound and purged in any order all end and leave nothing in the
    file."""
    memory = "/dev/shm"  # where there is one: what is tested is the order of things, not the disk
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        asyncio.run(lived(Path(folder) / "host.db", plan))
