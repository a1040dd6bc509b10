"""An orchestration without a host: the real SDK between the two pure functions, with the test as its surroundings."""

import itertools
import json
import warnings
from collections.abc import Callable, Generator
from datetime import datetime, timedelta
from typing import Any

import azure.durable_functions as df
from azure.durable_functions import Orchestrator
from azure.functions._durable_functions import OrchestrationContext

from local.host.durable import answers, events, sdk
from local.host.durable.answers import Answer
from local.host.durable.events import Event, Kind
from local.host.durable.turn import Call, Outcome, Timer, apply, begin

Context = df.DurableOrchestrationContext
Code = Callable[[Any], Generator[Any, Any, Any]]
sdk.prepare()  # the SDK as a worker runs it
START = events.moment("2026-01-01T00:00:00Z")


def ask(code: Code, context: dict[str, Any]) -> Answer:
    """Return the SDK's answer to a context in a worker's form."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK's advice to its users; here it would count as an error
        try:
            text = Orchestrator.create(code)(OrchestrationContext(json.dumps(context)))
        except Exception as error:  # noqa: BLE001 - whatever an orchestrator raises is its answer
            return answers.raised(str(error), f"{type(error).__name__}: {error}", "stack")
    return answers.returned(text)


class Pure:
    """One instance whose turns are taken when the test says so, with the messages that the test gives."""

    def __init__(self, code: Code, given: Any = None) -> None:
        self.code = code
        self.now: datetime = START
        self.history: list[Event] = []
        self.outcomes: list[Outcome] = []
        self.ids = (f"id{n}" for n in itertools.count())
        self.started = events.execution_started(
            instance="me", execution="x", name="code", input=json.dumps(json.dumps(given)), now=self.now
        )
        self.take(self.started)

    def take(self, *messages: Event) -> Outcome | None:
        """Take one turn with these messages; return None if none of them changes anything."""
        self.now += timedelta(seconds=1)
        turn = begin(self.history, messages, self.now)
        if turn is None:
            return None
        outcome = apply(turn, ask(self.code, turn.context), self.now, lambda: next(self.ids))
        self.history += outcome.events
        self.outcomes.append(outcome)
        return outcome

    @property
    def last(self) -> Outcome:
        """The outcome of the latest turn."""
        return self.outcomes[-1]

    @property
    def calls(self) -> list[Call]:
        """All activity calls, in order."""
        return [call for outcome in self.outcomes for call in outcome.calls]

    @property
    def timers(self) -> list[Timer]:
        """All timers, in order."""
        return [timer for outcome in self.outcomes for timer in outcome.timers]

    def kinds(self) -> list[Kind]:
        """Return the kinds of events in the history, in order."""
        return [Kind(e["EventType"]) for e in self.history]

    def completed(self, task: int, result: Any = None) -> Event:
        """Return the message of an activity's result."""
        return events.task_completed(task=task, result=answers.compact(result), now=self.now)

    def failed(self, task: int, reason: str = "it broke", *, final: bool = False) -> Event:
        """Return the message of an activity's failure."""
        return events.task_failed(task=task, reason=reason, details="{}", now=self.now, final=final)

    def child_completed(self, task: int, result: Any = None) -> Event:
        """Return the message of a child's result."""
        return events.child_completed(task=task, result=answers.compact(result), now=self.now)

    def child_failed(self, task: int) -> Event:
        """Return the message of a child's failure."""
        return events.child_failed(task=task, reason="it broke", details="{}", now=self.now)

    def fired(self, task: int) -> Event:
        """Return the message of a timer that is due."""
        fire_at = next(t.fire_at for t in self.timers if t.task == task)
        return events.timer_fired(task=task, fire_at=fire_at, now=self.now)

    def raised(self, name: str, value: Any = None) -> Event:
        """Return the message of an external event."""
        return events.event_raised(name=name, input=answers.compact(value), now=self.now)
