"""The children for every run, of which there are as many as the work and the cores ask for."""

import os
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

from outlast.compute.child import Child

MUCH = 8 * 1024 * 1024
"""Bytes of rows that the first child generates alone: as long as another one takes to start."""
MOST_CHILDREN = 4
"""The worker feeds so many: what it does for a row takes a fifth of what a child does."""
MOST_WINDOWS = 1_000
"""Windows whose child is known. Most are forgotten when their part is joined; those of calls that failed are not."""


def children_of(workers: int) -> int:
    """How many children each of so many workers of this machine may have: together one a core."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(MOST_CHILDREN, max(1, cores // workers))


@dataclass(slots=True)
class ChildPool:
    """At most `most` children, one of which is started when all others are busy and there is much to do.

    A child goes on with the windows that it has begun, because it has their rows.
    """

    app: Path
    most: int
    children: list[Child] = field(default_factory=list)
    _of: OrderedDict[str, Child] = field(default_factory=OrderedDict)
    _bytes: int = 0

    def begin(self, key: str, size: int) -> Child:
        """Choose a child for a window whose rows have `size` bytes."""
        self._bytes += size
        child = self._of[key] = self._freest()
        while len(self._of) > MOST_WINDOWS:
            self._of.popitem(last=False)
        return child

    def of(self, key: str) -> Child:
        """The child that has begun a window; another where that is not known any more."""
        return self._of.get(key) or self._freest()

    def end(self, key: str) -> Child:
        """The same, of a window of which nothing more will be asked."""
        return self._of.pop(key, None) or self._freest()

    async def close(self) -> None:
        for child in self.children:
            await child.close()

    def _freest(self) -> Child:
        freest = min(self.children, key=lambda child: child.wanted, default=None)
        if freest is None or (freest.wanted and self._wants_more()):
            freest = Child(self.app)
            self.children.append(freest)
        return freest

    def _wants_more(self) -> bool:
        return self._bytes > MUCH and len(self.children) < self.most
