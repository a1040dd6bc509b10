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
    """The answer of a part names the files of its documents and rejects."""

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
    """Two simultaneous calls get the same answer, whose file has exactly the rows before its cursor."""

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
    """The first answer of a part stays when another call stages the part again."""

    async def check() -> None:
        generated = make()
        first = await keep(generated, HALF)
        assert await keep(generated, MORE) == first
        assert await generated.staging.get(generated.path(0, first.documents)) == HALF[0]

    asyncio.run(check())


def test_parts_end_with_the_one_that_ends_the_chunk() -> None:
    """Parts after the one that ends the chunk are left out."""

    async def check() -> None:
        generated = make()
        await generated.keep(0, b"a\n", None, {"part": 1}, {})
        await generated.keep(1, b"b\n", None, None, {})
        await generated.keep(2, b"c\n", None, None, {})
        assert [part async for part, _ in generated.parts()] == [0, 1]

    asyncio.run(check())


def test_parts_that_are_not_staged_yet_are_left_out() -> None:
    """A chunk that is being generated has the parts that are staged so far."""

    async def check() -> None:
        generated = make()
        assert [part async for part, _ in generated.parts()] == []
        await generated.keep(0, b"a\n", None, {"part": 1}, {})
        assert [part async for part, _ in generated.parts()] == [0]

    asyncio.run(check())
