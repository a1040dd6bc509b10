import asyncio
import json
import logging
from typing import Any

import pytest

from activities import delete_gone, read_input_file
from outlast import models
from outlast.errors import Permanent
from outlast.models import Json, Totals
from tests.fakes.reports import HEADER, WITH_MIRROR, make_csv
from tests.fakes.transport import CHARGE, lose, throttle
from tests.fakes.world import World

MIRROR: dict[str, Any] = {"report": "shelf", "mode": "mirror", "max_delete_percent": 100.0}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def prepare(before: int, gone: int) -> World:
    """Return a run that has stored its documents; so many of those of the run before are gone."""
    world = World(reports=WITH_MIRROR)

    async def run() -> None:
        await world.run(make_csv(before), "r0", **MIRROR)
        await world.prepare(HEADER + make_csv(before)[len(HEADER) :].split(b"\n", gone)[-1], "publishing", **MIRROR)

    asyncio.run(run())
    world.runs.set("r1", state="storing")
    world.transport.sent.clear()
    return world


def delete(world: World, cursor: Json | None = None, shard: int = 0) -> Json:
    answer: Json = asyncio.run(world.call("delete_gone", chunk=shard, cursor=cursor))
    return answer


def ids(world: World) -> list[str]:
    return sorted(name for _, name in world.transport.documents("shelf"))


def test_what_is_gone_is_deleted_and_counted() -> None:
    """The documents of the run before that the input does not have are deleted, and no others."""
    world = prepare(30, 12)
    answer = delete(world)
    assert ids(world) == [f"s{n:04}.0" for n in range(12, 30)]
    totals = Totals.from_dict(answer["totals"])
    assert (answer["cursor"], totals.deleted, totals.documents, totals.bytes) == (None, 12, 0, 0)
    assert totals.ru == 12 * CHARGE


def test_a_call_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each call logs what it has deleted and been charged, so that a run with much to delete is seen to move."""
    world = prepare(30, 12)
    with caplog.at_level(logging.INFO):
        delete(world)
    (event,) = [json.loads(one.getMessage()) for one in caplog.records if "documents_deleted" in one.getMessage()]
    assert (event["run"], event["shard"], event["done"], event["documents"]) == ("r1", 0, True, 12)
    assert event["request_units"] == 12 * CHARGE


def test_a_repeat_sends_nothing_and_returns_the_same() -> None:
    """A call that finds the shard done returns what was counted."""
    world = prepare(30, 12)
    first = delete(world)
    sent = len(world.transport.sent)
    assert delete(world) == first
    assert len(world.transport.sent) == sent


def test_each_shard_deletes_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shards together delete what is gone, each once."""
    monkeypatch.setattr(models, "SHARD", 4)
    world = prepare(30, 12)
    counts = [delete(world, shard=shard)["totals"]["deleted"] for shard in range(models.shards_of(18))]
    assert (len(counts), sum(counts), len(ids(world))) == (5, 12, 18)
    assert sum(map(len, world.transport.sent)) == 12


