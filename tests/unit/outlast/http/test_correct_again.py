"""Corrections that are given up, sent again, or overtaken by a removal."""

import asyncio

import pytest

from activities import read_input_file
from outlast.http.cancel_run import CancelRun
from outlast.http.problem import answering
from outlast.runs.launcher import Launcher
from outlast.staging.store import Staging
from tests.fakes.correcting import correct, fixed, go_on, import_all, post, rejects, sent_back
from tests.fakes.http import FakeClient, ask, finish
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def give_up(world: World, body: bytes) -> None:
    """Send a correction, and cancel it before it is done."""
    correct(world, body)
    finish(answering(CancelRun(world.runs, Launcher(5.0)).cancel_run)(ask("cancel", run="r1"), FakeClient()))
    asyncio.run(go_on(world))


def test_a_correction_that_was_given_up_can_be_sent_again() -> None:
    """A completed run keeps its rejects as its receipt counts them, and the same file or another one is done later."""
    world = import_all(bad=(7,), tolerated_rejects=5)
    lines = rejects(world)
    give_up(world, sent_back(lines, fixed))
    record = world.runs.records["r1"]
    assert (record.status.state, (record.result.receipt or {})["rows_rejected"]) == ("completed", 1)
    assert rejects(world) == lines
    status, body = correct(world, sent_back(lines, fixed))
    assert (status, body["run"]["state"], len(body["run"]["corrections"])) == (202, "queued", 1)
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_rejected"], receipt["corrections"], len(world.transport.documents("sales"))) == (0, 1, 40)


def test_another_correction_of_the_same_row_takes_the_place_of_one_that_was_given_up() -> None:
    """The newest correction of a row counts, and its document is stored once."""
    world = import_all(bad=(7,), tolerated_rejects=5)
    lines = rejects(world)
    give_up(world, sent_back(lines, fixed))
    correct(world, sent_back(lines, lambda line: {**line, "amount": "9"}))
    receipt = asyncio.run(go_on(world)).output
    [amount] = [one["amount"] for (_, name), one in world.transport.documents("sales").items() if name == "s0007.0"]
    assert (receipt["rows_stored"], receipt["rows_rejected"], receipt["corrections"], amount) == (40, 0, 2, 9.0)


def test_a_file_of_which_a_part_was_taken_is_sent_again_as_a_whole() -> None:
    """Rows that are corrected already with the same content are passed over and counted, also in a repeat of that file
    while the run is at work and after it."""
    world, client = import_all(bad=(7, 8, 30), tolerated_rejects=5), FakeClient()
    lines = rejects(world)
    correct(world, sent_back(lines, lambda line: {**line, "amount": "?" if line["row"] == "9" else "5"}))
    asyncio.run(go_on(world))
    assert [line["row"] for line in rejects(world)] == ["9"]
    whole = sent_back(lines, fixed)
    for _ in range(2):
        status, body = correct(world, whole, client)
        assert (status, body["rows"], body["corrected_before"], body["run"]["attempt"]) == (202, 1, 2, 3)
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"], receipt["corrections"]) == (40, 0, 2)
    assert (correct(world, whole, client)[0], len(client.started)) == (202, 1)


def test_rows_that_are_all_corrected_start_nothing() -> None:
    """Rows of an earlier correction alone leave the run as it is, though others of it are still rejected."""
    world, client = import_all(bad=(7, 8, 30), tolerated_rejects=5), FakeClient()
    lines = rejects(world)
    for line in lines[:2]:
        correct(world, sent_back([line], fixed))
        asyncio.run(go_on(world))
    status, body = correct(world, sent_back(lines[:1], fixed), client)
    assert (status, body["rows"], body["corrected_before"], client.started) == (202, 0, 1, [])
    assert (body["run"]["state"], [line["row"] for line in rejects(world)]) == ("completed", ["32"])


@pytest.mark.parametrize("gone", [True, False])
def test_a_run_that_is_removed_meanwhile_keeps_no_correction(gone: bool) -> None:
    """What was staged of a correction is removed again when a removal has come between."""
    world = import_all(bad=(7,), tolerated_rejects=5)
    body, put = sent_back(rejects(world), fixed), Staging.put
    before = {path for path, _ in asyncio.run(world.staging.list("runs"))}

    async def put_late(staging: Staging, path: str, data: bytes) -> None:
        await put(staging, path, data)
        if gone:
            world.runs.records.pop("r1", None)
        else:
            world.runs.set("r1", removing=True)

    with pytest.MonkeyPatch.context() as patching:
        patching.setattr(Staging, "put", put_late)
        status = asyncio.run(post(world, FakeClient(), body)).status_code
    assert status in (410, 503)
    assert {path for path, _ in asyncio.run(world.staging.list("runs"))} == before
