"""Lets the app's activities run, and makes of each end the event that the orchestration gets."""

from collections.abc import Callable, Coroutine
from typing import Any

from local.host.clock import Clock
from local.host.durable import answers, events, failures, http_requests
from local.host.durable.answers import compact
from local.host.durable.events import Event
from local.host.durable.long_calls import HTTP_ACTIVITY
from local.host.storage.database import Database
from local.host.storage.store import Activity
from local.host.telemetry.observer import Observer
from local.host.workers.calls import Died, TimedOut
from local.host.workers.wire import Header

Invoke = Callable[..., Coroutine[Any, Any, tuple[Header, bytes]]]


class ActivityCalls:
    """Calls activities, each once."""

    def __init__(
        self,
        *,
        database: Database,
        invoke: Invoke,
        clock: Clock,
        timeout: float | None,
        worker: str,
        observer: Observer,
    ) -> None:
        self._database = database
        self._invoke = invoke
        self._clock = clock
        self._timeout = timeout
        self._worker = worker
        self._observer = observer

    async def result_of(self, activity: Activity, functions: dict[str, str]) -> Event:
        """Run an activity; return the event of its end, whether it succeeded or failed.

        `functions` are the app's, by lower-case name.
        """
        if activity.name == HTTP_ACTIVITY:
            return await http_requests.result_of(activity, self._clock)
        task, name = activity.task, activity.name
        if name.lower() not in functions:
            error = failures.unknown(name, "activity", list(functions.values()))
            return self._broken(task, name, error, "FunctionNotFoundException", final=True)
        name = functions[name.lower()]
        call = self._observer.activity(activity, self._database.read)
        given = (activity.input if activity.input is not None else "null").encode()
        try:
            header, body = await self._invoke(name, call, given, limit=self._timeout)
        except TimedOut:
            error = failures.timed_out(name, self._timeout or 0)
            return self._broken(task, name, error, "Host.FunctionTimeoutException")
        except Died as death:
            error = failures.exited(self._worker, death.code)
            return self._broken(task, name, error, "Script.Workers.WorkerProcessExitException")
        if header["ok"]:
            return self._completed(task, name, body)
        return events.task_failed(
            task=task,
            reason=failures.activity_reason(name, header["error"]),
            details=failures.exception_details(header["error"], header["stack"]),
            now=self._clock.now(),
        )

    def _completed(self, task: int, name: str, body: bytes) -> Event:
        try:
            result = compact(answers.load(body))
        except ValueError as error:  # nested too deeply, or a number of thousands of digits
            return self._broken(task, name, str(error), "Host.FunctionInvocationException")
        return events.task_completed(task=task, result=result, now=self._clock.now())

    def _broken(self, task: int, name: str, error: str, kind: str, *, final: bool = False) -> Event:
        return events.task_failed(
            task=task,
            reason=failures.activity_broken(name, error),
            details=failures.host_details(kind, error),
            now=self._clock.now(),
            final=final,
        )