def test_throttling_leaves_a_cursor_and_the_next_call_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that the database lets do no more returns how far it came, and nothing is deleted twice."""
    monkeypatch.setattr(delete_gone, "AT_ONCE", 5)
    world = prepare(40, 30)
    world.transport.meet([None, throttle(60.0), throttle(60.0)])
    answers = [delete(world)]
    while answers[-1]["cursor"] is not None:
        world.clock.advance(60)
        answers.append(delete(world, answers[-1]["cursor"]))
    assert len(answers) > 1
    assert sum(answer["totals"].get("deleted", 0) for answer in answers) == 30
    assert ids(world) == [f"s{n:04}.0" for n in range(30, 40)]


def delete_all(world: World, cursor: Json | None = None) -> list[Json]:
    """Return all answers, up to the one without a cursor. The lane waits as long as an answer says."""
    answers = [delete(world, cursor)]
    while answers[-1]["cursor"] is not None:
        world.clock.advance(answers[-1]["wait"])
        answers.append(delete(world, answers[-1]["cursor"]))
    return answers


def deleted(answers: list[Json]) -> int:
    return sum(int(answer["totals"].get("deleted", 0)) for answer in answers)


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_repeated_call_counts_what_it_has_deleted_itself(attempt: int) -> None:
    """A call whose answer does not reach the lane counts when it is repeated, in this attempt or the next one."""
    world = prepare(40, 30)
    world.transport.meet([None, throttle(60.0), throttle(60.0)])
    assert 0 < deleted([delete(world)]) < 30
    world.clock.advance(60)
    world.transport.meet([])
    world.runs.set("r1", attempt=attempt)
    answer: Json = asyncio.run(world.call("delete_gone", chunk=0, attempt=attempt))
    assert (answer["cursor"], deleted([answer]), len(ids(world))) == (None, 30, 10)


def test_an_answer_that_is_lost_at_the_end_of_a_call_is_counted_by_the_next() -> None:
    """Documents that a call has deleted without an answer count although the next call finds them missing."""
    world = prepare(40, 30)
    world.transport.meet([None, lose(applied=True), throttle(60.0), throttle(60.0), throttle(60.0)])
    answers = delete_all(world)
    assert len(answers) > 1
    assert (deleted(answers), len(ids(world))) == (30, 10)


def test_a_stop_leaves_few_ranges() -> None:
    """What is deleted of one partition while another one is throttled is one range of the cursor, and none of it is
    sent again."""
    world = prepare(100, 90)
    world.transport.meet([throttle(60.0), None, None, throttle(60.0)])
    first = delete(world)
    done = 100 - len(ids(world))
    assert (len(first["cursor"]["ahead"]), deleted([first])) == (1, done)
    assert 0 < done < 90
    world.transport.sent.clear()
    world.transport.meet([])
    world.clock.advance(first["wait"])
    assert deleted(delete_all(world, first["cursor"])) == 90 - done
    assert sum(map(len, world.transport.sent)) == 90 - done


@pytest.mark.parametrize("by_partition", [True, False])
def test_a_cursor_goes_on_in_its_own_order(monkeypatch: pytest.MonkeyPatch, by_partition: bool) -> None:
    """Each document is deleted once however often a call stops, also with a cursor of an earlier release."""
    monkeypatch.setattr(delete_gone, "AT_ONCE", 20)
    world = prepare(100, 90)
    world.transport.meet([*[None, throttle(60.0), throttle(60.0), throttle(60.0)] * 8])
    assert deleted(delete_all(world, {"by_partition": by_partition})) == 90
    assert len(ids(world)) == 10


def test_what_somebody_else_has_deleted_is_not_counted() -> None:
    """A document that was missing before the first call is not deleted by the run."""
    world = prepare(40, 30)
    documents = world.transport.documents("shelf")
    del documents[next(key for key in documents if key[1] == "s0003.0")]
    assert deleted(delete_all(world)) == 29


def test_a_lost_answer_is_no_fault() -> None:
    """A document that is gone already is deleted."""
    world = prepare(30, 12)
    world.transport.meet([lose(applied=True)])
    assert delete(world)["totals"]["deleted"] == 12


def test_a_document_that_cannot_be_deleted_fails_the_run() -> None:
    """The text names the document and says what to do."""
    world = prepare(30, 12)
    world.transport.poison = {"s0003.0": 400}
    with pytest.raises(Permanent, match=r'refuses to delete the document "s0003\.0" of shelf'):
        delete(world)


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"state": "publishing"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_is_left_alone(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and deletes nothing."""
    world = prepare(3, 1)
    world.runs.set("r1", **changes)
    with pytest.raises(Permanent, match="belongs to storing in attempt 1"):
        delete(world)
    assert len(ids(world)) == 3
