"""The copy of a Parquet file, made in a thread or in a child process: both are the same."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from outlast.compute.child import Child
from outlast.compute.converting import ConvertingChild
from outlast.errors import Transient
from outlast.inputs import BadInput, Reading
from outlast.inputs.reading import Wanted
from outlast.staging.copying import Convert, copied

PARQUET = Reading(format="parquet")
MOST = 1 << 30
WANTED = Wanted(needed=["id"], columns=["id", "text"], texts=["text"], numbers=["id"], kinds={"id": "int"})
CHILD: Convert = ConvertingChild(Path(__file__).resolve().parents[4]).pieces


class Posted:
    """A file in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    async def size(self) -> int:
        return len(self.data)

    async def read(self, offset: int, length: int) -> bytes:
        return self.read_now(offset, length)

    def read_now(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def parquet(rows: int) -> bytes:
    sink = pa.BufferOutputStream()
    texts = [os.urandom(20).hex() for _ in range(rows)]
    pq.write_table(pa.table({"id": list(range(rows)), "text": texts, "other": texts}), sink, row_group_size=50_000)
    return bytes(sink.getvalue())


async def here(work: Callable[[], Any]) -> Any:
    return work()


def copy(data: bytes, convert: Convert | None) -> bytes:
    async def run() -> bytes:
        return b"".join([bytes(piece) async for piece in copied(Posted(data), PARQUET, WANTED, here, MOST, convert)])

    return asyncio.run(run())


@pytest.mark.parametrize("rows", [0, 3, 120_000])
def test_the_copy_is_the_same_wherever_it_is_made(rows: int) -> None:
    """A child answers the same bytes as a thread makes, for files of one piece and of several."""
    data = parquet(rows)
    assert copy(data, CHILD) == copy(data, None)


@pytest.mark.parametrize("convert", [None, CHILD], ids=["thread", "child"])
@pytest.mark.parametrize("harm", [lambda data: data[:-20], lambda data: data.replace(b"text", b"t\xffxt")])
def test_a_damaged_file_is_named_as_such(convert: Convert | None, harm: Callable[[bytes], bytes]) -> None:
    """A file that is cut off, or whose names are not UTF-8, raises BadInput with what to do."""
    with pytest.raises(BadInput, match="Write it again") as found:
        copy(harm(parquet(10)), convert)
    assert found.value.field == "body"


def test_a_column_that_is_missing_is_named() -> None:
    """The error of the reader comes out of the child with its text."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"name": ["a"]}), sink)
    with pytest.raises(BadInput, match="lacks the column id"):
        copy(bytes(sink.getvalue()), CHILD)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Child]:
    """The children that are made."""
    found = list[Child]()

    def made(app: Path) -> Child:
        found.append(Child(app))
        return found[-1]

    monkeypatch.setattr("outlast.compute.converting.Child", made)
    return found


def begun(data: bytes) -> AsyncGenerator[bytes | bytearray]:
    return copied(Posted(data), PARQUET, WANTED, here, MOST, CHILD)


def test_a_child_that_is_killed_is_a_fault_that_may_pass(started: list[Child]) -> None:
    """The step can be repeated: Transient, with the format in its text."""

    async def run() -> None:
        async with aclosing(begun(parquet(200_000))) as pieces:
            await anext(pieces)
            os.kill(started[0].pid or 0, signal.SIGKILL)
            with pytest.raises(Transient, match="copies the parquet file"):
                await anext(pieces)

    asyncio.run(run())


def test_a_copy_that_is_left_leaves_no_process(started: list[Child]) -> None:
    """A call that must end leaves the copy after some pieces, and its child with it."""

    async def run() -> int:
        async with aclosing(begun(parquet(200_000))) as pieces:
            await anext(pieces)
            return started[0].pid or 0

    pid = asyncio.run(run())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
