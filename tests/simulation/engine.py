"""A task hub over the pure turn. What is committed stays, and everything else is lost when the host dies."""

import functools
import importlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.host.durable import answers, events
from local.host.durable.answers import Answer
from local.host.durable.events import Event
from local.host.durable.turn import Call, Outcome, apply, begin
from local.host.storage.store import FINISHED
from tests.simulation.scheduler import SLOW, Scheduler
from tests.unit.local.host.pure import Code, ask

SDK: Any = importlib.import_module("azure.durable_functions.models.history.HistoryEvent")
SDK.dt_parse = functools.lru_cache(maxsize=None)(SDK.dt_parse)
"""The SDK parses every time of a history again at each turn, which would take half of a simulation's time."""
DIED = "One or more errors occurred. (python exited with code 137 (0x89))"
TIMED_OUT = "Timeout value was exceeded"


@dataclass(slots=True)
class Instance:
    id: str
    execution: str
    name: str
    input: Any
    status: str = "Pending"
    history: list[Event] = field(default_factory=list)
    inbox: list[Event] = field(default_factory=list)
    custom: Any = None
    output: Any = None
    updated: datetime | None = None


Item = tuple[str, str, Call]


@dataclass(slots=True)
class Engine:
    """`steps` are the activities, `stories` the orchestrators. `limit` is functionTimeout in seconds, `slots` how many
    activities run at once."""

    scheduler: Scheduler
    stories: dict[str, Code]
    steps: dict[str, Callable[[Any], Awaitable[Any]]]
    limit: float
    deaths: float = 0.0
    repeats: float = 0.0
    slots: int = 8
    instances: dict[str, Instance] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    timers: list[tuple[datetime, str, str, int, str]] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    count: int = 0
    terminated: list[tuple[str, str]] = field(default_factory=list)

    def start(self, name: str, instance: str, given: Any) -> None:
        """Start an orchestration as a client does; raise if an instance with that id is at work."""
        found = self.instances.get(instance)
        if found is not None and found.status not in FINISHED:
            raise RuntimeError(f"An Orchestration instance with the status {found.status} already exists.")
        now = self.scheduler.now
        text = json.dumps(json.dumps(given))
        self._create(
            events.execution_started(instance=instance, execution=self.new_id(), name=name, input=text, now=now)
        )

    def restart(self, instance: str) -> None:
        """What `restartPostUri` does: start the orchestration again, with its input and its id."""
        found = self.instances[instance]
        self.start(found.name, instance, json.loads(found.input))

    def new_id(self) -> str:
        self.count += 1
        return f"x{self.count}"

    def raise_event(self, instance: str, name: str, data: Any) -> None:
        found = self.instances.get(instance)
        if found is None or found.status in FINISHED:
            raise RuntimeError(f"No instance with ID {instance} found.")
        text = json.dumps(data)
        found.inbox.append(events.event_raised(name=name, input=text, now=self.scheduler.now))

    def terminate(self, instance: str, reason: str) -> None:
        found = self.instances[instance]
        self.terminated.append((instance, reason))
        if found.status not in FINISHED:
            found.status, found.output, found.inbox = "Terminated", reason, []
            found.updated = self.scheduler.now

    def purge(self, instance: str) -> None:
        """Forget an instance that has ended; raise if it is at work."""
        found = self.instances.get(instance)
        if found is not None and found.status not in FINISHED:
            raise RuntimeError("The operation failed with an unexpected status code 412")
        self.instances.pop(instance, None)

    def forget_what_ran(self) -> None:
        """Free everything that ran when the host died."""
        self.busy.clear()

    def dispatch(self) -> None:
        """Begin every turn and every activity that can begin."""
        for instance in list(self.instances.values()):
            if instance.inbox and instance.status not in FINISHED and self._take(f"turn {instance.id}"):
                self.scheduler.spawn(self._turn(instance))
        self._begin_activities()
        for timer in [timer for timer in self.timers if timer[0] <= self.scheduler.now]:
            self.timers.remove(timer)
            _, instance_id, execution, task, fire_at = timer
            self._tell(instance_id, execution, events.timer_fired(task=task, fire_at=fire_at, now=self.scheduler.now))

    def _begin_activities(self) -> None:
        """Begin activities in the order in which they were scheduled, as far as there are slots."""
        free = self.slots - sum(name.startswith("activity ") for name in self.busy)
        for item in self.items:
            if free <= 0:
                return
            if self._take(f"activity {item[0]} {item[1]} {item[2].task}"):
                free -= 1
                self.scheduler.spawn(self._activity(item))

    def next_due(self) -> datetime | None:
        return min((timer[0] for timer in self.timers), default=None)

    def _take(self, name: str) -> bool:
        if name in self.busy:
            return False
        self.busy.add(name)
        return True

    async def _turn(self, instance: Instance) -> None:
        await self.scheduler.meet(f"turn {instance.id}")
        taken, execution = list(instance.inbox), instance.execution
        turn = begin(instance.history, taken, self.scheduler.now)
        outcome = None
        if turn is not None:
            dead = self.scheduler.chance("orchestrator's worker killed", self.deaths)
            answer = Answer(crash=DIED) if dead else ask(self.stories[instance.name], turn.context)
            outcome = apply(turn, answer, self.scheduler.now, self.new_id)
        await self.scheduler.meet(f"commit {instance.id}")
        self.busy.discard(f"turn {instance.id}")
        if instance.execution != execution or instance.status in FINISHED:
            return
        instance.inbox = instance.inbox[len(taken) :]
        if outcome is not None:
            self._keep(instance, outcome)

    def _keep(self, instance: Instance, outcome: Outcome) -> None:
        instance.updated = self.scheduler.now
        if outcome.successor is not None:
            self._create(outcome.successor[0])
            self.instances[instance.id].inbox += outcome.successor[1:]
            return
        instance.history += outcome.events
        instance.status = outcome.status
        instance.output = _value(outcome.output)
        if outcome.custom_status is not None:
            instance.custom = _value(outcome.custom_status)
        self.items += [(instance.id, instance.execution, call) for call in outcome.calls]
        for child in outcome.children:
            self._create(child)
        for timer in outcome.timers:
            due = events.moment(timer.fire_at)
            self.timers.append((due, instance.id, instance.execution, timer.task, timer.fire_at))
        if outcome.report is not None:
            started = next(e for e in instance.history if e["EventType"] == events.Kind.EXECUTION_STARTED)
            parent = started["ParentInstance"]["OrchestrationInstance"]
            self._tell(parent["InstanceId"], parent["ExecutionId"], outcome.report)

    async def _activity(self, item: Item) -> None:
        instance_id, execution, call = item
        name = f"activity {instance_id} {execution} {call.task}"
        await self.scheduler.meet(f"begin {call.name}")
        given = json.loads(call.input or "null")
        if self.scheduler.chance("activity given up", self.repeats):
            self.scheduler.spawn(self._zombie(call.name, given))
            event = self._failed(call, TIMED_OUT)
        else:
            event = await self._result(call, given)
        await self.scheduler.meet(f"end {call.name}")
        self.busy.discard(name)
        self.items.remove(item)
        self._tell(instance_id, execution, event)

    async def _result(self, call: Call, given: Any) -> Event:
        if self.scheduler.chance("activity's worker killed before", self.deaths):
            return self._failed(call, DIED)
        try:
            value = await self.steps[call.name](given)
        except Exception as error:  # noqa: BLE001  # whatever an activity raises is its answer
            return self._failed(call, f"{type(error).__name__}: {error}")
        if self.scheduler.chance("activity's worker killed after", self.deaths):
            return self._failed(call, DIED)
        return events.task_completed(task=call.task, result=answers.compact(value), now=self.scheduler.now)

    async def _zombie(self, name: str, given: Any) -> None:
        """Go on with a call that was given up, slowly, at most for functionTimeout."""
        SLOW.set(self.limit)
        work = self.scheduler.spawn(_swallowed(self.steps[name](given)))
        await self.scheduler.sleep(self.limit)
        work.cancel()

    def _failed(self, call: Call, text: str) -> Event:
        reason = f"Activity function '{call.name}' failed:  {text}"
        return events.task_failed(task=call.task, reason=reason, details="{}", now=self.scheduler.now)

    def _create(self, start: Event) -> None:
        who = start["OrchestrationInstance"]
        given = json.loads(start["Input"])
        self.instances[who["InstanceId"]] = Instance(
            who["InstanceId"], who["ExecutionId"], start["Name"], given, inbox=[start], updated=self.scheduler.now
        )
        self.busy.discard(f"turn {who['InstanceId']}")

    def _tell(self, instance: str, execution: str, event: Event) -> None:
        found = self.instances.get(instance)
        if found is not None and found.execution == execution and found.status not in FINISHED:
            found.inbox.append(event)


async def _swallowed(work: Awaitable[Any]) -> None:
    try:
        await work
    except Exception:  # noqa: BLE001  # nobody hears it
        return


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)
