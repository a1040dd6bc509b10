import asyncio
import csv
import io
from typing import Any

import orjson
import pytest

from activities import store_data_to_db
from outlast.errors import Permanent, Transient
from outlast.generating import part_builder
from outlast.models import Json
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import stored_path
from tests.fakes.reports import HEADER, make_csv
from tests.fakes.transport import CHARGE, Fault, lose, throttle
from tests.fakes.world import World


def prepare(body: bytes, **fields: Any) -> World:
    """Return a run that is about to store, its input in one chunk."""
    world = World()
    asyncio.run(world.prepare(body, "storing", **fields))
    return world


def store(world: World, cursor: Json | None = None) -> Json:
    answer: Json = asyncio.run(world.call("store_data_to_db", chunk=0, cursor=cursor))
    return answer


def store_all(world: World) -> list[Json]:
    """Return all answers, up to the one without a cursor."""
    answers = [store(world)]
    while answers[-1]["cursor"] is not None:
        answers.append(store(world, answers[-1]["cursor"]))
    return answers


def add(answers: list[Json], name: str) -> float:
    return sum(float(answer["totals"][name]) for answer in answers)


def ended(world: World) -> Any:
    """`stored/{chunk}.json`, or None where the chunk is not done."""
    data = asyncio.run(world.staging.get(stored_path("r1", 0)))
    return orjson.loads(data) if data else None


def rejects(world: World) -> list[list[str]]:
    data = asyncio.run(world.staging.get(stored_path("r1", 0, "rejects.csv"))) or b""
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def ids(world: World) -> set[str]:
    return {key for _, key in world.transport.documents("sales")}


def test_all_documents_of_the_chunk_are_written() -> None:
    """A call writes all documents of its chunk and marks the chunk as stored with their number."""
    world = prepare(make_csv(30))
    answer = store(world)
    assert ids(world) == {f"s{n:04}.0" for n in range(30)}
    assert answer["cursor"] is None
    assert answer["totals"]["documents"] == 30
    assert answer["totals"]["ru"] == 30 * CHARGE
    assert (answer["totals"]["rows"], answer["totals"]["rejected"]) == (0, 0)
    assert ended(world) == {"documents": 30, "refused": 0, "rejected": 0}


def test_a_chunk_without_documents_is_stored_too() -> None:
    """A chunk whose rows are all rejected is marked as stored without a request."""
    world = prepare(make_csv(3, bad=range(3)))
    assert store(world)["cursor"] is None
    assert world.transport.sent == []
    assert ended(world) == {"documents": 0, "refused": 0, "rejected": 0}


def test_at_the_deadline_it_hands_over_a_cursor_and_goes_on_from_there() -> None:
    """A chunk that takes several calls because of throttling has each document acknowledged once."""
    world = prepare(make_csv(300))
    world.transport.meet([throttle(45)] * 12)
    answers = store_all(world)
    assert len(answers) > 2
    assert add(answers, "documents") == 300
    assert add(answers, "bytes") > 300
    assert len(ids(world)) == 300
    assert ended(world)["documents"] == 300


def test_a_call_ends_by_its_deadline() -> None:
    """A call ends by its deadline, however long the database asks it to wait."""
    world = prepare(make_csv(30))
    world.transport.always = throttle(1000)
    before = world.clock()
    assert store(world)["cursor"] is not None
    assert world.clock() - before == pytest.approx(60)
    assert ended(world) is None


