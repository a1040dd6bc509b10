import asyncio
import csv
import io
from typing import Any

import orjson
import pytest

from outlast.errors import Permanent, Transient
from outlast.generating import part_builder
from outlast.models import Json
from outlast.staging import part_windows
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
    """Return all answers, up to the one without a cursor. The lane waits as long as an answer says."""
    answers = [store(world)]
    while answers[-1]["cursor"] is not None:
        world.clock.advance(answers[-1]["wait"])
        answers.append(store(world, answers[-1]["cursor"]))
    return answers


def add(answers: list[Json], name: str) -> float:
    return sum(float(answer["totals"][name]) for answer in answers)


def ended(world: World) -> Any:
    """The counts in `stored/{chunk}.json`, or None where the chunk is not done."""
    data = asyncio.run(world.staging.get(stored_path("r1", 0)))
    names = ("documents", "refused", "rejected")
    return {name: orjson.loads(data)[name] for name in names} if data else None


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


def test_a_call_that_is_throttled_ends_after_20_seconds() -> None:
    """A store call gives its slot back after 20 s, also where functionTimeout would allow more."""
    world = prepare(make_csv(30))
    world.transport.always = throttle(1.5)
    before = world.clock()
    assert store(world)["cursor"] is not None
    assert world.clock() - before == pytest.approx(20)
    assert ended(world) is None


def test_a_short_function_timeout_ends_a_call_sooner() -> None:
    """The usual deadline holds where it comes before the 20 s."""
    world = World(timeout=10.0)
    asyncio.run(world.prepare(make_csv(30), "storing"))
    world.transport.always = throttle(1.5)
    before = world.clock()
    assert store(world)["cursor"] is not None
    assert world.clock() - before == pytest.approx(6)


def test_a_call_that_can_only_wait_gives_its_slot_back() -> None:
    """It says how long the lane has to wait, however long the database asks to wait."""
    world = prepare(make_csv(30))
    world.transport.always = throttle(1000)
    before = world.clock()
    answer = store(world)
    assert answer["cursor"] is not None
    assert answer["wait"] == pytest.approx(1000, abs=2)
    assert world.clock() - before <= 2


def test_a_small_ru_share_holds_no_slot() -> None:
    """A lane whose share is used up for minutes ends its call at once, and the share is kept by waiting."""
    world = prepare(make_csv(30), ru_share=1.5)
    answers, before = [store(world)], world.clock()
    assert world.clock() - before < 1
    while answers[-1]["cursor"] is not None:
        assert answers[-1]["wait"] > 2
        world.clock.advance(answers[-1]["wait"])
        answers.append(store(world, answers[-1]["cursor"]))
    spent = add(answers, "ru")
    assert spent == 30 * CHARGE
    assert 1.2 <= (spent - CHARGE) / (world.clock() - before) <= 1.5


def test_a_ru_share_is_divided_by_the_lanes_at_work() -> None:
    """A lane of two has half of the run's share, whatever `max_parallel` is."""
    seconds = []
    for lanes in (1, 2):
        world = prepare(make_csv(30), ru_share=10, max_parallel=8)
        before, cursor = world.clock(), None
        while True:
            answer = asyncio.run(world.call("store_data_to_db", chunk=0, cursor=cursor, lanes=lanes))
            world.clock.advance(answer["wait"])
            if (cursor := answer["cursor"]) is None:
                break
        seconds.append(world.clock() - before)
    assert seconds == [pytest.approx(30 * CHARGE / 10, rel=0.1), pytest.approx(30 * CHARGE / 5, rel=0.1)]


