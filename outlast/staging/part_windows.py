"""The staged documents of a part, a window of them at a time."""

from collections.abc import AsyncIterator, Container, Set
from itertools import accumulate
from typing import NamedTuple

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.staging.parts import Generated, PartAnswer

WINDOW = 1024 * 1024
"""Bytes of staged text that a window holds, or one document that is larger. Read, they take four times the memory, in
each lane."""


class PartWindow(NamedTuple):
    """Documents of a part and where each begins. `end` is where the next window begins. `lines` are the begins of all
    documents, those that are left out, too."""

    documents: list[StagedDocument]
    begins: list[int]
    end: int
    lines: list[int]

    def behind(self, documents: int) -> int:
        """Where the document begins that follows the first `documents` of the window."""
        return self.begins[documents] if documents < len(self.begins) else self.end

    def without(self, rows: Container[int]) -> "PartWindow":
        """The window without the documents of these rows."""
        kept = [(one, at) for one, at in zip(self.documents, self.begins, strict=True) if one.row not in rows]
        return self._replace(documents=[one for one, _ in kept], begins=[at for _, at in kept])


NONE: Set[int] = frozenset()


async def read_window(
    generated: Generated,
    path: str,
    offset: int,
    mode: str = "upsert",
    left_out: Set[int] = NONE,
) -> PartWindow:
    """The documents of a part's file from `offset` on, as many as a window holds, to be written in a write mode.
    Those that begin at the offsets `left_out` are missing."""
    whole = await whole_lines(generated, path, offset)
    lines = whole.splitlines(keepends=True)
    *begins, end = accumulate(map(len, lines), initial=offset)
    if not left_out:
        return PartWindow(read_staged(whole, mode), begins, end, begins)
    kept = [(line, at) for line, at in zip(lines, begins, strict=True) if at not in left_out]
    documents = read_staged(b"".join([line for line, _ in kept]), mode)
    return PartWindow(documents, [at for _, at in kept], end, begins)


async def whole_lines(generated: Generated, path: str, offset: int) -> bytes:
    """The lines of a part's file from `offset` on that a window holds, at least one.

    Raises ValueError where the file ends within the first.
    """
    length = WINDOW
    data = await generated.staging.get_range(path, offset, length)
    while b"\n" not in data and len(data) == length:
        length *= 2
        data = await generated.staging.get_range(path, offset, length)
    return data[: data.rindex(b"\n") + 1]


async def read_windows(
    generated: Generated,
    part: int,
    answer: PartAnswer,
    mode: str = "upsert",
    left_out: Set[int] = NONE,
) -> AsyncIterator[PartWindow]:
    """The documents of a part, of a report with this write mode, but for those that begin at `left_out`."""
    path, offset = generated.path(part, answer.documents), 0
    while offset < answer.size:
        window = await read_window(generated, path, offset, mode, left_out)
        yield window
        offset = window.end