def test_large_parts_are_written_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several large parts are written window by window with every document once."""
    monkeypatch.setattr(store_data_to_db, "WINDOW", 500)
    monkeypatch.setattr(part_builder, "PART_BYTES", 2000)
    world = prepare(make_csv(200))
    answers = store_all(world)
    assert (len(answers), add(answers, "documents"), len(ids(world))) == (1, 200, 200)
    assert sorted(key for batch in world.transport.sent for key in batch) == sorted(ids(world))


def test_a_repeat_writes_the_same_again() -> None:
    """A call whose answer was lost is made again: the same documents, counted as replaced."""
    world = prepare(make_csv(30))
    first = store(world)
    before = dict(world.transport.documents("sales"))
    again = store(world)
    assert world.transport.documents("sales") == before
    assert again["totals"]["documents"] == first["totals"]["documents"]
    assert (first["totals"]["replaced"], again["totals"]["replaced"]) == (0, 30)
    assert ended(world)["documents"] == 30


def test_two_calls_at_once_store_the_chunk_as_one_does() -> None:
    """Two calls at once store the same documents as one call and return the same counts."""
    alone = prepare(make_csv(30))
    store(alone)
    world = prepare(make_csv(30))

    async def both() -> list[Json]:
        return list(await asyncio.gather(*(world.call("store_data_to_db", chunk=0, cursor=None) for _ in range(2))))

    answers = asyncio.run(both())
    assert world.transport.documents("sales") == alone.transport.documents("sales")
    assert ended(world) == ended(alone)
    assert [answer["totals"]["documents"] for answer in answers] == [30, 30]


def test_a_late_double_of_a_call_takes_no_reject_away() -> None:
    """A late call that was given up does not take away the rejects that its repeat found."""
    world = prepare(make_csv(400))
    world.transport.poison = {f"s{number:04}.0": 400 for number in range(0, 400, 10)}
    calls = []
    for tick in (1.0, 2.0):
        world.clock.tick = tick
        calls.append(store(world)["cursor"])
    assert calls[0]["refused"] > calls[1]["refused"] > 0
    world.clock.tick = 0.0
    assert store(world, calls[0])["cursor"] is None
    assert (ended(world)["rejected"], len(rejects(world))) == (40, 40)


def test_a_row_that_the_database_refuses_is_a_reject() -> None:
    """A refused row is a reject with its number, the status and its own columns, and its neighbours are written."""
    world = prepare(make_csv(30))
    world.transport.poison = {"s0003.0": 400, "s0007.0": 413}
    answer = store(world)
    assert len(ids(world)) == 28
    assert answer["totals"]["rejected"] == 2
    assert rejects(world) == [
        ["5", "", "database_400", "document s0003.0 is refused", "s0003", "shop0", "3", "1"],
        ["9", "", "too_large", "document s0007.0 is refused", "s0007", "shop1", "7", "1"],
    ]
    assert ended(world) == {"documents": 28, "refused": 2, "rejected": 2}


def test_a_row_of_which_several_documents_are_refused_is_one_reject() -> None:
    """A row with several refused documents, in any windows, is one reject."""
    world = prepare(HEADER + b"a,x,1,3\nb,x,1,1\n")
    world.transport.poison = {"a.0": 400, "a.2": 400}
    answer = store(world)
    assert (answer["totals"]["documents"], answer["totals"]["rejected"]) == (2, 1)
    assert ended(world) == {"documents": 2, "refused": 2, "rejected": 1}
    assert [row[0] for row in rejects(world)] == ["2"]


def test_rejects_of_all_calls_are_put_together() -> None:
    """A chunk that takes several calls lists each refused row once and counts them at its end."""
    world = prepare(make_csv(300))
    world.transport.poison = {f"s{n:04}.0": 400 for n in (0, 100, 200, 299)}
    world.transport.meet([None, None, None, throttle(100), None, None, throttle(100)])
    answers = store_all(world)
    assert len(answers) > 1
    assert add(answers, "rejected") == answers[-1]["totals"]["rejected"] == 4
    assert [row[0] for row in rejects(world)] == ["2", "102", "202", "301"]
    assert ended(world) == {"documents": 296, "refused": 4, "rejected": 4}


def test_a_repeat_lists_the_same_rejects() -> None:
    """A repeated call lists no reject twice."""
    world = prepare(make_csv(30))
    world.transport.poison = {"s0003.0": 400}
    store(world)
    before = rejects(world)
    store(world)
    assert rejects(world) == before
    assert ended(world)["rejected"] == 1


def test_answers_that_stay_lost_fail_the_call_for_now() -> None:
    """A call whose answers stay lost raises Transient, and its repeat completes the chunk."""
    world = prepare(make_csv(30))
    world.transport.always = lose(applied=True)
    with pytest.raises(Transient):
        store(world)
    assert ended(world) is None
    world.transport.always = None
    assert store(world)["totals"]["documents"] == 30


def test_a_container_that_is_missing_fails_for_good() -> None:
    """A missing container raises Permanent with its name."""
    world = prepare(make_csv(3))
    world.transport.always = Fault(404, 1003)
    with pytest.raises(Permanent, match="the container sales does not exist"):
        store(world)


def test_a_staged_file_that_is_missing_fails_for_good() -> None:
    """A missing file of staged documents raises Permanent."""
    world = prepare(make_csv(3))
    part = PartAnswer(None, {}, "gone.jsonl", 100, None)
    path = Generated(world.staging, "r1", 0).path(0, "json")
    asyncio.run(world.staging.put(path, orjson.dumps(part.to_dict())))
    with pytest.raises(Permanent, match="is missing; it has been deleted: start a new run"):
        store(world)


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"state": "publishing"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_gets_no_writes(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and writes nothing."""
    world = prepare(make_csv(3))
    world.runs.set("r1", **changes)
    with pytest.raises(Permanent, match="belongs to storing in attempt 1"):
        store(world)
    assert world.transport.sent == []


def test_a_run_that_moves_on_meanwhile_gets_no_more_writes() -> None:
    """A call whose run moves on raises Permanent at its next check, five seconds later at most."""
    world = prepare(make_csv(300))
    world.transport.meet([throttle(6)] * 3)
    reads = world.runs.reads

    def move_on() -> None:
        if world.runs.reads == reads + 1:
            world.runs.set("r1", state="failing")

    world.runs.when_read = move_on
    with pytest.raises(Permanent, match="belongs to storing"):
        store(world)
    assert len(world.transport.sent) == 3
    assert ids(world) == set()