def test_large_parts_are_written_window_by_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several large parts are written window by window with every document once."""
    monkeypatch.setattr(part_windows, "WINDOW", 500)
    monkeypatch.setattr(part_builder, "PART_BYTES", 2000)
    world = prepare(make_csv(200))
    answers = store_all(world)
    assert (len(answers), add(answers, "documents"), len(ids(world))) == (1, 200, 200)
    assert sorted(key for batch in world.transport.sent for key in batch) == sorted(ids(world))


def test_a_repeat_of_a_call_that_ended_the_chunk_sends_nothing() -> None:
    """A call whose answer was lost is made again: it finds the chunk stored and returns what the first call counted."""
    world = prepare(make_csv(30))
    first = store(world)
    sent = len(world.transport.sent)
    assert store(world) == first
    assert len(world.transport.sent) == sent


def test_a_chunk_that_took_several_calls_is_counted_once_and_whole() -> None:
    """A repeat of the last call returns the totals of that call, and the next attempt those of all calls."""
    world = prepare(make_csv(300))
    world.transport.meet([throttle(45)] * 12)
    answers = store_all(world)
    assert store(world, answers[-2]["cursor"]) == answers[-1]
    again = store(world)
    assert again["totals"] == pytest.approx({name: add(answers, name) for name in answers[0]["totals"]})


def test_a_chunk_that_an_earlier_release_has_stored_is_not_stored_again() -> None:
    """A mark without totals counts its documents and its rejects."""
    world = prepare(make_csv(30))
    mark = {"documents": 28, "refused": 2, "rejected": 2}
    asyncio.run(world.staging.put(stored_path("r1", 0), orjson.dumps(mark)))
    totals = store(world)["totals"]
    assert (totals["documents"], totals["rejected"], world.transport.sent) == (28, 2, [])


def test_documents_of_an_earlier_run_count_as_replaced() -> None:
    """The totals say how many documents were there before the run."""
    world = prepare(make_csv(30))
    world.transport.containers["sales"] = dict(prepared_before().transport.documents("sales"))
    assert store(world)["totals"]["replaced"] == 20


def prepared_before() -> World:
    """Another run has stored the first 20 of the rows."""
    world = prepare(make_csv(20))
    store(world)
    return world


def test_what_a_call_wrote_before_it_died_does_not_count_as_replaced() -> None:
    """The repeat of a call that died writes the run's own documents again, and does not count them."""
    world = prepare(make_csv(30))
    die_before_the_mark(world)
    assert len(ids(world)) == 30
    totals = store(world)["totals"]
    assert (totals["documents"], totals["replaced"]) == (30, 0)


def test_what_an_attempt_wrote_before_it_died_does_not_count_as_replaced() -> None:
    """The next attempt begins the chunk again, with other calls, and counts none of the run's own documents."""
    world = prepare(make_csv(300))
    world.transport.meet([None, None, throttle(45)])
    first = store(world)
    assert 0 < first["totals"]["documents"] < 300
    world.runs.set("r1", attempt=2)
    answers, cursor = list[Json](), None
    while not answers or cursor:
        answers.append(asyncio.run(world.call("store_data_to_db", attempt=2, chunk=0, cursor=cursor)))
        cursor = answers[-1]["cursor"]
        world.clock.advance(answers[-1]["wait"])
    assert (add(answers, "documents"), add(answers, "replaced")) == (300, 0)


def test_answers_that_were_lost_at_the_end_of_a_call_are_not_counted_by_the_next() -> None:
    """What a lost request has written is found by the next call and does not count as replaced."""
    world = prepare(make_csv(300))
    world.transport.meet([None])
    world.transport.always = lose(applied=True)
    first = store(world)
    world.transport.always = None
    second = store(world, first["cursor"])
    assert first["totals"]["documents"] + second["totals"]["documents"] == 300
    assert first["totals"]["replaced"] + second["totals"]["replaced"] == 0


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
    for tick in (0.3, 0.6):
        world.clock.tick = tick
        calls.append(store(world)["cursor"])
        asyncio.run(world.staging.delete(stored_path("r1", 0, "cursor.json")))  # none found the other's
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
    """A call that dies before it has marked the chunk is made again and lists no reject twice."""
    world = prepare(make_csv(30))
    world.transport.poison = {"s0003.0": 400}
    die_before_the_mark(world)
    before = rejects(world)
    store(world)
    assert len(before) == 1
    assert rejects(world) == before
    assert ended(world)["rejected"] == 1


def test_rejects_of_an_earlier_attempt_go_when_the_database_takes_those_rows() -> None:
    """A row that the database refused in an attempt that died and takes in the next one is no reject."""
    world = prepare(make_csv(30))
    world.transport.poison = {"s0003.0": 400}
    die_before_the_mark(world)
    assert len(rejects(world)) == 1
    world.transport.poison = {}
    world.runs.set("r1", attempt=2)
    answer = asyncio.run(world.call("store_data_to_db", attempt=2, chunk=0))
    assert (answer["totals"]["rejected"], rejects(world)) == (0, [])


