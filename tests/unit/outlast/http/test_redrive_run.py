import asyncio
from datetime import timedelta
from typing import Any

import azure.functions as func
import pytest

from outlast.http.problem import answering
from outlast.http.redrive_run import RedriveChecks, RedriveRun
from outlast.runs.launcher import Launcher
from outlast.staging.retention import Days
from tests.fakes.clock import ManualClock
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.reports import WITH_SNAPSHOT
from tests.fakes.world import World

FAILED = {"state": "failed", "outcome": "failed", "failure": {"step": "store_data_to_db", "chunk": 1, "text": "no"}}
UNDONE: dict[str, Any] = {**FAILED, "report": "stock", "mode": "snapshot", "wrote": True}


def redrive(world: World, client: FakeClient | None = None, *, keep: int = 14, **params: Any) -> func.HttpResponse:
    checks = RedriveChecks(
        reports=WITH_SNAPSHOT,
        throughput=world.transport.throughput,
        days=Days(files=keep, record=90, now=world.clock.now),
        timeout=world.timeout,
    )
    redriving = RedriveRun(
        runs=world.runs, launcher=Launcher(5.0, ManualClock().sleep), checks=checks, owner="app/hub@store"
    )
    request = ask("runs/r1/redrive", params=params, run="r1")
    return finish(answering(redriving.redrive_run)(request, client or FakeClient()))


def make(**fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", **{**FAILED, **fields}))
    return world


@pytest.mark.parametrize("state", ["failed", "cancelled"])
def test_the_next_attempt_is_started(state: str) -> None:
    """A failed or cancelled run answers 202, waits for a seat as its next attempt, and is started once."""
    world, client = make(state=state, attempt=3, compensations=5), FakeClient()
    response = redrive(world, client)
    record = world.runs.records["r1"]
    assert (response.status_code, read(response)["run"]["state"]) == (202, "queued")
    assert (record.status.attempt, record.status.earlier, record.last_attempt) == (4, 3, 7)
    assert (record.status.outcome, record.status.compensations, record.result.failure) == (None, 0, None)
    assert [(name, run, given["attempt"]) for name, run, given in client.started] == [("import_report", "r1", 4)]


def test_it_is_the_work_of_the_app_that_was_asked() -> None:
    """A run that another app or task hub has done is redriven by the app that was asked."""
    world = make(owner="former/hub@store")
    redrive(world)
    assert world.runs.records["r1"].status.owner == "app/hub@store"


def test_options_are_changed_and_others_stay() -> None:
    """The options of the query replace those of the run, and the last redrive is in the record."""
    world = make(tolerated_rejects=1, tolerated_reject_percent=2.0, ru_share=500.0)
    redrive(world, tolerated_rejects="7", max_parallel="3", ru_share="1000")
    record = world.runs.records["r1"]
    asked = record.request
    assert (asked.tolerated_rejects, asked.tolerated_reject_percent, asked.max_parallel, asked.ru_share) == (
        7, 2.0, 3, 1000.0,
    )  # fmt: skip
    assert record.status.redriven == {
        "attempt": 2,
        "at": world.clock.now().isoformat(timespec="milliseconds"),
        "options": {"tolerated_rejects": 7, "max_parallel": 3, "ru_share": 1000.0},
        "regenerate": False,
    }


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"max_parallel": "33"}, "max_parallel"),
        ({"ru_share": "3"}, "ru_share"),
        ({"regenerate": "yes"}, "regenerate"),
        ({"filename": "x.csv"}, "filename"),
        ({"min_delay": "15"}, "min_delay"),
    ],
)
def test_what_cannot_be_changed_is_refused(params: dict[str, Any], field: str) -> None:
    """A wrong value, an option that a redrive cannot change and an unknown name get 400 with the field."""
    world = make()
    response = redrive(world, **params)
    assert (response.status_code, read(response)["field"], world.runs.writes) == (400, field, 1)


def test_a_share_of_an_unknown_throughput_is_refused() -> None:
    """A fraction of a container without provisioned throughput gets 400."""
    world = make()
    world.transport.provisioned = 0.0
    response = redrive(world, ru_share="0.5")
    assert (response.status_code, read(response)["field"]) == (400, "ru_share")


@pytest.mark.parametrize("state", ["queued", "reading", "storing", "failing", "completed", "superseded"])
def test_another_state_is_refused(state: str) -> None:
    """A run that has neither failed nor was cancelled gets 409 with its state."""
    response = redrive(make(state=state))
    assert response.status_code == 409
    assert read(response)["detail"] == f"run r1 is {state}; only a failed or cancelled run can be redriven"


def test_a_mirror_run_is_started_again_instead() -> None:
    """A failed mirror run gets 409: what it has stored may be changed by a later run, and a new one sends no more."""
    response = redrive(make(mode="mirror"))
    assert (response.status_code, "start it again" in read(response)["detail"]) == (409, True)


