import asyncio
import gzip

import pytest

from outlast.errors import Permanent
from outlast.inputs import BadInput, Chunk
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.inflated import InflatedFile
from outlast.staging.input import InputFile, InputFiles, ReadableFile, Source
from outlast.staging.paths import body_path, chunks_path, inflated_path
from outlast.staging.store import Staging
from tests.fakes.records import make_record

RECORD = make_record(gzipped=True)


def source(files: InputFiles, record: RunRecord) -> Source:
    """The one file of the input."""
    [found] = asyncio.run(files.sources(record))
    return found


def readable(files: InputFiles, record: RunRecord) -> ReadableFile:
    """What its rows are read from."""
    return files.readable(record, source(files, record))


def make() -> InputFiles:
    return InputFiles(Staging("memory:///"), Staging("memory:///"))


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        (None, body_path("r1")),
        ("x.csv", "x.csv"),
    ],
)
def test_an_input_is_read_where_it_lies_uncompressed(reference: str | None, path: str) -> None:
    """Rows are read from the posted body or the referenced file."""
    files = make()
    found = readable(files, make_record(reference=reference))
    assert isinstance(found, InputFile)
    assert found.path == path
    assert found.store is (files.inputs if path == "x.csv" else files.staging)


@pytest.mark.parametrize("reference", [None, "x.gz"])
def test_a_gzipped_input_is_read_from_its_inflated_copy(reference: str | None) -> None:
    """Rows of a gzipped input are read from the copy, posted or referenced."""
    files = make()
    assert readable(files, make_record(gzipped=True, reference=reference)) == InflatedFile(files.staging, "r1")


async def enough() -> bool:
    """A deadline that never comes."""
    return False


@pytest.mark.parametrize("members", [1, 3])
def test_a_gzipped_input_is_inflated(members: int) -> None:
    """All members of a gzip file are staged as one inflated file."""

    async def run() -> None:
        files = make()
        await files.staging.put(body_path("r1"), gzip.compress(b"a,b\n" * 1000) * members)
        [found] = await files.sources(RECORD)
        assert await files.copy(RECORD, found, enough)
        copy = files.readable(RECORD, found)
        assert await copy.read(0, await copy.size()) == b"a,b\n" * 1000 * members

    asyncio.run(run())


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that inflates beyond the limit is refused, and its copy is never whole."""
    monkeypatch.setattr("outlast.staging.input.MAX_INFLATED", 1_000_000)

    async def run() -> None:
        files = make()
        await files.staging.put(body_path("r1"), gzip.compress(b"0" * 2_000_000, 1))
        with pytest.raises(BadInput):
            await files.copy(RECORD, (await files.sources(RECORD))[0], enough)
        assert await files.staging.get(inflated_path("r1")) is None

    asyncio.run(run())


def test_a_missing_input_is_permanent() -> None:
    """An input or chunk list that has been deleted fails the call for good."""

    async def run() -> None:
        files = make()
        with pytest.raises(Permanent, match="runs/r1/body is missing; it has been deleted since"):
            await (await files.sources(RECORD))[0].posted.size()
        with pytest.raises(Permanent, match="is missing"):
            await files.chunks(RECORD)

    asyncio.run(run())


def test_the_first_chunks_are_a_copy_of_their_own() -> None:
    """A caller that adds chunks to a list that is still growing does not change what the next caller reads."""

    async def run() -> None:
        files = make()
        await files.staging.put(chunks_path("r1", 1), ChunkList(["a"], [Chunk(0, 9, 2)]).encoded())
        (await files.first_chunks("r1", 1)).chunks.append(Chunk(9, 9, 3))
        assert len((await files.first_chunks("r1", 1)).chunks) == 1

    asyncio.run(run())
