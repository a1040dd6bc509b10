import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import pytest

from activities import generate_report, read_input_file
from activities.generate_report import GenerateReport
from outlast.generating.part_filler import PartFiller
from outlast.generating.room import Room
from outlast.generating.row_window import RowWindow, Slice, Staged
from outlast.inputs import MAX_RECORD
from outlast.models import Json
from outlast.runs.fence import Gate
from tests.fakes.compute import InlineCompute
from tests.fakes.reports import HEADER, Sales, make_csv
from tests.fakes.world import World
from tests.unit.activities.generating import generate, ids, prepare, staged


def test_each_row_becomes_its_documents() -> None:
    """A row becomes none, one or many documents with the reference that was read and the number of the row."""
    world = prepare(HEADER + b"a,x,1,1\nb,x,2,0\nc,y,3,2\n", parameters={"factor": 10})
    answer = generate(world)
    lines, rejects, _ = staged(world)
    found = {line.parsed()["id"]: (line.row, line.parsed()["amount"]) for line in lines}
    assert found == {"a.0": (2, 10.0), "c.0": (4, 30.0), "c.1": (4, 30.0)}
    assert rejects == []
    assert answer["cursor"] is None
    totals = answer["totals"]
    assert (totals["rows"], totals["rejected"], totals["documents"]) == (3, 0, 3)
    assert totals["bytes"] == sum(len(line.body) for line in lines)


def test_documents_are_staged_in_the_order_of_the_hash_space() -> None:
    """A part's documents are staged in the order of the hash space, then of their rows."""
    world = prepare(make_csv(50, shops=7))
    generate(world)
    places = [(line.effective_partition_key, line.row) for line in staged(world)[0]]
    assert places == sorted(places)


def test_each_chunk_begins_elsewhere_in_the_hash_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each chunk's documents begin at another position in the hash space, and those of one partition key stay
    together."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 1000)
    world, begins = prepare(make_csv(400, shops=40)), list[bytes]()
    for chunk in range(4):
        asyncio.run(world.call("generate_report", chunk=chunk, cursor=None))
        lines, _, _ = staged(world, chunk)
        keys = [key for key, _ in groupby(line.partition_key for line in lines)]
        assert len(keys) == len(set(keys))
        begins.append(lines[0].effective_partition_key[:1])
    assert len(set(begins)) >= 3


@pytest.mark.parametrize(
    ("row", "column", "code", "message"),
    [
        (b"b,x,?,1", "amount", "float_parsing", "Input should be a valid number"),
        (b",x,1,1", "id", "string_type", "Input should be a valid string"),
        (b"b,x,1", "", "field_count", "3 fields where the header has 4"),
        (b"b,x,1,1,9", "", "field_count", "5 fields where the header has 4"),
        (b"b,\xff,1,1", "shop", "encoding", "bytes that are not UTF-8"),
        (b"b,raise,1,1", "", "error", "LookupError: no such shop"),
        (b"b/c,x,1,1", "id", "id", "the document's id must not contain"),
        (b"b,x,nan,1", "amount", "float_parsing", "Input should be a valid number"),
        (b"b,x,1e400,1", "amount", "finite_number", "Input should be a finite number"),
        (b"b,x,1_000,1", "amount", "float_parsing", "Input should be a valid number"),
        (b"b," + b"x" * 3000 + b",1,1", "shop", "partition_key", "the partition key is longer than 2,048 bytes"),
    ],
)
def test_a_bad_row_costs_itself_only(row: bytes, column: str, code: str, message: str) -> None:
    """A bad row is a reject with row, column, code, message and its own fields, and its neighbours become documents."""
    world = prepare(HEADER + b"a,x,1,1\n" + row + b"\nc,x,3,1\n")
    answer = generate(world)
    lines, (reject,), _ = staged(world)
    assert ids(lines) == ["a.0", "c.0"]
    assert (reject.row, reject.column, reject.code) == (3, column, code)
    assert reject.message.startswith(message)
    assert reject.fields[0] == row.partition(b",")[0].decode()
    assert (answer["totals"]["rows"], answer["totals"]["rejected"]) == (3, 1)


def test_a_row_with_one_bad_document_has_none() -> None:
    """A row with one bad document is rejected and has no document."""

    class Half(Sales):
        def generate_report(self, row: Any, reference: Any) -> Any:
            yield {"id": row.id, "shop": row.shop}
            yield {"id": row.id}

    world = prepare(make_csv(1), Half())
    generate(world)
    lines, rejects, _ = staged(world)
    assert (lines, [reject.code for reject in rejects]) == ([], ["partition_key"])


@pytest.mark.parametrize("made", [None, 7, "x", [{"id": "a"}], [None]])
def test_a_report_that_returns_no_documents_rejects_the_row(made: Any) -> None:
    """A row for which the report returns anything but documents is rejected, and the chunk goes on."""

    class Odd(Sales):
        def generate_report(self, row: Any, reference: Any) -> Any:
            return made

    assert generate(prepare(make_csv(2), Odd()))["totals"]["rejected"] == 2


def test_rows_that_make_one_document_are_all_staged() -> None:
    """Which row wins is decided when all rows of the file are known, so that it does not depend on the parts."""
    world = prepare(HEADER + b"a,x,1,1\nb,x,2,1\na,x,3,1\n")
    answer = generate(world)
    lines, rejects, _ = staged(world)
    assert sorted((line.row, line.parsed()["id"]) for line in lines) == [(2, "a.0"), (3, "b.0"), (4, "a.0")]
    assert rejects == []
    assert (answer["totals"]["rows"], answer["totals"]["rejected"], answer["totals"]["documents"]) == (3, 0, 3)


