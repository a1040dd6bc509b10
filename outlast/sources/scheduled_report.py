"""The timer function of a report that has a schedule: one run for each date."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import azure.functions as func
import orjson

from outlast.errors import Permanent, Transient
from outlast.http.input_head import said_of
from outlast.http.named_files import named_files
from outlast.http.problem import Problem
from outlast.http.start_request import StartRequest
from outlast.inputs import Reading
from outlast.report import Report
from outlast.run_options import Options
from outlast.sources.keyed_starts import KeyedStarts
from outlast.staging.store import Staging

MISSING = "missing"
"""Stands for the ETag of a file that is not there when its date begins. No file has it."""
EARLY = timedelta(seconds=5)
"""A timer may fire before its time."""
LATEST = timedelta(days=35)
"""A time of the schedule that was missed longer ago is not made up for."""


def function_name(report: str) -> str:
    """The name of the timer function of a report."""
    return f"scheduled_{report}"


@dataclass(frozen=True, slots=True)
class ScheduledReport:
    """`inputs` is None where INPUTS_URL is not set."""

    report: Report[Any]
    inputs: Staging | None
    starts: KeyedStarts
    now: Callable[[], datetime]

    async def start_scheduled(self, timer: func.TimerRequest, client: Any) -> None:
        """Start the run of a date. Raises what does not last, so that the host calls again.

        What is wrong with the input is found by the run, which then fails and sends its email: nobody reads the answer
        of a timer.
        """
        due = self._due(getattr(timer, "schedule_status", None))
        path = self.report.scheduled_input.format(date=due)
        run = await self.starts.run_of(self.report, f"schedule {due:%Y-%m-%d} {path}")
        try:
            await self.starts.start(self.report, run, lambda: self._asked(path), client)
        except Problem as problem:
            raise Transient(f"the run of {self.report.name} for {path} cannot begin yet: {problem}") from None

    def _due(self, status: dict[str, str] | None) -> datetime:
        """The time of the schedule that this call is for, which is the same when the host calls again.

        While a function runs, `Next` is the time that it was called for: the host moves it on behind the call.
        """
        now = self.now().astimezone(UTC)
        try:
            due = datetime.fromisoformat((status or {}).get("Next", "")).astimezone(UTC)
        except ValueError:
            return now + EARLY
        return due if now - LATEST <= due <= now + EARLY else now + EARLY

    async def _asked(self, path: str) -> StartRequest:
        """The files as a list that the run reads itself, as of several files."""
        if self.inputs is None:
            raise Permanent(f"{self.report.name} has a schedule, and its input is below INPUTS_URL, which is not set")
        try:
            found = await named_files(self.inputs, [path], path)
        except Problem:
            found = [(path, MISSING)]
        body = orjson.dumps(found)
        digest, reading = hashlib.sha256(body).hexdigest(), said_of(self.report, Reading())
        return StartRequest(Options(), self.report.parameters(), reading, body, None, None, digest, several=True)
