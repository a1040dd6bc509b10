"""The staged documents of a part, a window of them at a time."""

from collections.abc import AsyncIterator, Callable
from itertools import accumulate
from typing import NamedTuple

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.staging.parts import Generated, PartAnswer

WINDOW = 4 * 1024 * 1024
"""Bytes of staged text in memory at once. Twice the largest document, so that a window holds a whole one."""


class PartWindow(NamedTuple):
    """Documents of a part and where each begins. `end` is where the next window begins."""

    documents: list[StagedDocument]
    begins: list[int]
    end: int

    def behind(self, documents: int) -> int:
        """Where the document begins that follows the first `documents` of the window."""
        return self.begins[documents] if documents < len(self.begins) else self.end

    def without(self, lost: Callable[[int], bool]) -> "PartWindow":
        """The window without the documents that begin where `lost` says."""
        kept = [(one, at) for one, at in zip(self.documents, self.begins, strict=True) if not lost(at)]
        return PartWindow([one for one, _ in kept], [at for _, at in kept], self.end)


async def read_window(generated: Generated, path: str, offset: int, mode: str = "upsert") -> PartWindow:
    """The documents of a part's file from `offset` on, as many as a window holds, to be written in a write mode."""
    data = await generated.staging.get_range(path, offset, WINDOW)
    whole = data[: data.rindex(b"\n") + 1]
    *begins, end = accumulate((len(line) + 1 for line in whole.split(b"\n")[:-1]), initial=offset)
    return PartWindow(read_staged(whole, mode), begins, end)


async def read_windows(generated: Generated, part: int, answer: PartAnswer) -> AsyncIterator[PartWindow]:
    """All documents of a part."""
    path, offset = generated.path(part, answer.documents), 0
    while offset < answer.size:
        window = await read_window(generated, path, offset)
        yield window
        offset = window.end
