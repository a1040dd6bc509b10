import asyncio
from collections.abc import Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from outlast.generating.room import Room

SIZES = st.lists(st.integers(0, 15), min_size=1, max_size=8)


@given(SIZES, st.lists(st.integers(0, 7), max_size=4), st.randoms(use_true_random=False))
def test_no_more_is_taken_than_there_is(sizes: Sequence[int], cancelled: Sequence[int], dice: Random) -> None:
    """Whoever comes, leaves or is cancelled, at most the room is taken, everybody else gets a turn in order, and all of
    it is free at the end."""
    room, begun = Room(10), list[int]()

    async def one(number: int, size: int) -> None:
        async with room.take(size):
            begun.append(number)
            assert 0 <= room.taken <= 10
            for _ in range(dice.randrange(4)):
                await asyncio.sleep(0)

    async def run() -> None:
        tasks = [asyncio.create_task(one(number, size)) for number, size in enumerate(sizes)]
        for number in cancelled:
            await asyncio.sleep(0)
            if number < len(tasks):
                tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(run())
    assert begun == sorted(begun)
    assert {number for number in range(len(sizes)) if number not in cancelled} <= set(begun)
    assert room.taken == 0


def test_what_is_larger_than_the_room_is_alone() -> None:
    """It waits until nothing else is there, and nothing begins beside it."""
    room, beside = Room(10), list[int]()

    async def one(size: int) -> None:
        async with room.take(size):
            beside.append(room.taken)
            await asyncio.sleep(0)

    async def run() -> None:
        await asyncio.gather(one(4), one(50), one(4))

    asyncio.run(run())
    assert beside == [4, 10, 4]
