import asyncio
import threading

from outlast.compute.thread import ComputeThread


def test_work_is_done_one_piece_after_another_beside_the_loop() -> None:
    """Pieces of work run one after another, in one thread that is not the event loop's."""
    at_work, names, most = 0, set[str](), 0

    def work(number: int) -> int:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        names.add(threading.current_thread().name)
        sum(range(200_000))
        at_work -= 1
        return number

    async def both() -> list[int]:
        thread = ComputeThread()
        return await asyncio.gather(*(thread.run(lambda number=number: work(number)) for number in range(5)))  # type: ignore[misc]  # mypy knows no default of a lambda

    assert asyncio.run(both()) == [0, 1, 2, 3, 4]
    assert (most, len(names)) == (1, 1)
    assert threading.current_thread().name not in names


def test_what_the_work_raises_reaches_who_asked() -> None:
    """A failure is raised to its own caller, and the next piece of work is done."""

    async def both() -> tuple[object, int]:
        thread = ComputeThread()
        failed = await asyncio.gather(thread.run(lambda: int("x")), return_exceptions=True)
        return failed[0], await thread.run(lambda: 1)

    failure, after = asyncio.run(both())
    assert isinstance(failure, ValueError)
    assert after == 1
