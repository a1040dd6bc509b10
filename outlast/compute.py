"""Work that keeps a CPU busy, beside the event loop on which requests are answered."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ComputeThread:
    """One thread for all lanes of the process. More would not compute faster, for they share the interpreter's lock,
    and the event loop would wait for each of them whenever it has something to do."""

    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "compute"))

    async def run(self, work: Callable[[], T]) -> T:
        """The work's result, when those who came before have had theirs; so a piece of work should be short."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)
