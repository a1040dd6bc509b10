import asyncio
import gzip
import hashlib
from math import ceil
from typing import Any

import pytest

from activities import read_input_file
from outlast.errors import Permanent
from outlast.inputs import CSV, MAX_RECORD, InputRow
from outlast.models import Json
from outlast.staging import inflated
from outlast.staging.chunk_list import ChunkList
from outlast.staging.input import InputFiles
from outlast.staging.paths import body_path, chunks_path, inflated_path, piece_path
from tests.fakes.reports import HEADER, make_csv
from tests.fakes.world import World, call_until_done


@pytest.fixture(autouse=True)
def _small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows, and windows of a few chunks."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 100)
    monkeypatch.setattr(read_input_file, "WINDOW", 1000)


def cut(body: bytes, world: World | None = None, **fields: Any) -> ChunkList:
    """Read that input to its end; return its chunks."""
    world = world or World()

    async def run() -> ChunkList:
        await world.accept(body, state="reading", **fields)
        answer = await call_until_done(world.steps["read_input_file"], {"run": "r1", "attempt": 1})
        listed = await world.files.chunks(world.runs.records["r1"])
        assert answer["chunks"] == len(listed.chunks)
        return listed

    return asyncio.run(run())


async def read_copy(world: World, offset: int, length: int) -> bytes:
    """A range of what the rows of run r1 are read from."""
    record = world.runs.records["r1"]
    return await world.files.readable(record, (await world.files.sources(record))[0]).read(offset, length)


def rows_of(body: bytes, listed: ChunkList) -> list[str]:
    """Return the ids of all rows, chunk by chunk."""
    return [
        row.fields[0]
        for chunk in listed.chunks
        for row in CSV.rows(body[chunk.offset :][: chunk.length], listed.columns, chunk.first_row)
        if isinstance(row, InputRow)
    ]


def test_the_chunks_hold_every_row_once() -> None:
    """The chunks have every row once, in order, with the number of their first row, whatever the windows."""
    body = make_csv(500)
    listed = cut(body)
    assert rows_of(body, listed) == [f"s{n:04}" for n in range(500)]
    assert listed.columns == ["id", "shop", "amount", "copies"]
    assert listed.chunks[0].first_row == 2
    assert len(listed.chunks) > 50
    ends = [chunk.offset + chunk.length for chunk in listed.chunks]
    assert [chunk.offset for chunk in listed.chunks[1:]] == ends[:-1]


def test_at_the_deadline_it_hands_over_a_cursor_and_goes_on_from_there() -> None:
    """An input that is cut in several calls has the same chunks as in one call."""
    body, hurried = make_csv(500), World(timeout=5.0)
    hurried.clock.tick = 1.0
    assert cut(body, hurried).chunks == cut(body).chunks


def test_a_cursor_names_its_place_and_no_more() -> None:
    """A repeated call lists the chunks after its cursor once."""
    body, world = make_csv(200), World(timeout=5.0)

    async def run() -> None:
        await world.accept(body, state="reading")
        world.clock.tick = 1.0
        first = await world.call("read_input_file", cursor=None)
        assert set(first["cursor"]) == {"file", "offset", "row", "unended", "chunks", "read"}
        world.clock.tick = 0.0
        for _ in range(2):
            last = await world.call("read_input_file", cursor=first["cursor"])
            assert last["cursor"] is None
        listed = await world.files.chunks(world.runs.records["r1"])
        assert rows_of(body, listed) == [f"s{n:04}" for n in range(200)]

    asyncio.run(run())


def test_the_input_is_hashed_while_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stretches of several calls cover the whole input, byte for byte, and each has the right hash."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 100_000)
    monkeypatch.setattr(read_input_file, "WINDOW", 1024 * 1024)
    body, world = make_csv(150_000), World(timeout=5.0)
    world.clock.tick = 1.0
    listed, offset = cut(body, world), 0
    for size, sha256 in listed.read:
        assert sha256 == hashlib.sha256(body[offset : offset + size]).hexdigest()
        offset += size
    assert (offset, len(listed.read) > 2) == (len(body), True)
    assert [tuple(one) for one in cut(body).read] == [(len(body), hashlib.sha256(body).hexdigest())]


def test_a_repeat_lists_the_same() -> None:
    """A repeated call returns the same answer."""
    world = World()

    async def run() -> None:
        await world.accept(make_csv(100), state="reading")
        answers = [await world.call("read_input_file", cursor=None) for _ in range(2)]
        assert answers[0] == answers[1]

    asyncio.run(run())


