import asyncio
from typing import Any

import pytest

from outlast.errors import Permanent
from outlast.models import Json
from outlast.staging.verified import MOST_SHOWN, Comparison, Verified
from tests.fakes.reports import make_csv
from tests.fakes.transport import CHARGE, throttle
from tests.fakes.world import World

MOST_CALLS = 100


def prepare(rows: int = 50, poison: dict[str, int] | None = None, **fields: Any) -> World:
    """Return a run whose documents are stored and not verified yet."""
    world = World()
    world.transport.poison = poison or {}
    asyncio.run(world.prepare(make_csv(rows), "verifying", **{"verify": "content", **fields}))
    world.transport.poison = {}
    return world


def verify(world: World, cursor: Json | None = None, lanes: int = 1) -> Json:
    answer: Json = asyncio.run(world.call("verify_report", chunk=0, cursor=cursor, lanes=lanes))
    return answer


def found(world: World, lanes: int = 1) -> Comparison:
    """Verify to the end; return what was found. The lane waits as long as an answer says, and gives up in the end."""
    answer, calls = verify(world, lanes=lanes), 1
    while answer["cursor"] is not None:
        assert (calls := calls + 1) < MOST_CALLS
        world.clock.advance(answer["wait"])
        answer = verify(world, answer["cursor"], lanes)
    kept = asyncio.run(Verified(world.staging, "r1", 0).find(0))
    assert kept is not None
    return kept


def harm(world: World, *changed: str, deleted: str = "") -> None:
    """Change and delete documents as somebody else would."""
    documents = world.transport.documents("sales")
    for key, name in list(documents):
        if name in changed:
            documents[key, name] = {**documents[key, name], "amount": -1}
        if name == deleted:
            del documents[key, name]


def test_what_is_as_it_was_stored_is_equal() -> None:
    """Every document of the chunk is compared once, and reading costs less than a quarter of writing."""
    comparison = found(prepare())
    assert (comparison.documents, comparison.equal, comparison.different, comparison.missing) == (50, 50, 0, 0)
    assert 0 < comparison.ru <= 50 * CHARGE / 4


def test_what_was_changed_or_deleted_is_named() -> None:
    """Each difference has row, id, partition key and what differs, and no value of the document."""
    world = prepare()
    harm(world, "s0007.0", deleted="s0009.0")
    comparison = found(world)
    assert (comparison.documents, comparison.equal, comparison.different, comparison.missing) == (50, 48, 1, 1)
    shown = sorted(comparison.differences, key=lambda one: one["row"])
    assert shown == [
        {"row": 9, "id": "s0007.0", "partition_key": '["shop1"]', "what": "different", "where": "/amount"},
        {"row": 11, "id": "s0009.0", "partition_key": '["shop0"]', "what": "missing", "where": ""},
    ]


def test_counts_alone_ask_only_whether_documents_are_there() -> None:
    """With `counts`, a document that was changed is equal, and one that was deleted is missing."""
    world = prepare(verify="counts")
    harm(world, "s0007.0", deleted="s0009.0")
    comparison = found(world)
    assert (comparison.equal, comparison.different, comparison.missing) == (49, 0, 1)


def test_only_the_first_differences_are_shown() -> None:
    """All differences are counted, and ten are shown."""
    world = prepare()
    harm(world, *(f"s{number:04}.0" for number in range(30)))
    comparison = found(world)
    assert (comparison.different, len(comparison.differences)) == (30, MOST_SHOWN)


def test_what_the_database_refused_is_no_difference() -> None:
    """A row that is a reject because the database refused its document is not missing."""
    comparison = found(prepare(poison={"s0007.0": 400}))
    assert (comparison.documents, comparison.equal, comparison.missing) == (49, 49, 0)


def test_a_throttled_verification_goes_on_where_it_was() -> None:
    """A call that can only wait returns a cursor; together the calls compare every document once."""
    world = prepare(300)
    harm(world, "s0007.0")
    world.clock.tick = 0.3
    world.transport.meet([None, throttle(5.0), None, throttle(30.0)])
    comparison = found(world)
    assert (comparison.documents, comparison.equal, comparison.different) == (300, 299, 1)


