"""POST /api/runs/{run}/redrive: lets a failed or cancelled run do what it has not done, as its next attempt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func
from pydantic import ValidationError

from outlast.calls import RunChange
from outlast.http.answers import RunAnswer, answer
from outlast.http.caller import caller_of
from outlast.http.known_run import known_run
from outlast.http.problem import Problem, bad_request, from_validation
from outlast.http.query import read_query
from outlast.http.revise_run import check_files
from outlast.http.ru_share import Throughput, check_ru_share
from outlast.models import MIRROR, Json
from outlast.report import Report
from outlast.run_options import Options
from outlast.runs.launcher import ENDING, Launcher
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import TABLE, Event, apply
from outlast.staging.retention import Days

CHANGEABLE = ("tolerated_rejects", "tolerated_reject_percent", "min_rows", "max_parallel", "ru_share")
"""The options that a redrive may change."""
PARAMETERS = (*CHANGEABLE, "regenerate")
SLACK_SECONDS = 15.0
"""Beyond functionTimeout: a call of the undo that was given up may have begun just before the run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveChecks:
    """What must hold before a run is redriven. `timeout` is functionTimeout in seconds."""

    reports: Mapping[str, Report[Any]]
    throughput: Throughput
    days: Days
    timeout: float

    async def check_options(self, record: RunRecord, options: Json) -> None:
        """Raise Problem for a `ru_share` that cannot be kept, and for a report that is not there any more."""
        report = self.reports.get(record.request.report)
        if report is None:
            raise _conflict(f"the report {record.request.report} is not in reports/ any more; deploy it again")
        await check_ru_share(options.get("ru_share"), report.container, "ru_share", self.throughput)

    def check_record(self, record: RunRecord, *, regenerate: bool) -> None:
        """Raise Problem where the run cannot be redriven now."""
        status = record.status
        if status.state not in TABLE[Event.REDRIVE]:
            raise _conflict(f"run {record.id} is {status.state}; only a failed or cancelled run can be redriven")
        if record.request.mode == MIRROR:
            text = "a mirror report writes only what differs, so start it again with the same input: it costs no more"
            raise _conflict(f"run {record.id} cannot be redriven: {text}")
        check_files(record, self.days)
        if status.pending:
            text = f"of run {record.id} is pending: {', '.join(status.pending)}; redrive it when that is done or waived"
            raise _conflict(text)
        self._check_undo(record, regenerate)

    def _check_undo(self, record: RunRecord, regenerate: bool) -> None:
        if record.request.mode != "snapshot" or not record.status.wrote:
            return
        if regenerate and "undo" in (record.result.waived or {}).get("steps", ()):
            text = f"the undo of run {record.id} was waived, so other documents of it may be left; start a new run"
            raise _conflict(text)
        ended = datetime.fromisoformat(record.status.updated or record.request.accepted)
        left = ended + timedelta(seconds=self.timeout + SLACK_SECONDS) - self.days.now()
        if left > timedelta(0):
            seconds = int(left.total_seconds()) + 1
            text = f"the undo of run {record.id} may still be deleting; redrive it in {seconds} s"
            raise _conflict(text, retry_after=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedriveRun:
    """`owner` is this app and its task hub, which does the work from now on."""

    runs: Runs
    launcher: Launcher
    checks: RedriveChecks
    owner: str

    async def redrive_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the record, also for a repeat while the run is under way; 400, 404, 409, 410 as problems."""
        options, regenerate = _asked(read_query(req.params, PARAMETERS))
        known = await known_run(self.runs, req.route_params["run"])
        await self.checks.check_options(known, options)
        by = caller_of(req)
        record = await self.runs.change(known.id, lambda found: self._redriven(found, options, regenerate, by))
        if record.status.state == "queued":
            repeats = record.status.revision == known.status.revision
            await self.launcher.start_again(client, record, () if repeats else ENDING)
        return answer(RunAnswer(record.shown()), 202)

    def _redriven(self, record: RunRecord, options: Json, regenerate: bool, by: str | None) -> RunRecord:
        last = record.status.redriven or {}
        if record.open and (last.get("options"), last.get("regenerate")) == (options, regenerate):
            return record
        self.checks.check_record(record, regenerate=regenerate)
        at, attempt = self.checks.days.now().isoformat(timespec="milliseconds"), record.status.attempt
        given: Json = {"options": options, "regenerate": regenerate, "at": at, "owner": self.owner, "by": by}
        return apply(record, RunChange(record.id, attempt, Event.REDRIVE, **given))


def _asked(query: Mapping[str, str]) -> tuple[Json, bool]:
    """The options that change, and whether the parts are generated again."""
    given = {name: value for name, value in query.items() if name in CHANGEABLE}
    regenerate = query.get("regenerate", "false")
    if regenerate not in ("true", "false"):
        raise bad_request("regenerate must be true or false", "regenerate")
    try:
        options = Options.model_validate(given)
    except ValidationError as error:
        raise from_validation(error, PARAMETERS) from None
    return options.model_dump(mode="json", include=set(given)), regenerate == "true"


def _conflict(text: str, **more: object) -> Problem:
    return Problem(409, "Conflict", text, "run", **more)
