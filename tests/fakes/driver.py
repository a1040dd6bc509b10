"""Runs orchestrators and their activities in one process. Values cross a durable boundary as JSON, retries are made
without waiting, activities end in a seeded order, and each orchestrator is replayed from its record."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from outlast.durable import activity
from outlast.models import Json
from tests.fakes.clock import START
from tests.fakes.replay import Action, First, ReplayContext, replay

Story = Callable[[Any], Generator[Any, Any, Any]]
Step = Callable[[Json], Awaitable[Any]]
DETAILS = ' \n {"$type": "System.Exception, System.Private.CoreLib", "Message": "Result: Failure"}'
"""The text that the host adds after the reason of a failed activity."""
DIED = "One or more errors occurred. (python exited with code 137 (0x89))"
FOREVER = 3600.0


@dataclass(slots=True)
class Instance:
    """An orchestration. `statuses` are all custom statuses that it has set, in each of its `generations`."""

    id: str
    name: str
    given: Any
    status: str = "Running"
    output: Any = None
    statuses: list[Any] = field(default_factory=list)
    generations: int = 0


@dataclass(slots=True)
class Failing:
    """The next `times` calls of an activity raise, only those on `chunk` if it is given; with `after` they do their
    work first."""

    name: str
    error: Exception
    times: int
    chunk: int | None
    after: bool

    def strikes(self, name: str, given: Any) -> bool:
        return self.times > 0 and name == self.name and (self.chunk is None or given["chunk"] == self.chunk)


async def nobody(instance_id: str) -> None:
    """Nobody decides anything."""


class OrchestrationFailed(Exception):
    """The error that the parent of a failed orchestration gets."""


@dataclass(slots=True)
class Driver:
    """Stands in for Durable Functions. `calls` has each attempt of each activity with its input."""

    stories: Mapping[str, Story]
    steps: Mapping[str, Step]
    seed: int = 0
    instances: dict[str, Instance] = field(default_factory=dict)
    calls: list[tuple[str, Json]] = field(default_factory=list)
    failing: list[Failing] = field(default_factory=list)
    timers: list[str] = field(default_factory=list)
    """The time at which each timer was due."""
    let_pass: Callable[[float], None] = lambda seconds: None
    """Lets the time of a timer pass."""
    now: Callable[[], datetime] = lambda: START
    waiting: Callable[[str], Awaitable[None]] = nobody
    """Called when an orchestration begins to wait for a person: the place for a test to decide."""
    dying: dict[str, int] = field(default_factory=dict)
    """How many orchestrations of each name fail as one does whose worker dies: without running their `except`."""
    events: dict[tuple[str, str], "asyncio.Queue[Any]"] = field(default_factory=dict)
    _turns: "Turns" = field(init=False)

    def __post_init__(self) -> None:
        self._turns = Turns(random.Random(self.seed))

    def fail(
        self, name: str, error: Exception, times: int = 1, chunk: int | None = None, *, after: bool = False
    ) -> None:
        self.failing.append(Failing(name, error, times, chunk, after))

    def count(self, name: str) -> int:
        return sum(called == name for called, _ in self.calls)

    async def run(self, name: str, given: Any, instance_id: str) -> Instance:
        """Run an orchestration to its end, whether it completes or fails."""
        instance = self.instances[instance_id] = Instance(instance_id, name, cross(given))
        try:
            if self.dying.get(name, 0):
                self.dying[name] -= 1
                raise Exception(DIED)
            instance.output = await self._generations(instance)
            instance.status = "Completed"
        except Exception as error:  # noqa: BLE001  # the host fails the instance, whatever the story raised
            instance.status, instance.output = "Failed", f"Orchestrator function '{name}' failed: {error}"
        return instance

    async def _generations(self, instance: Instance) -> Any:
        while True:
            instance.generations += 1
            story, began = self.stories[instance.name], self.now()
            context = ReplayContext(instance.id, instance.given, current_utc_datetime=began)
            record = await self._tell(story, context)
            instance.statuses += context.statuses
            replay(story, instance.id, instance.given, record, context.statuses, began)
            if context.continued is None:
                return cross(record.returned())
            instance.given = cross(context.continued)
            instance.statuses.append(None)  # a status set together with continue-as-new is lost

    async def _tell(self, story: Story, context: ReplayContext) -> "Any":
        record = context.record
        telling = story(context)
        step: Callable[[], Action] = lambda: next(telling)  # noqa: E731  # replaced at each turn
        while (action := record.ask(step)) is not None:
            try:
                value = await self._perform(action)
            except Exception as error:  # noqa: BLE001  # thrown into the story, as the SDK does
                failed = Exception(str(error))
                record.hear_failure(failed)
                step = lambda failed=failed: telling.throw(failed)  # type: ignore[misc]  # noqa: E731
            else:
                record.hear(value)
                value = context.hear(action, value)
                step = lambda value=value: telling.send(value)  # type: ignore[misc]  # noqa: E731
        return record

    async def _perform(self, action: Action) -> Any:
        if action.kind == "all":
            if not action.parts:
                return None
            return await asyncio.gather(*(self._perform(part) for part in action.parts))
        if action.kind == "event":
            return await self._event(action.instance_id, action.name).get()
        if action.kind == "any":
            return await self._first(*action.parts)
        if action.kind == "timer":
            self.timers.append(action.given)
            self.let_pass(action.seconds)
            return None
        if action.kind == "orchestrator":
            instance = await self.run(action.name, action.given, action.instance_id)
            if instance.status == "Failed":
                raise OrchestrationFailed(f"{instance.output} \n Message: {instance.output}, StackTrace: at …")
            return cross(instance.output)
        return await self._attempt(action)

    async def _first(self, event: Action, timer: Action) -> First:
        """The event if it has come by then, else the timer, whose time passes."""
        await self.waiting(event.instance_id)
        came = self._event(event.instance_id, event.name)
        if came.empty():
            self.timers.append(timer.given)
            self.let_pass(timer.seconds)
            return First(1)
        came.get_nowait()
        return First(0)

    def _event(self, instance_id: str, name: str) -> "asyncio.Queue[Any]":
        return self.events.setdefault((instance_id, name), asyncio.Queue())

    async def raise_event(self, instance_id: str, event_name: str, event_data: Any = None) -> None:
        """What a Durable client does; an event that nobody waits for yet is kept."""
        self._event(instance_id, event_name).put_nowait(event_data)

    async def _attempt(self, action: Action) -> Any:
        for attempt in range(1, action.attempts + 1):
            try:
                async with self._turns:
                    return cross(await self._execute(action.name, cross(action.given)))
            except Exception as error:
                if attempt == action.attempts:
                    text = f"Activity function '{action.name}' failed:  {type(error).__name__}: {error}{DETAILS}"
                    raise OrchestrationFailed(text) from error
        raise AssertionError("no attempt was allowed")

    async def _execute(self, name: str, given: Json) -> Any:
        self.calls.append((name, given))
        step = self.steps[name]

        async def scripted(given: Json) -> Any:
            failing = next((one for one in self.failing if one.strikes(name, given)), None)
            if failing is None:
                return await step(given)
            failing.times -= 1
            if failing.after:
                await step(given)
            raise failing.error

        return await activity(scripted, 60)(given)


@dataclass(slots=True)
class Turns:
    """Lets one activity work at a time, so that a seed decides in which order they end."""

    random: random.Random
    waiting: list[asyncio.Future[None]] = field(default_factory=list)
    taken: bool = False

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self.waiting.append(turn)
        loop.call_soon(loop.call_soon, self._offer)
        await turn

    async def __aexit__(self, *error: object) -> None:
        self.taken = False
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._offer)

    def _offer(self) -> None:
        """Choose one of all that have asked by now."""
        if not self.taken and self.waiting:
            self.taken = True
            self.waiting.pop(self.random.randrange(len(self.waiting))).set_result(None)


def cross(value: Any) -> Any:
    """Return the value as it arrives on the other side of a durable boundary."""
    return json.loads(json.dumps(value, allow_nan=False))