@pytest.mark.parametrize(("rows", "share"), [(2_000, 400), (20, 2)])
def test_a_repair_comes_forward_however_slowly_it_reads(rows: int, share: float) -> None:
    """A window that takes longer to read than a call has, and one of which each document overdraws the share for
    longer than a call waits, are repaired to the end."""
    world = prepare(rows, verify="drift", repair=True)
    harm(world, *(wrong := [f"s{n * rows // 10:04}.0" for n in range(10)]), deleted=f"s{rows - 1:04}.0")
    world.runs.set("r1", ru_share=share)
    began, comparison = world.clock(), found(world, lanes=8)
    assert (comparison.documents, comparison.different, comparison.missing) == (rows, len(wrong), 1)
    assert comparison.repaired == len(wrong) + 1
    assert -1 not in {document["amount"] for document in world.transport.documents("sales").values()}
    assert world.clock() - began >= comparison.ru / (share / 8) * 0.99


def test_a_repair_that_is_cut_short_goes_on_behind_what_it_has_written() -> None:
    """What a call has read and written is not read again, although the window has documents that it could not write."""
    world = prepare(300, verify="drift", repair=True)
    harm(world, *(f"s{number:04}.0" for number in range(300)))
    first = verify(world)
    world.transport.sent.clear()
    world.transport.meet([*[None] * 4, throttle(60.0), throttle(60.0)])
    second = verify(world, first["cursor"])
    left = sum(document["amount"] == -1 for document in world.transport.documents("sales").values())
    assert 0 < left < 300
    world.transport.sent.clear()
    world.clock.advance(second["wait"])
    assert verify(world, second["cursor"])["cursor"] is None
    assert sum(map(len, world.transport.sent)) == 2 * left


def test_a_repeat_reads_nothing() -> None:
    """A call that is repeated after its end finds what was compared."""
    world = prepare()
    found(world)
    sent = len(world.transport.sent)
    assert verify(world)["cursor"] is None
    assert len(world.transport.sent) == sent


def test_a_repeat_counts_what_no_answer_has_counted() -> None:
    """A call whose answer was lost counts its request units when it is repeated, and only these."""
    world = prepare(300)
    world.transport.meet([None, throttle(30.0)])
    first = verify(world)
    world.clock.advance(first["wait"])
    lost = verify(world, first["cursor"])
    assert (lost["cursor"], verify(world, first["cursor"])["totals"]["ru"]) == (None, lost["totals"]["ru"])
    assert verify(world)["totals"]["ru"] == pytest.approx(first["totals"]["ru"] + lost["totals"]["ru"])
    assert first["totals"]["ru"] > 0 < lost["totals"]["ru"]


@pytest.mark.parametrize("repeats", [False, True])
def test_a_repair_counts_what_was_compared_once(repeats: bool) -> None:
    """The answers of a chunk that is repaired count its request units once, whether the answer that it is to be
    repaired comes or is lost."""
    world = prepare(verify="drift", repair=True)
    harm(world, "s0007.0")
    compared = verify(world)
    answers = [verify(world, None if repeats else compared["cursor"])]
    kept = asyncio.run(Verified(world.staging, "r1", 0).find(0))
    assert kept is not None
    assert (kept.repaired, answers[0]["cursor"]) == (1, None)
    answers += [] if repeats else [compared]
    assert sum(answer["totals"]["ru"] for answer in answers) == pytest.approx(kept.ru, abs=0.05)


@pytest.mark.parametrize("changes", [{"state": "publishing"}, {"state": "failing"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_is_not_verified(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and reads nothing."""
    world = prepare()
    world.runs.set("r1", **changes)
    sent = len(world.transport.sent)
    with pytest.raises(Permanent, match="belongs to verifying in attempt 1"):
        verify(world)
    assert len(world.transport.sent) == sent
