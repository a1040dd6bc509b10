"""Which child of a pool gets which window. No process is started."""

import asyncio
import os
from pathlib import Path

import pytest

from outlast.compute.child_pool import MOST_WINDOWS, MUCH, ChildPool, children_of

LARGE = MUCH + 1


def pool(most: int = 2) -> ChildPool:
    return ChildPool(Path("app"), most)


def test_a_second_child_is_begun_when_the_first_is_busy_and_there_is_much_to_do() -> None:
    """A free child gets the next window, a busy one only until MUCH bytes were begun, and all of them when no more are
    allowed."""

    async def work() -> None:
        children = pool()
        first = children.begin("a", MUCH)
        assert children.begin("b", 0) is first
        async with first.turn():
            assert children.begin("c", 0) is first
            second = children.begin("d", 1)
            assert second is not first
            async with second.turn():
                assert children.begin("e", 1) in (first, second)
            assert children.begin("f", 1) is second
        assert children.begin("g", 1) is first
        assert children.children == [first, second]

    asyncio.run(work())


def test_a_window_stays_with_the_child_that_has_its_rows() -> None:
    """Whoever is free, a window goes on at its child until its part is joined."""

    async def work() -> None:
        children = pool()
        first = children.begin("a", LARGE)
        async with first.turn():
            second = children.begin("b", 1)
            assert children.of("a") is first
            assert children.end("a") is first
            assert children.of("a") is second
        assert children.of("b") is second

    asyncio.run(work())


def test_windows_that_no_one_came_back_for_are_forgotten() -> None:
    """The pool remembers the child of MOST_WINDOWS windows, the newest."""

    async def work() -> None:
        children = pool()
        first = children.begin("lost", LARGE)
        async with first.turn():
            for number in range(MOST_WINDOWS):
                children.begin(f"w{number}", 1)
            assert children.of("lost") is not first

    asyncio.run(work())


@pytest.mark.parametrize(("cores", "workers", "children"), [(1, 1, 1), (2, 1, 2), (4, 2, 2), (2, 4, 1), (64, 1, 4)])
def test_the_workers_of_a_machine_share_its_cores(
    monkeypatch: pytest.MonkeyPatch, cores: int, workers: int, children: int
) -> None:
    """A worker has a child a core, divided by the number of workers, at least one and at most four."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    assert children_of(workers) == children
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert children_of(workers) == children