def die_before_the_mark(world: World) -> None:
    """Store the chunk with a staging location that does not take the mark of the stored chunk."""
    put = world.staging.put

    async def dying(path: str, data: bytes) -> None:
        if path == stored_path("r1", 0):
            raise OSError("the worker dies")
        await put(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.staging, "put", dying)
        with pytest.raises(OSError, match="dies"):
            store(world)


def test_answers_that_stay_lost_fail_the_call_for_now() -> None:
    """A call whose answers stay lost raises Transient, and its repeat completes the chunk."""
    world = prepare(make_csv(30))
    world.transport.always = lose(applied=True)
    with pytest.raises(Transient):
        store(world)
    assert ended(world) is None
    world.transport.always = None
    assert store(world)["totals"]["documents"] == 30


@pytest.mark.parametrize("fault", [lose(applied=False), lose(applied=True), Fault(503)])
def test_a_call_that_advanced_before_the_database_was_gone_keeps_that(fault: Fault) -> None:
    """It returns its cursor instead of failing, so that it costs no attempt and nothing acknowledged is sent again."""
    world = prepare(make_csv(300))
    world.transport.meet([None, None])
    world.transport.always = fault
    answer = store(world)
    written = answer["totals"]["documents"]
    assert 0 < written < 300
    with pytest.raises(Transient):
        store(world, answer["cursor"])
    world.transport.always = None
    world.transport.sent.clear()
    assert store(world, answer["cursor"])["totals"]["documents"] == 300 - written
    assert sum(map(len, world.transport.sent)) == 300 - written


def test_a_call_that_advanced_before_the_storage_was_gone_keeps_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a call has stored of a chunk is not lost because the next window cannot be read."""
    monkeypatch.setattr(part_windows, "WINDOW", 5000)
    world, reads = prepare(make_csv(300)), iter(range(99))
    get_range = world.staging.get_range

    async def once(path: str, start: int, length: int, version: str | None = None) -> bytes:
        if next(reads):
            raise Transient("the storage gives no answer")
        return await get_range(path, start, length, version)

    monkeypatch.setattr(world.staging, "get_range", once)
    answer = store(world)
    assert 0 < answer["totals"]["documents"] < 300
    monkeypatch.undo()
    assert store(world, answer["cursor"])["totals"]["documents"] == 300 - answer["totals"]["documents"]


def test_a_container_that_is_missing_fails_for_good() -> None:
    """A missing container raises Permanent with its name."""
    world = prepare(make_csv(3))
    world.transport.always = Fault(404, 1003)
    with pytest.raises(Permanent, match="the container sales does not exist"):
        store(world)


def test_a_container_with_another_partition_key_fails_for_good_and_says_both() -> None:
    """Nothing is written, although every document could be tried and each row be a reject that is tolerated."""
    world = prepare(make_csv(3), tolerated_reject_percent=100)
    world.transport.partition_key = "/region"
    with pytest.raises(Permanent, match=r"container sales has the partition key /region, .* partition key /shop"):
        store(world)
    assert (world.transport.sent, ended(world)) == ([], None)


def test_a_staged_file_that_is_missing_fails_for_good() -> None:
    """A missing file of staged documents raises Permanent."""
    world = prepare(make_csv(3))
    part = PartAnswer(None, {}, "gone.jsonl", 100, None)
    path = Generated(world.staging, "r1", 0).path(0, "json")
    asyncio.run(world.staging.put(path, orjson.dumps(part.to_dict())))
    with pytest.raises(Permanent, match="is missing: it was deleted, or never came; start a new run"):
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
    world.transport.always = throttle(1.9)
    reads, before = world.runs.reads, world.clock()

    def move_on() -> None:
        if world.runs.reads == reads + 1:
            world.runs.set("r1", state="failing")

    world.runs.when_read = move_on
    with pytest.raises(Permanent, match="belongs to storing"):
        store(world)
    assert world.clock() - before == pytest.approx(5, abs=2)
    assert ids(world) == set()
