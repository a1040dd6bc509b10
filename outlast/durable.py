"""Calling activities from orchestrators, and registering them: retry policy, permanent errors, cursors.

The SDK's retry cannot tell errors apart. So a registered activity returns a permanent failure as
`{"permanent": text}` instead of raising it, and `call` raises it on the other side; nothing else sees the mark.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from azure.durable_functions import RetryOptions

from outlast.calls import PublishCall, RunCall
from outlast.errors import Permanent, Transient, shorten
from outlast.models import Failure, Json, Payload

MARK = "permanent"
TRANSIENT = f"{Transient.__name__}: "
"""How the host begins the text of a failure that an activity raised as Transient."""
LONGEST_TIMER = timedelta(minutes=5)
"""Half of what the sweep waits for at least."""
LONGEST_WAIT = timedelta(days=1)
"""For a person. A timer of more than six days cannot be cancelled: its instance would stay running for three days."""
EARLY = timedelta(seconds=1)
"""A durable timer fires up to so much early."""
CALLS = 50
"""Calls after which an orchestrator that loops over cursors continues as new, so that its history stays small."""
OUTAGE = timedelta(minutes=40)
"""Time for which a call that fails as Transient is made again: an outage of 30 minutes costs no run."""
LONGEST_PAUSE = 60.0
"""Seconds between two rounds of such calls at most."""
_FAILED = re.compile(r"(?:Activity|Orchestrator) function '[^']*' failed:\s*")
Steps = Generator[Any, Any, Any]


class Context(Protocol):
    """What orchestrators use of the Durable SDK's context."""

    instance_id: str
    is_replaying: bool
    current_utc_datetime: datetime

    def get_input(self) -> Any: ...
    def set_custom_status(self, status: Any) -> None: ...
    def call_activity_with_retry(self, name: str, retry_options: Any, input_: Any) -> Any: ...
    def call_sub_orchestrator(self, name: str, input_: Any, instance_id: str) -> Any: ...
    def create_timer(self, fire_at: datetime) -> Any: ...
    def task_all(self, activities: list[Any]) -> Any: ...
    def wait_for_external_event(self, name: str) -> Any: ...
    def task_any(self, activities: list[Any]) -> Any: ...
    def continue_as_new(self, input_: Any) -> None: ...


class Backoff(RetryOptions):  # type: ignore[misc]  # the SDK ships no types
    """Exponential intervals with a cap. The SDK's own options lack both; the host reads them all the same."""

    def __init__(self, first_seconds: float, attempts: int, coefficient: float, cap_seconds: float) -> None:
        super().__init__(max(1, round(first_seconds * 1000)), attempts)
        self.coefficient = coefficient
        self.cap_seconds = cap_seconds

    def to_json(self) -> Json:
        more = {
            "backoffCoefficient": self.coefficient,
            "maxRetryIntervalInMilliseconds": round(self.cap_seconds * 1000),
        }
        return {**super().to_json(), **more}


