import asyncio
import gzip

import pytest

from outlast.errors import Permanent
from outlast.inputs import BadInput, Chunk
from outlast.staging.input import ChunkList, InputFiles
from outlast.staging.paths import body_path, input_path
from outlast.staging.store import Staging
from tests.fakes.records import make_record

RECORD = make_record(gzipped=True)


def make() -> InputFiles:
    return InputFiles(Staging("memory:///"), Staging("memory:///"))


def test_a_list_of_chunks_comes_back_as_it_was_staged() -> None:
    """Offsets, lengths, first rows, and which chunk is one overlong record."""
    listed = ChunkList(["a", "b,\n"], [Chunk(4, 10, 2), Chunk(14, 99, 5, overlong=True)])
    assert ChunkList.decoded(listed.encoded()) == listed


@pytest.mark.parametrize(
    ("gzipped", "reference", "path"),
    [
        (True, None, input_path("r1")),
        (False, None, body_path("r1")),
        (False, "x.csv", "x.csv"),
        (True, "x.gz", input_path("r1")),
    ],
)
def test_an_input_is_read_where_it_lies_uncompressed(gzipped: bool, reference: str | None, path: str) -> None:
    """A posted body, a reference, or the inflated copy of either."""
    files = make()
    record = make_record(gzipped=gzipped, reference=reference)
    found = files.opened(record)
    assert found.path == path
    assert found.place is (files.inputs if path == "x.csv" else files.staging)


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzipped_input_is_inflated(members: int) -> None:
    """All of its members, as one file."""

    async def run() -> None:
        files = make()
        await files.staging.put(body_path("r1"), gzip.compress(b"a,b\n" * 1000) * members)
        await files.inflate(RECORD)
        assert await files.staging.get(input_path("r1")) == b"a,b\n" * 1000 * members

    asyncio.run(run())


@pytest.mark.parametrize(("limit", "data"), [(1_000_000, 2_000_000), (4 * 1024**3, 20_000_000)])
def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch, limit: int, data: int) -> None:
    """A small file that would fill the disk, by its size or its ratio: nothing of it stays."""
    monkeypatch.setattr("outlast.staging.input.MAX_INFLATED", limit)

    async def run() -> None:
        files = make()
        await files.staging.put(body_path("r1"), gzip.compress(b"0" * data, 1))
        with pytest.raises(BadInput):
            await files.inflate(RECORD)
        assert await files.staging.get(input_path("r1")) is None

    asyncio.run(run())


def test_a_missing_input_is_permanent() -> None:
    """It was there when the run was accepted."""

    async def run() -> None:
        files = make()
        with pytest.raises(Permanent, match="runs/r1/body is missing; it has been deleted since"):
            await files.posted(RECORD).size()
        with pytest.raises(Permanent, match="is missing"):
            await files.chunks("r1")

    asyncio.run(run())