def test_what_is_pending_comes_first() -> None:
    """A run with a pending step gets 409, because its compensation could still change what the attempt does."""
    response = redrive(make(pending=["undo", "email"]))
    assert (response.status_code, "undo, email" in read(response)["detail"]) == (409, True)


def test_a_report_that_is_gone_is_refused() -> None:
    """A run of a report that is not deployed any more gets 409."""
    response = redrive(make(report="gone"))
    assert (response.status_code, "deploy it again" in read(response)["detail"]) == (409, True)


@pytest.mark.parametrize("fields", [{"removed": "2026-01-02T00:00:00+00:00"}, {"removing": True}])
def test_a_run_whose_files_are_gone_is_410(fields: dict[str, Any]) -> None:
    """A run whose files were removed, or are being removed, gets 410."""
    assert redrive(make(**fields)).status_code == 410


@pytest.mark.parametrize(("keep", "days", "status"), [(14, 13.9, 202), (14, 14, 410), (0, 0, 410), (-1, 500, 202)])
def test_the_files_live_for_retention_days(keep: int, days: float, status: int) -> None:
    """A run can be redriven until RETENTION_DAYS after its end, whether the timer has removed its files or not."""
    world = make()
    world.clock.advance(timedelta(days=days).total_seconds())
    assert redrive(world, keep=keep).status_code == status


def test_the_timer_removes_no_run_that_can_be_redriven() -> None:
    """A minute before the timer may remove a run, its redrive is refused already."""
    world = make()
    days = Days(files=14, record=90, now=world.clock.now)
    world.clock.advance(timedelta(days=14, minutes=-1).total_seconds())
    record = world.runs.records["r1"]
    assert days.are_over(record)
    assert (record.status.updated or "") > days.before


def test_a_repeat_changes_nothing() -> None:
    """A repeat while the run is under way gets 202, and the run is started in one attempt."""
    world, client = make(), FakeClient()
    assert [redrive(world, client, max_parallel="3").status_code for _ in range(2)] == [202, 202]
    world.runs.set("r1", state="storing")
    assert redrive(world, client, max_parallel="3").status_code == 202
    assert (len(client.started), world.runs.records["r1"].status.attempt) == (1, 2)


def test_another_redrive_of_a_run_at_work_is_refused() -> None:
    """A redrive with other options while the run is under way gets 409."""
    world = make()
    redrive(world)
    assert redrive(world, regenerate="true").status_code == 409


def test_an_orchestration_that_is_still_ending_is_left_to_the_sweep() -> None:
    """A redrive whose start is refused gets 202: the record asks for the attempt, and the sweep starts it."""
    world, client = make(), FakeClient(shown={"r1": {"runtimeStatus": "Running"}})
    assert redrive(world, client).status_code == 202
    assert (client.started, world.runs.records["r1"].status.state) == ([], "queued")


def test_an_undo_that_may_still_delete_is_waited_for() -> None:
    """A snapshot run gets 409 with the seconds to wait until no call of its undo can be alive."""
    world = make(**UNDONE)
    response = redrive(world)
    assert (response.status_code, read(response)["retry_after"]) == (409, 116)
    world.clock.advance(115)
    assert redrive(world).status_code == 202


def test_a_snapshot_is_stored_again_and_not_generated_again() -> None:
    """A snapshot that was undone gets new marks of stored chunks and keeps its parts."""
    world = make(**UNDONE)
    world.clock.advance(1000)
    redrive(world)
    record = world.runs.records["r1"]
    assert (record.parts_folder, record.marks_folder) == ("r1", "r1/attempt2")


@pytest.mark.parametrize(("regenerate", "folder"), [("false", "r1"), ("true", "r1/attempt2")])
def test_an_upsert_keeps_what_it_has_unless_it_is_generated_again(regenerate: str, folder: str) -> None:
    """Parts and marks of an upsert count on, and with `regenerate` neither does."""
    world = make(wrote=True)
    redrive(world, regenerate=regenerate)
    record = world.runs.records["r1"]
    assert (record.parts_folder, record.marks_folder) == (folder, folder)


@pytest.mark.parametrize(("regenerate", "status"), [("false", 202), ("true", 409)])
def test_what_was_left_by_a_waived_undo_can_only_be_written_again(regenerate: str, status: int) -> None:
    """A snapshot whose undo was waived is stored again, but cannot get other documents."""
    world = make(**UNDONE, waived={"steps": ["undo"], "reason": "no"})
    world.clock.advance(1000)
    assert redrive(world, regenerate=regenerate).status_code == status


def test_an_unknown_run_is_404() -> None:
    """A redrive of an unknown run gets 404."""
    world = World()
    assert redrive(world).status_code == 404
