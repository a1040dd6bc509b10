"""Values that are parsed from staged files: each process parses a file once for all calls that need it."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from outlast.staging.store import Staging

MOST_VALUES = 64
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of the texts whose values are kept. Parsed, JSON takes about five times as much memory."""
LARGE = 256 * 1024
"""Bytes. A longer text takes more than about a millisecond to parse."""

T = TypeVar("T")
Key = tuple[str, str]
InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """Keeps the values that were used last. The files must never change, and callers must not change the values.

    A value is kept for a path and an edition: a run that was removed and posted again has the same paths and another
    edition. Large texts are parsed by `in_thread`.
    """

    staging: Staging
    in_thread: InThread | None = None
    _kept: OrderedDict[Key, tuple[Any, int]] = field(default_factory=OrderedDict)
    _locks: WeakValueDictionary[Key, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def get(self, path: str, edition: str, parse: Callable[[bytes], T]) -> T:
        """The value of one file."""

        async def load() -> tuple[T, int]:
            data = await self.staging.need(path)
            return await self._parsed(data, parse), len(data)

        return await self.loaded(path, edition, load)

    async def loaded(self, path: str, edition: str, load: Callable[[], Awaitable[tuple[T, int]]]) -> T:
        """The value of several files, by the path of one. `load` returns it with the number of bytes that were read.

        Of calls at the same time one loads it and the others wait; a failed load is not kept.
        """
        key = (path, edition)
        lock = self._locks.setdefault(key, asyncio.Lock())
        async with lock:
            if key not in self._kept:
                self._keep(key, *await load())
            self._kept.move_to_end(key)
            value: T = self._kept[key][0]
            return value

    async def _parsed(self, data: bytes, parse: Callable[[bytes], T]) -> T:
        if self.in_thread is None or len(data) < LARGE:
            return parse(data)
        value: T = await self.in_thread(partial(parse, data))
        return value

    def _keep(self, key: Key, value: Any, size: int) -> None:
        """Keep a new value and drop the oldest ones beyond the limits. The new one stays even if it is too large."""
        self._kept[key] = (value, size)
        while len(self._kept) > 1 and (len(self._kept) > MOST_VALUES or self._size() > MOST_BYTES):
            self._kept.popitem(last=False)

    def _size(self) -> int:
        return sum(size for _, size in self._kept.values())
