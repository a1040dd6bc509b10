import asyncio

import pytest

from outlast.models import Json, Totals
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.store import Staging

HALF: tuple[bytes, Json] = (b"1\t1\t1\t{}\n", {"part": 1, "offset": 9, "row": 3})
MORE: tuple[bytes, Json] = (b"1\t1\t1\t{}\n2\t1\t1\t{}\n", {"part": 1, "offset": 18, "row": 4})


def make() -> Generated:
    return Generated(Staging("memory:///"), "r1", 0)


async def keep(generated: Generated, work: tuple[bytes, Json], rejects: bytes | None = None) -> PartAnswer:
    documents, cursor = work
    return await generated.keep(0, documents, rejects, cursor, Totals(rows=documents.count(b"\n")).to_dict())


def test_a_part_is_found_as_it_was_kept() -> None:
    """The answer names the files that hold the part's documents and rejects."""

    async def check() -> None:
        generated = make()
        kept = await keep(generated, HALF, b"2,,error,x\r\n")
        assert await generated.find(0) == kept
        assert await generated.staging.get(generated.path(0, kept.documents)) == HALF[0]
        assert kept.rejects is not None
        assert await generated.staging.get(generated.path(0, kept.rejects)) == b"2,,error,x\r\n"
        assert (kept.cursor, kept.size) == (HALF[1], len(HALF[0]))

    asyncio.run(check())


@pytest.mark.parametrize("seed", range(4))
def test_of_two_calls_at_once_one_is_the_part(seed: int) -> None:
    """Both get the same answer, its file holds just the rows before its cursor, and the other's work is unread."""

    async def check() -> None:
        generated = make()
        works = [HALF, MORE] if seed % 2 else [MORE, HALF]
        first, second = await asyncio.gather(*(keep(generated, work) for work in works))
        assert first == second == await generated.find(0)
        data = await generated.staging.need(generated.path(0, first.documents))
        assert (data, first.cursor) in (HALF, MORE)
        assert first.totals["rows"] == data.count(b"\n")

    asyncio.run(check())


def test_a_later_call_does_not_replace_a_part() -> None:
    """What was generated is fixed by the first answer."""

    async def check() -> None:
        generated = make()
        first = await keep(generated, HALF)
        assert await keep(generated, MORE) == first
        assert await generated.staging.get(generated.path(0, first.documents)) == HALF[0]

    asyncio.run(check())


def test_parts_are_told_up_to_the_one_that_ends_the_chunk() -> None:
    """A part that lies behind the last one is of a call that lost, and not told."""

    async def check() -> None:
        generated = make()
        await generated.keep(0, b"a\n", None, {"part": 1}, {})
        await generated.keep(1, b"b\n", None, None, {})
        await generated.keep(2, b"c\n", None, None, {})
        assert [part async for part, _ in generated.parts()] == [0, 1]

    asyncio.run(check())


def test_parts_end_where_none_is_there_yet() -> None:
    """A chunk that is still being generated shows what is there."""

    async def check() -> None:
        generated = make()
        assert [part async for part, _ in generated.parts()] == []
        await generated.keep(0, b"a\n", None, {"part": 1}, {})
        assert [part async for part, _ in generated.parts()] == [0]

    asyncio.run(check())
