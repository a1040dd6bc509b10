"""Bounds the bytes of what several activities of a process work at together."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Room:
    """`size` is in bytes. Who comes first is served first; what is larger than the room gets all of it."""

    size: int
    taken: int = 0
    _waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    @asynccontextmanager
    async def take(self, size: int) -> AsyncIterator[None]:
        """Wait for so many bytes, and hold them."""
        size = min(size, self.size)
        await self._wait(size)
        try:
            yield
        finally:
            self._leave(size)

    async def _wait(self, size: int) -> None:
        if not self._waiting and self.taken + size <= self.size:
            self.taken += size
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if (size, turn) in self._waiting:
                self._waiting.remove((size, turn))
            elif not turn.cancelled():  # it was given at the same moment
                self._leave(size)
            raise

    def _leave(self, size: int) -> None:
        self.taken -= size
        while self._waiting and self.taken + self._waiting[0][0] <= self.size:
            given, turn = self._waiting.popleft()
            if not turn.cancelled():
                self.taken += given
                turn.set_result(None)
