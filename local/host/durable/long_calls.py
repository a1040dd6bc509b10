"""Calls that take several tasks, one after another. Each task takes its id when it is made, as on the Azure host."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from local.host.durable import events
from local.host.durable.answers import Action
from local.host.durable.events import Event, Kind

Ended = Callable[[Event], None]
FOREVER = timedelta(days=365 * 100)  # a delay that has outgrown every calendar


class Tasks(Protocol):
    """The replay in which a call makes its tasks."""

    clock: datetime

    def plan(self, kind: Kind, action: Action, ended: Ended | None = None) -> int:
        """Make a task."""
        ...

    def call(self, action: Action, ended: Ended) -> None:
        """Call an activity or a sub-orchestration once."""
        ...


class Retry:
    """A call with a retry policy. The attempts and the timers between them take their ids as they happen."""

    def __init__(self, tasks: Tasks, action: Action, ended: Ended) -> None:
        self._tasks = tasks
        self._action = action
        self._ended = ended
        self._last: Event = {}
        self._attempts = 1
        tasks.call(action, self._attempted)

    def _attempted(self, event: Event) -> None:
        if event["EventType"] not in events.FAILURES:
            self._ended(event)
            return
        self._last = event
        fire_at = events.stamp(self._tasks.clock + self._delay(event))
        self._tasks.plan(Kind.TIMER_CREATED, {"fireAt": fire_at}, self._waited)

    def _waited(self, _: Event) -> None:
        if self._attempts >= self._policy["maxNumberOfAttempts"]:
            self._ended(self._last)
            return
        self._attempts += 1
        self._tasks.call(self._action, self._attempted)

    @property
    def _policy(self) -> dict[str, Any]:
        policy: dict[str, Any] = self._action["retryOptions"]
        return policy

    def _delay(self, event: Event) -> timedelta:
        """Return first * coefficient^(attempt-1), capped, and 0 after the last attempt, whose timer only ends the
        call."""
        last = self._attempts >= self._policy["maxNumberOfAttempts"]
        if last or event["FailureDetails"]:
            return timedelta()
        cap = self._policy.get("maxRetryIntervalInMilliseconds")
        longest = timedelta(milliseconds=cap) if cap else FOREVER
        try:
            growth = self._policy.get("backoffCoefficient", 1) ** (self._attempts - 1)
            delay = timedelta(milliseconds=self._policy["firstRetryIntervalInMilliseconds"] * growth)
        except OverflowError:
            return longest
        return min(delay, longest)