def test_a_next_attempt_reads_nothing_of_an_input_that_is_cut() -> None:
    """The list of chunks that an attempt staged is the list of every later one."""
    world = World()

    async def run() -> None:
        await world.accept(make_csv(100), state="reading")
        first = await world.call("read_input_file", cursor=None)
        world.runs.set("r1", attempt=2)
        await world.staging.put(body_path("r1"), b"")
        assert await world.steps["read_input_file"]({"run": "r1", "attempt": 2}) == first

    asyncio.run(run())


def test_a_next_attempt_goes_on_where_the_one_before_had_cut() -> None:
    """An attempt that dies while it cuts leaves a cursor, and the next one returns the same chunks from there on."""
    body, world = make_csv(500), World(timeout=5.0)
    asyncio.run(world.accept(body, state="reading"))
    world.clock.tick = 1.0
    cursor: Json = {}
    for _ in range(3):
        cursor = asyncio.run(world.call("read_input_file", cursor=cursor or None))["cursor"]
    world.runs.set("r1", attempt=2)
    offsets: list[int] = []
    get_range = world.staging.get_range

    async def noted(path: str, start: int, *more: Any) -> bytes:
        offsets.append(start)
        return await get_range(path, start, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.staging, "get_range", noted)
        asyncio.run(call_until_done(world.steps["read_input_file"], {"run": "r1", "attempt": 2}))
    assert min(offsets) == cursor["offset"] > 0
    assert asyncio.run(world.files.chunks(world.runs.records["r1"])) == cut(body)


def test_an_input_with_a_header_only_has_no_chunks() -> None:
    """An input with a header only has its columns and no chunks."""
    listed = cut(HEADER)
    assert (listed.chunks, listed.columns) == ([], ["id", "shop", "amount", "copies"])


def test_a_gzipped_input_is_inflated_once() -> None:
    """Chunks are byte ranges of the inflated copy, and a repeat does not stage it again."""
    body, world = make_csv(300), World()
    assert rows_of(body, cut(gzip.compress(body), world, gzipped=True)) == [f"s{n:04}" for n in range(300)]
    assert asyncio.run(read_copy(world, 0, len(body) + 1)) == body
    asyncio.run(world.staging.put(piece_path("r1", 0), b"x" * len(body)))
    asyncio.run(world.call("read_input_file", cursor=None))
    assert asyncio.run(world.staging.get(piece_path("r1", 0))) == b"x" * len(body)


def test_a_large_gzipped_input_is_inflated_in_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that reaches its deadline leaves the rest to the next one, which stages no piece again."""
    monkeypatch.setattr(inflated, "PIECE", 1000)
    body, world = make_csv(500), World()
    staged: list[str] = []
    put = world.staging.put

    async def slow(path: str, data: bytes) -> None:
        staged.append(path)
        world.clock.advance(15.0)
        await put(path, data)

    monkeypatch.setattr(world.staging, "put", slow)
    listed = cut(gzip.compress(body), world, gzipped=True)
    pieces = [path for path in staged if "/inflated/" in path]
    assert len(pieces) == len(set(pieces)) == ceil(len(body) / 1000) > 8
    assert rows_of(body, listed) == [f"s{n:04}" for n in range(500)]
    assert asyncio.run(read_copy(world, 1990, 2020)) == body[1990:4010]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (gzip.compress(make_csv(300))[:-30], "The gzip file is truncated"),
        (gzip.compress(make_csv(300))[:60] + b"\xff" * 60, "input of run r1 cannot be read: "),
    ],
)
def test_a_damaged_gzip_file_fails_for_good(body: bytes, text: str) -> None:
    """A damaged gzip file raises Permanent and leaves no inflated file."""
    world = World()
    with pytest.raises(Permanent, match=text):
        cut(body, world, gzipped=True)
    assert asyncio.run(world.staging.get(inflated_path("r1"))) is None


def test_an_input_that_is_no_csv_after_all_fails_for_good() -> None:
    """An input whose header cannot be used raises Permanent with the fault."""
    with pytest.raises(Permanent, match="the input of run r1 cannot be read: Column 'id' is in the header twice"):
        cut(b"id,id\n1,2\n")


def test_a_reference_that_has_changed_since_fails_for_good() -> None:
    """A referenced file that has changed since the run was accepted raises Permanent."""
    world = World()

    async def run() -> None:
        await world.inputs.put("x.csv", make_csv(3))
        etag = await world.inputs.etag("x.csv")
        await world.accept(b"", state="reading", reference="x.csv", reference_etag=etag)
        await world.inputs.put("x.csv", make_csv(4))
        with pytest.raises(Permanent, match=r"the file x\.csv was changed after the run was accepted"):
            await world.call("read_input_file", cursor=None)

    asyncio.run(run())


def test_a_missing_input_fails_for_good() -> None:
    """A missing input raises Permanent with its name."""
    world = World()

    async def run() -> None:
        await world.accept(b"", state="reading", reference="x.csv")
        with pytest.raises(Permanent, match=r"the input x\.csv is missing"):
            await world.call("read_input_file", cursor=None)

    asyncio.run(run())


def test_a_run_that_has_moved_on_is_left_alone() -> None:
    """A call of an earlier state raises Permanent before anything is staged."""
    world = World()
    asyncio.run(world.accept(make_csv(1), state="failing"))
    with pytest.raises(Permanent, match="belongs to reading"):
        asyncio.run(world.call("read_input_file", cursor=None))
    assert asyncio.run(world.staging.get(chunks_path("r1"))) is None


def test_a_run_that_moves_on_meanwhile_is_left_then() -> None:
    """A long call reads the record again every five seconds."""
    world = World(timeout=1000.0)
    world.clock.tick = 3.0

    async def run() -> None:
        await world.accept(make_csv(500), state="reading")
        before = world.runs.reads
        await world.call("read_input_file", cursor=None)
        assert world.runs.reads - before > 5

    asyncio.run(run())


def noted_reads(world: World, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Begin and length of each range that will have been asked for."""
    read, get_range = list[tuple[int, int]](), world.staging.get_range

    async def noted(path: str, start: int, length: int, version: str | None = None) -> bytes:
        read.append((start, length))
        return await get_range(path, start, length, version)

    monkeypatch.setattr(world.staging, "get_range", noted)
    return read


