"""`asyncio.gather` with a bound."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def bounded_gather(most: int, work: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """Return what the work makes of each item, in their order. At most `most` are worked on at the same time; the
    first error is raised, as `asyncio.gather` does."""
    gate = asyncio.Semaphore(most)

    async def at_a_gate(item: T) -> R:
        async with gate:
            return await work(item)

    return await asyncio.gather(*map(at_a_gate, items))
