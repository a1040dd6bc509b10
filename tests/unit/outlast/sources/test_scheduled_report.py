import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from azure.functions.timer import TimerRequest

from outlast.errors import Permanent, Transient
from outlast.http.problem import Problem
from outlast.report import Report
from outlast.runs.record import RunRecord
from outlast.sources.keyed_starts import KeyedStarts
from outlast.sources.scheduled_report import ScheduledReport, function_name
from outlast.staging.paths import body_path
from tests.fakes.endpoints import keyed_starts
from tests.fakes.http import FakeClient
from tests.fakes.reports import Sales, make_csv
from tests.fakes.world import World

DUE = datetime(2026, 11, 26, 2, tzinfo=UTC)
CONTENT = make_csv(3)


class Daily(Sales):
    """Sales of each day."""

    name = "daily"
    schedule = "0 0 2 * * *"
    scheduled_input = "daily/sales-{date:%Y-%m-%d}.csv"


class Folders(Daily):
    scheduled_input = "{date:%Y/%m}/"


def world(**reports: Report[Any]) -> World:
    return World(reports={"daily": Daily(), **reports})


def fire(
    world: World, due: datetime | None = DUE, later: timedelta = timedelta(), client: FakeClient | None = None
) -> list[RunRecord]:
    """Call the timer function for a time of the schedule, so much later; return the records of all runs."""
    status = {"Last": "", "Next": due.isoformat(), "LastUpdated": ""} if due else None
    scheduled = ScheduledReport(world.reports["daily"], world.inputs, keyed_starts(world), lambda: (due or DUE) + later)
    asyncio.run(scheduled.start_scheduled(TimerRequest(schedule_status=status), client or FakeClient()))
    return list(world.runs.records.values())


def files_of(world: World, record: RunRecord) -> Any:
    """The files of a run's input, as they are staged."""
    return orjson.loads(asyncio.run(world.staging.need(body_path(record.id, record.request.body))))


def put(world: World, *paths: str) -> None:
    for path in paths:
        asyncio.run(world.inputs.put(path, CONTENT))


def test_a_date_has_one_run() -> None:
    """However often the function is called for a time of its schedule, and however late, there is one run of its date's
    file."""
    here, client = world(), FakeClient()
    put(here, "daily/sales-2026-11-26.csv")
    for later in (0, 1, 20 * 3600 - 1, 23 * 3600):
        [record] = fire(here, later=timedelta(seconds=later), client=client)
    assert [path for path, _ in files_of(here, record)] == ["daily/sales-2026-11-26.csv"]
    assert [run for _, run, _ in client.started] == [record.id]


def test_each_date_has_its_own_run() -> None:
    """The next day's call starts another run."""
    here = world()
    fire(here)
    assert len(fire(here, DUE + timedelta(days=1))) == 2


def test_a_file_that_is_changed_after_its_date_began_starts_nothing() -> None:
    """A call that comes again after the file was replaced finds the run of the date and is no error."""
    here = world()
    put(here, "daily/sales-2026-11-26.csv")
    fire(here)
    asyncio.run(here.inputs.put("daily/sales-2026-11-26.csv", make_csv(5)))
    assert len(fire(here)) == 1


@pytest.mark.parametrize("due", [None, DUE - timedelta(days=400), DUE + timedelta(days=1)])
def test_without_a_usable_status_the_date_is_todays(due: datetime | None) -> None:
    """A call without the time that it is for, or with one that cannot be, is for now, and a timer may be early."""
    here = world()
    status = {"Next": due.isoformat()} if due else None
    now = datetime(2026, 11, 25, 23, 59, 59, tzinfo=UTC)
    scheduled = ScheduledReport(here.reports["daily"], here.inputs, keyed_starts(here), lambda: now)
    asyncio.run(scheduled.start_scheduled(TimerRequest(schedule_status=status), FakeClient()))
    [record] = here.runs.records.values()
    assert files_of(here, record)[0][0] == "daily/sales-2026-11-26.csv"


def test_the_run_of_a_file_stores_its_rows() -> None:
    """The run reads the file of its date, whose format and header it checks itself."""
    here = world()
    put(here, "daily/sales-2026-11-26.csv")
    [record] = fire(here)
    end = asyncio.run(here.driver.run("import_report", {"attempt": 1}, record.id))
    assert end.output["rows_stored"] == 3


def test_a_missing_file_is_a_failed_run_with_its_email() -> None:
    """Without the file the run fails, names it, and sends one email; it fails also if the file comes meanwhile, because
    what is read is fixed when the date begins."""
    for late in (False, True):
        here = world()
        [record] = fire(here)
        if late:
            put(here, "daily/sales-2026-11-26.csv")
        asyncio.run(here.driver.run("import_report", {"attempt": 1}, record.id))
        [email] = here.mailer.emails
        assert "daily/sales-2026-11-26.csv" in email.text
        assert here.runs.records[record.id].status.state == "failed"


def test_a_folder_or_pattern_may_be_the_input() -> None:
    """All files of the date's folder are one input, in order of their names."""
    here = World(reports={"daily": Folders()})
    put(here, "2026/11/b.csv", "2026/11/a.csv", "2026/12/c.csv")
    [record] = fire(here)
    assert [path for path, _ in files_of(here, record)] == ["2026/11/a.csv", "2026/11/b.csv"]


def test_a_start_whose_orchestration_did_not_begin_is_made_up_for() -> None:
    """A call that comes again starts the run that the one before has only recorded."""
    here, client = world(), FakeClient(error=OSError("no storage"))
    with pytest.raises(Transient):
        fire(here, client=client)
    client.error = None
    [record] = fire(here, client=client)
    assert [run for _, run, _ in client.started] == [record.id]


def test_what_does_not_last_is_raised() -> None:
    """Where a start is refused for now, as a mirror's at work, the function raises, so that the host calls again."""
    here = world()

    class Busy(KeyedStarts):
        async def start(self, *_: Any) -> RunRecord:
            raise Problem(409, "Conflict", "run x is at work")

    busy = Busy(*(getattr(keyed_starts(here), name) for name in ("checks", "new_runs", "start_once")))
    scheduled = ScheduledReport(here.reports["daily"], here.inputs, busy, lambda: DUE)
    with pytest.raises(Transient, match=r"daily/sales-2026-11-26\.csv cannot begin yet: run x is at work"):
        asyncio.run(scheduled.start_scheduled(TimerRequest(), FakeClient()))


def test_without_an_inputs_location_the_function_says_so() -> None:
    """Without INPUTS_URL the function raises Permanent, which names the setting."""
    here = world()
    scheduled = ScheduledReport(here.reports["daily"], None, keyed_starts(here), lambda: DUE)
    with pytest.raises(Permanent, match="INPUTS_URL, which is not set"):
        asyncio.run(scheduled.start_scheduled(TimerRequest(), FakeClient()))


def test_the_function_has_the_reports_name() -> None:
    """A report's timer function is named after it."""
    assert function_name("daily") == "scheduled_daily"