def test_a_record_longer_than_a_window_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that does not fit into the usual window is read on behind it, and the rows around it are cut as
    always."""
    body = HEADER + b"a,x,1,1\n" * 50 + b"b," + b"x" * 5_000 + b",2,1\n" + b"c,x,3,1\n" * 50
    world = World()
    read, listed = noted_reads(world, monkeypatch), cut(body, world)
    assert rows_of(body, listed) == ["a"] * 50 + ["b"] + ["c"] * 50
    assert any((start + 1_000, MAX_RECORD - 1_000) in read for start, length in read if length == 1_000)


def test_large_chunks_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an input with chunks of the largest size hardly any byte is read twice."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 4_000)
    monkeypatch.setattr(read_input_file, "WINDOW", 4_000 + 250)
    monkeypatch.setattr(read_input_file, "HEAD_BYTES", 1_000)
    body, world = make_csv(5_000), World()
    read = noted_reads(world, monkeypatch)
    assert len(cut(body, world).chunks) > 10
    assert sum(length for _, length in read) < 1.1 * len(body)


def test_an_overlong_record_is_a_chunk_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """An overlong record of several windows is a chunk of its own, and the rows around it are cut as always."""
    monkeypatch.setattr(read_input_file, "WINDOW", MAX_RECORD)
    body = HEADER + b"a,x,1,1\n" + b"b,x," + b"9" * (2 * MAX_RECORD) + b",1\n" + b"c,x,3,1\n"
    listed = cut(body)
    assert [chunk.overlong for chunk in listed.chunks] == [False, True, False]
    before, overlong, after = listed.chunks
    assert body[overlong.offset : overlong.offset + overlong.length].startswith(b"b,x,9")
    assert body[after.offset : after.offset + after.length] == b"c,x,3,1\n"
    assert (before.first_row, overlong.first_row, after.first_row) == (2, 3, 4)
    assert after.offset == overlong.offset + overlong.length


def test_the_end_of_an_overlong_record_is_found_in_several_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that reaches its deadline within a record ends there, and the next one goes on behind it."""
    monkeypatch.setattr(read_input_file, "WINDOW", MAX_RECORD)
    body = HEADER + b"b,x," + b"9" * (4 * MAX_RECORD) + b",1\n" + b"c,x,3,1\n"
    world, offsets = World(timeout=20.0), list[int]()
    world.clock.tick, keep = 15.0, world.files.keep_cut_cursor

    async def noted(run: str, cursor: Json) -> Json:
        offsets.append(cursor["offset"])
        return await keep(run, cursor)

    monkeypatch.setattr(InputFiles, "keep_cut_cursor", lambda _, run, cursor: noted(run, cursor))
    listed = cut(body, world)
    assert [(chunk.overlong, chunk.first_row) for chunk in listed.chunks] == [(True, 2), (False, 3)]
    assert listed.chunks[1].offset == len(body) - len(b"c,x,3,1\n")
    assert offsets == sorted(set(offsets))
    assert len(offsets) >= 4
