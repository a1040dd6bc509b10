"""Runs work that keeps a CPU busy in a thread, so that the event loop goes on answering requests."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ComputeThread:
    """One thread for all lanes of the process.

    More threads would not compute faster, because they share the interpreter's lock, and the event loop would wait
    for each of them.
    """

    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "compute"))

    async def run(self, work: Callable[[], T]) -> T:
        """Return the work's result. Work waits until all earlier work is done, so each piece should be short."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
