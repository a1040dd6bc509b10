"""The staged documents of a part, a window of them at a time."""

from bisect import bisect_left
from collections.abc import AsyncIterator, Container, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.staging.parts import Generated, PartAnswer

WINDOW = 512 * 1024
"""Bytes of staged text that a window holds, or one document that is larger. Read, they take four times the memory, in
each lane."""


class PartWindow(NamedTuple):
    """Documents of a part and where each begins. `end` is where the next window begins. `missing` are the begins of the
    documents that are left out."""

    documents: list[StagedDocument]
    begins: list[int]
    end: int
    missing: Sequence[int] = ()

    def behind(self, documents: int) -> int:
        """Where the document begins that follows the first `documents` of the window."""
        return self.begins[documents] if documents < len(self.begins) else self.end

    def without(self, rows: Container[int]) -> "PartWindow":
        """The window without the documents of these rows."""
        pairs = list(zip(self.documents, self.begins, strict=True))
        kept = [(one, at) for one, at in pairs if one.row not in rows]
        missing = sorted([*self.missing, *(at for one, at in pairs if one.row in rows)])
        return PartWindow([one for one, _ in kept], [at for _, at in kept], self.end, missing)


NONE: Sequence[int] = ()


async def read_window(
    generated: Generated,
    path: str,
    offset: int,
    mode: str = "upsert",
    left_out: Sequence[int] = NONE,
) -> PartWindow:
    """The documents of a part's file from `offset` on, as many as a window holds, to be written in a write mode.
    Those that begin at the sorted offsets `left_out` are missing."""
    whole = await whole_lines(generated, path, offset)
    end = offset + len(whole)
    missing = left_out[bisect_left(left_out, offset) : bisect_left(left_out, end)]
    kept = [(begin, whole[begin - offset : behind - offset]) for begin, behind in _between(whole, offset, missing)]
    documents = read_staged(b"".join([lines for _, lines in kept]), mode)
    begins = [at for begin, lines in kept for at in _begins(lines, begin)]
    return PartWindow(documents, begins, end, missing)


def _between(whole: bytes, offset: int, missing: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Where stretches of documents that are not missing begin and end. `whole` begins at `offset`."""
    at = offset
    for begin in missing:
        if at < begin:
            yield at, begin
        at = whole.index(b"\n", begin - offset) + 1 + offset
    if at < offset + len(whole):
        yield at, offset + len(whole)


def _begins(lines: bytes, offset: int) -> list[int]:
    """Where each line begins. The first begins at `offset`."""
    return list(accumulate(map(len, lines.splitlines(keepends=True)[:-1]), initial=offset))


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
    left_out: Sequence[int] = NONE,
) -> AsyncIterator[PartWindow]:
    """The documents of a part, of a report with this write mode, but for those that begin at `left_out`."""
    path, offset = generated.path(part, answer.documents), 0
    while offset < answer.size:
        window = await read_window(generated, path, offset, mode, left_out)
        yield window
        offset = window.end