def test_one_id_in_two_partitions_is_two_documents() -> None:
    """Two documents with one id and different partition keys are both staged."""
    world = prepare(HEADER + b"a,x,1,1\na,y,3,1\n")
    generate(world)
    assert (ids(staged(world)[0]), staged(world)[1]) == (["a.0", "a.0"], [])


def test_an_overlong_record_is_a_reject() -> None:
    """The reject shows how the record begins, and the rows beside it become documents."""
    world = World()
    body = HEADER + b"a,x,1,1\n" + b"b,x," + b"9" * MAX_RECORD + b",1\n" + b"c,x,3,1\n"
    asyncio.run(world.prepare(body, "storing"))
    found = [staged(world, chunk) for chunk in range(3)]
    assert [ids(lines) for lines, _, _ in found] == [["a.0"], [], ["c.0"]]
    (reject,) = found[1][1]
    assert (reject.row, reject.code, reject.fields[:2]) == (3, "too_long", ["b", "x"])


def test_json_lines_are_generated_alike() -> None:
    """Rows of JSON Lines become documents, and a line that is no object is rejected with its text."""
    world = prepare(b'{"id": "a", "shop": "x", "amount": 1}\n[1]\n', format="jsonl")
    generate(world)
    lines, (reject,), _ = staged(world)
    assert ids(lines) == ["a.0"]
    assert (reject.row, reject.code, reject.fields) == (2, "json", ["[1]"])


class Turns(Room):
    """A room that tells when two have asked for it."""

    def __init__(self) -> None:
        super().__init__(1_000)
        self.asked, self.by_two = 0, asyncio.Event()

    async def _wait(self, size: int) -> None:
        self.asked += 1
        if self.asked == 2:
            self.by_two.set()
        await super()._wait(size)


async def generate_two(taking: Callable[[RowWindow], Any], room: Room) -> None:
    """Generate two chunks at once; `taking` is called before each slice."""
    world = World()
    await world.prepare(make_csv(50), "generating")
    w = world
    gate = Gate(w.runs, w.deadlines)
    compute = InlineCompute(w.reports, w.clock, taking=taking)
    step = GenerateReport(w.reports, gate, w.files, compute, PartFiller(w.stopped), room).generate_report
    given: Json = {"run": "r1", "attempt": 1, "cursor": None}
    async with asyncio.timeout(30):
        await asyncio.gather(*(step({**given, "chunk": chunk}) for chunk in range(2)))


@dataclass(slots=True)
class Forgetful(InlineCompute):
    """Lets go of what it has made before the first part is joined."""

    forgets: bool = True

    async def join(self, window: RowWindow, chunk: int, slices: Sequence[Slice]) -> Staged:
        if self.forgets:
            self.forgets = False
            self.let_go()
        return await InlineCompute.join(self, window, chunk, slices)


def test_a_part_that_is_lost_before_it_is_joined_is_made_again() -> None:
    """A process that ends between the last row and the joining costs nothing but time."""
    world = prepare(make_csv(50))
    gate = Gate(world.runs, world.deadlines)
    compute = Forgetful(world.reports, world.clock)
    step = GenerateReport(world.reports, gate, world.files, compute, PartFiller(world.stopped), Room(1_000_000))
    answer = asyncio.run(step.generate_report({"run": "r1", "attempt": 1, "chunk": 0, "cursor": None}))
    assert (compute.forgets, answer["totals"]["rows"], answer["totals"]["documents"]) == (False, 50, 50)


def test_chunks_with_rows_of_megabytes_are_generated_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks with rows of megabytes are generated one at a time, because together they would fill the memory."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 100)
    monkeypatch.setattr(generate_report, "HEAVY", 10)
    turns, inside = Turns(), list[bool]()

    async def taking(window: RowWindow) -> None:
        await turns.by_two.wait()
        inside.append(turns.taken == turns.size)

    asyncio.run(generate_two(taking, turns))
    assert set(inside) == {True}


def test_other_chunks_are_generated_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chunks with small rows are generated at the same time."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 100)
    both = asyncio.Barrier(2)

    async def taking(window: RowWindow) -> None:
        await both.wait()

    asyncio.run(generate_two(taking, Room(1_000_000)))


def test_a_call_that_waited_past_its_deadline_returns_its_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that comes into the room after its deadline generates nothing, so it never outlasts its time."""
    monkeypatch.setattr(generate_report, "HEAVY", 10)
    world, room = prepare(make_csv(5)), Turns()
    gate = Gate(world.runs, world.deadlines)
    step = GenerateReport(world.reports, gate, world.files, world.compute, PartFiller(world.stopped), room)
    given: Json = {"run": "r1", "attempt": 1, "chunk": 0, "cursor": None}

    async def late() -> Json:
        async with room.take(room.size):
            waiting = asyncio.create_task(step.generate_report(given))
            await room.by_two.wait()
            world.clock.advance(world.timeout)
        return await waiting

    answer = asyncio.run(late())
    assert (answer["cursor"], answer["totals"]["rows"]) == ({"part": 0, "offset": 0, "row": None, "staged": 0}, 0)
    assert generate(world)["totals"]["rows"] == 5