class StepFailed(Exception):
    """A step failed for good; `str()` is the text for the caller."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls activities for one orchestration, with its retry policies.

    `first_seconds` is the first retry interval. It comes from the orchestration's input: timers of less than a second
    fire at once on Azure, so it is 5 there, and one machine may shorten it.
    """

    context: Context
    first_seconds: float

    def call(self, activity: str, given: Payload, retry: Backoff | None = None) -> Steps:
        """Call an activity until it succeeds; raise StepFailed when it fails for good or its attempts are used up.

        Without a policy of its own, a call whose last attempt failed as Transient is made again for OUTAGE. A call
        that dies with its worker, times out or raises another error ends with the attempts of the policy.
        """
        chunk, began, pause = getattr(given, "chunk", None), self.context.current_utc_datetime, 12 * self.first_seconds
        while True:
            try:
                return (yield from self._call_once(activity, given, chunk, retry or self.step_retry()))
            except StepFailed as error:
                passing = retry is None and error.failure.text.startswith(TRANSIENT)
                if not passing or self.context.current_utc_datetime - began >= OUTAGE:
                    raise
            yield from self.wait(min(LONGEST_PAUSE, pause))
            pause *= 2

    def _call_once(self, activity: str, given: Payload, chunk: int | None, retry: Backoff) -> Steps:
        try:
            answer = yield self.context.call_activity_with_retry(activity, retry, given.to_dict())
        except Exception as error:  # the SDK raises nothing narrower
            raise StepFailed(Failure(activity, chunk, readable(error))) from error
        if isinstance(answer, dict) and MARK in answer:
            raise StepFailed(Failure(activity, chunk, answer[MARK]))
        return answer

    def call_until_done(self, activity: str, given: RunCall | PublishCall) -> Steps:
        """Call an activity with the cursor of its last answer until it answers without one; return that answer."""
        while True:
            answer = yield from self.call(activity, given)
            if answer["cursor"] is None:
                return answer
            given = replace(given, cursor=answer["cursor"])

    def wait(self, seconds: float) -> Steps:
        """Let time pass in pieces, because the sweep takes an orchestration that does not move for dead."""
        at = self.context.current_utc_datetime
        due = at + timedelta(seconds=seconds)
        while at < due:
            at = min(due, at + LONGEST_TIMER)
            yield self.context.create_timer(at)

    def is_past(self, time: str | None) -> bool:
        """Whether this time has come, as far as a timer can tell."""
        return time is not None and self.context.current_utc_datetime + EARLY >= _utc(time)

    def wait_for_event(self, name: str, until: str | None) -> Steps:
        """Wait for an event until this time, at most for LONGEST_WAIT. Return whether the event came."""
        longest = self.context.current_utc_datetime + LONGEST_WAIT
        timer = self.context.create_timer(longest if until is None else min(longest, _utc(until)))
        event = self.context.wait_for_external_event(name)
        first = yield self.context.task_any([event, timer])
        if first is not event:
            return False
        if not timer.is_completed:
            timer.cancel()
        return True

    def step_retry(self) -> Backoff:
        """5 attempts: a timeout of one activity spends an attempt of each of its neighbours."""
        return Backoff(self.first_seconds, attempts=5, coefficient=2, cap_seconds=60)

    def send_retry(self) -> Backoff:
        """10 attempts over about 25 minutes: a service that is down comes back, and nobody waits."""
        return Backoff(self.first_seconds, attempts=10, coefficient=2, cap_seconds=300)


def _utc(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(UTC)


def readable(error: Exception) -> str:
    """The sentence in a failure: the host adds the function's name before and stack details behind it."""
    text = str(error).split(" \n ")[0]
    while found := _FAILED.match(text):
        text = text[found.end() :]
    return text or type(error).__name__


def activity(function: Callable[..., Awaitable[Any]], seconds: float) -> Callable[[Any], Awaitable[Any]]:
    """Make an activity ready to be registered under its own name, its parameter called `given`."""
    call = activity_with_client(function, seconds)

    async def registered(given: Any) -> Any:
        return await call(given)

    registered.__name__ = registered.__qualname__ = function.__name__
    return registered


def activity_with_client(function: Callable[..., Awaitable[Any]], seconds: float) -> Callable[..., Awaitable[Any]]:
    """The same for an activity that also has a parameter `client`, the Durable client.

    One that waits longer than `seconds` for something without a limit of its own fails as Transient and is retried.
    """

    async def registered(given: Any, **client: Any) -> Any:
        try:
            async with asyncio.timeout(seconds) as limit:
                return await function(given, **client)
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Transient(f"{function.__name__} had no answer for {seconds:.0f} s and was given up") from error
        except Permanent as error:
            text = shorten(str(error))
            logging.getLogger("outlast").error("%s failed for good: %s", function.__name__, text)
            return {MARK: text}

    registered.__name__ = registered.__qualname__ = function.__name__
    return registered
