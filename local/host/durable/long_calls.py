"""Calls that take several tasks, one after another. Each task takes its id when it is made, as on the Azure host."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Protocol

from local.host.durable import events
from local.host.durable.answers import Action, Does
from local.host.durable.events import Event, Kind
from local.host.settings import timespan

Ended = Callable[[Event], None]
HTTP_ACTIVITY = "BuiltIn::HttpActivity"  # the name under which the host itself makes a request
POLL_SECONDS = "30"  # between two polls, where the answer has no Retry-After
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


class DurableHttp:
    """A durable HTTP request. While the answer is a 202, the address in its Location is asked after a time.

    Source: `CallHttpAsync` of the Durable extension. A 202 that names no address or no time in seconds ends the call.
    """

    def __init__(self, tasks: Tasks, request: dict[str, Any], ended: Callable[[], None]) -> None:
        self._tasks = tasks
        self._request = request
        self._ended = ended
        self._send(request)

    def _send(self, request: dict[str, Any]) -> None:
        action: Action = {
            "actionType": Does.CALL_ACTIVITY,
            "functionName": HTTP_ACTIVITY,
            "input": json.dumps([request], ensure_ascii=False),
        }
        if (options := request.get("retryOptions")) is None:
            self._tasks.call(action, self._answered)
        else:
            Retry(self._tasks, {**action, "retryOptions": _policy(options)}, self._answered)

    def _answered(self, event: Event) -> None:
        response = json.loads(event["Result"]) if event["EventType"] == Kind.TASK_COMPLETED else {}
        headers = {name.lower(): value for name, value in response.get("headers", {}).items()}
        location, after = headers.get("location"), headers.get("retry-after", POLL_SECONDS)
        polls = response.get("statusCode") == 202 and self._request.get("asynchronousPatternEnabled", True)
        if not (polls and location and str(after).isdecimal()):
            self._ended()
            return
        fire_at = events.stamp(self._tasks.clock + timedelta(seconds=int(after)))
        self._tasks.plan(Kind.TIMER_CREATED, {"fireAt": fire_at}, lambda _: self._send(self._poll(location)))

    def _poll(self, location: str) -> dict[str, Any]:
        """Return the next request. A key of the function that was asked does not open its orchestration's status."""
        headers = {n: v for n, v in (self._request.get("headers") or {}).items() if n.lower() != "x-functions-key"}
        kept = {k: v for k, v in self._request.items() if k in {"tokenSource", "timeout"}}
        return {"method": "GET", "uri": location, "headers": headers, **kept}


def _policy(options: dict[str, Any]) -> dict[str, Any]:
    """Return the retry options of a request in the form that those of an activity have: milliseconds."""
    given = {name.lower(): value for name, value in options.items()}
    longest = given.get("maxretryinterval")
    return {
        "firstRetryIntervalInMilliseconds": timespan(given["firstretryinterval"]) * 1000,
        "maxNumberOfAttempts": given["maxnumberofattempts"],
        "backoffCoefficient": given.get("backoffcoefficient", 1),
        "maxRetryIntervalInMilliseconds": None if longest is None else timespan(longest) * 1000,
    }
