"""Rows of the tables `traces`, `requests`, `dependencies` and `exceptions`, with the columns of Application Insights.

Held to what the Azure host was seen to send; `docs/telemetry.md` names the source of each kind.
"""

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from local.host.telemetry.levels import name_of, severity_of
from local.host.telemetry.trace_context import TraceContext

LONGEST_MESSAGE = 32_768
"""Characters. The Azure host was seen to cut a message there."""
RESULT = "Result '{Name}' (started at={StartTime}, duration={Duration}, succeeded={Succeeded})"
OUTER = "Microsoft.Azure.WebJobs.Host.FunctionInvocationException"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """Makes rows that name this start of the host."""

    instance: str = field(default_factory=lambda: str(uuid4()))
    machine: str = field(default_factory=socket.gethostname)

    @property
    def process(self) -> Row:
        return {"ProcessId": str(os.getpid()), "HostInstanceId": self.instance}

    def trace(self, context: TraceContext, now: datetime, function: str, message: str, level: int, more: Row) -> Row:
        """Return a row of `traces`. Its parent is the request in which it was logged."""
        properties = {**self.process, "LogLevel": name_of(level), **more}
        columns = {"message": message[:LONGEST_MESSAGE], "severityLevel": severity_of(level)}
        return self._row("trace", context.trace, context.span, now, columns, properties, function)

    def request(
        self, context: TraceContext, parent: str, began: datetime, seconds: float, columns: Row, properties: Row
    ) -> Row:
        """Return a row of `requests`. `columns` are name, success, resultCode, and url and operation_Name if known."""
        own = {"id": context.span, "duration": milliseconds(seconds), **columns}
        return self._row("request", context.trace, parent, began, own, properties)

    def dependency(
        self, context: TraceContext, parent: str, began: datetime, seconds: float, columns: Row, properties: Row
    ) -> Row:
        """Return a row of `dependencies`. `columns` are name and success, and operation_Name if known."""
        own = {"id": context.span, "duration": milliseconds(seconds), "type": "DurableTask", **columns}
        return self._row("dependency", context.trace, parent, began, own, properties)

    def exception(self, context: TraceContext, now: datetime, function: str, inner: "Inner", more: Row) -> Row:
        """Return a row of `exceptions`: what failed, and below it why."""
        outer = f"Exception while executing function: Functions.{function}"
        details = [
            {"id": "1", "outerId": "0", "type": OUTER, "message": outer, "parsedStack": []},
            {"id": "2", "outerId": "1", "type": inner.kind, "message": inner.text, "parsedStack": []},
        ]
        columns = {
            "type": OUTER,
            "outerType": OUTER,
            "outerMessage": outer,
            "innermostType": inner.kind,
            "innermostMessage": inner.text,
            "severityLevel": 3,
            "details": details,
        }
        properties = {**self.process, "LogLevel": "Error", **more}
        return self._row("exception", context.trace, context.span, now, columns, properties, function)

    def _row(
        self, kind: str, trace: str, parent: str, when: datetime, columns: Row, properties: Row, operation: str = ""
    ) -> Row:
        return {
            "itemType": kind,
            "timestamp": stamp(when),
            "operation_Name": operation,
            "operation_Id": trace,
            "operation_ParentId": parent,
            "cloud_RoleInstance": self.machine,
            "sdkVersion": "local-host",
            "itemCount": 1,
            **columns,
            "customDimensions": properties,
        }


@dataclass(frozen=True, slots=True)
class Inner:
    """The inner exception: its type and its message."""

    kind: str
    text: str


def milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 4)


def stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def span_text(seconds: float) -> str:
    """Return a .NET time span of less than a day."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours:02d}:{minutes:02d}:{rest:010.7f}"


def result_properties(function: str, invocation: str, seconds: float, *, succeeded: bool) -> Row:
    """Return the properties of each request: those of the category Host.Results."""
    return {
        "InvocationId": invocation,
        "FunctionExecutionTimeMs": f"{milliseconds(seconds):g}",
        "LogLevel": "Information" if succeeded else "Error",
        "{OriginalFormat}": RESULT,
        "Category": "Host.Results",
        "FullName": f"Functions.{function}",
    }
