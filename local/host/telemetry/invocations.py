"""The calls under way and what is written about each: beginning, records, end, request, exceptions."""

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from local.host.clock import Clock
from local.host.durable.events import stamp
from local.host.telemetry.levels import Levels
from local.host.telemetry.rows import Inner, Row, Rows, result_properties, span_text
from local.host.telemetry.trace_context import TraceContext
from local.host.workers.wire import Header

Answer = tuple[Header, bytes]
STARTED = "Executing '{functionName}' (Reason='{reason}', Id={invocationId})"
COMPLETED = "Executed '{functionName}' ({status}, Id={invocationId}, Duration={executionDuration}ms)"
RPC_EXCEPTION = "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException"


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One call of a function."""

    function: str
    span: TraceContext
    parent: str = ""
    """The span above it."""
    reason: str = "(null)"
    columns: Row | None = None
    """Of its request; None where the call writes none, because it is one turn of an orchestration."""
    properties: Row = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid4()))
    began: datetime | None = None
    seconds: float = 0.0

    @property
    def header(self) -> Header:
        return {"invocation": self.id, "traceparent": self.span.traceparent}


class Invocations:
    """Writes what the host knows of calls."""

    def __init__(self, *, write: Callable[[Row], None], rows: Rows, levels: Levels, clock: Clock) -> None:
        self._write = write
        self._rows = rows
        self._levels = levels
        self._clock = clock
        self._known: dict[str, Invocation] = {}

    def expect(self, invocation: Invocation) -> Header:
        """Know a call that is about to begin; return what its worker gets."""
        self._known[invocation.id] = invocation
        return invocation.header

    async def watched(self, function: str, identity: str, call: Awaitable[Answer]) -> Answer:
        """Await a call. A call that nobody has announced is an operation of its own."""
        invocation = self._known.setdefault(
            identity, Invocation(function=function, span=TraceContext.new(), id=identity, columns={"name": function})
        )
        began = time.monotonic()
        invocation.began = self._clock.now()
        self._begin(invocation)
        answer: Header = {"ok": False, "error": "the call ended without an answer", "stack": ""}
        try:
            answer, body = await call
            return answer, body
        finally:
            invocation.seconds = time.monotonic() - began
            self._end(invocation, answer)

    def logged(self, record: Header) -> None:
        """Write a record that a function has logged, if host.json shows it."""
        invocation = self._known.get(record["invocation"])
        if invocation is not None:
            category = f"Function.{invocation.function}.User"
            self.trace(invocation, record["text"], record["level"], {"Category": category})

    def trace(self, invocation: Invocation, message: str, level: int, more: Row) -> None:
        """Write a row of `traces` below a call, if host.json shows its category and level."""
        if self._levels.shows(more["Category"], level):
            properties = {"InvocationId": invocation.id, **more}
            self._write(
                self._rows.trace(invocation.span, self._clock.now(), invocation.function, message, level, properties)
            )

    def forget(self, invocation: Invocation) -> None:
        self._known.pop(invocation.id, None)

    def ended(self, invocation: Invocation, inner: Inner | None) -> None:
        """Write the end of a call, with the exception of which it died."""
        status, level = ("Failed", logging.ERROR) if inner else ("Succeeded", logging.INFO)
        name, duration = f"Functions.{invocation.function}", round(invocation.seconds * 1000)
        message = f"Executed '{name}' ({status}, Id={invocation.id}, Duration={duration}ms)"
        more = {
            **_function(invocation),
            "prop__status": status,
            "prop__executionDuration": str(duration),
            "prop__{OriginalFormat}": COMPLETED,
            "EventId": "3" if inner else "2",
            "EventName": "FunctionCompleted",
        }
        self.trace(invocation, message, level, more)
        if inner is not None:
            self._exceptions(invocation, inner, {**more, "FormattedMessage": message})

    def _begin(self, invocation: Invocation) -> None:
        name = f"Functions.{invocation.function}"
        message = f"Executing '{name}' (Reason='{invocation.reason}', Id={invocation.id})"
        more = {
            **_function(invocation),
            "prop__{OriginalFormat}": STARTED,
            "EventId": "1",
            "EventName": "FunctionStarted",
        }
        if invocation.reason != "(null)":
            more["prop__reason"] = invocation.reason
        self.trace(invocation, message, logging.INFO, more)

    def _end(self, invocation: Invocation, answer: Header) -> None:
        """The end of a turn is written when the turn is saved: only then it is known whether the instance failed."""
        if invocation.columns is None:
            if "id" not in answer:  # the turn was cut off and comes again
                self.ended(invocation, _rpc_failure(answer))
                self.forget(invocation)
            return
        self.ended(invocation, None if answer["ok"] else _rpc_failure(answer))
        self._request(invocation, answer)
        self.forget(invocation)

    def _request(self, invocation: Invocation, answer: Header) -> None:
        succeeded, began = bool(answer["ok"]), invocation.began or self._clock.now()
        code = str(answer.get("status", invocation.columns.get("resultCode", "0")) if invocation.columns else "0")
        columns = {**(invocation.columns or {}), "success": str(succeeded), "resultCode": code if succeeded else "500"}
        base = result_properties(invocation.function, invocation.id, invocation.seconds, succeeded=succeeded)
        properties = {**base, **invocation.properties}
        if "Succeeded" in properties:
            properties["Succeeded"] = str(succeeded)
        else:
            properties |= self._rows.process
        if self._levels.shows("Host.Results", logging.INFO):
            row = self._rows.request(invocation.span, invocation.parent, began, invocation.seconds, columns, properties)
            self._write(row)

    def _exceptions(self, invocation: Invocation, inner: Inner, more: Row) -> None:
        now = self._clock.now()
        results = {
            "InvocationId": invocation.id,
            "Category": "Host.Results",
            "prop__InvocationId": invocation.id,
            "prop__Name": invocation.function,
            "prop__FullName": f"Functions.{invocation.function}",
            "prop__Duration": span_text(invocation.seconds),
            "prop__StartTime": stamp(invocation.began or now),
            "prop__EndTime": stamp(now),
            "prop__Succeeded": "False",
            "prop__{OriginalFormat}": more["prop__{OriginalFormat}"] and RESULT_FORMAT,
        }
        for properties in ({"InvocationId": invocation.id, **more}, results):
            if self._levels.shows(properties["Category"], logging.ERROR):
                row = self._rows.exception(invocation.span, now, invocation.function, inner, properties)
                self._write(row)


RESULT_FORMAT = "Result '{Name}' (started at={StartTime}, duration={Duration}, succeeded={Succeeded})"


def _function(invocation: Invocation) -> Row:
    return {
        "Category": f"Function.{invocation.function}",
        "prop__invocationId": invocation.id,
        "prop__functionName": f"Functions.{invocation.function}",
    }


def _rpc_failure(answer: Header) -> Inner:
    text = f"Result: Failure\nException: {answer['error']}\nStack: {answer['stack']}"
    return Inner(RPC_EXCEPTION, text)
