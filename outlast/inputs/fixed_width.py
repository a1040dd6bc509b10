"""Fixed-width text as lines of cells: the columns stand at the same characters of each line."""

from collections.abc import Iterator, Sequence

import orjson

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.cell_lines import INVALID
from outlast.inputs.types import MAX_RECORD


class FixedLines:
    """A Stage. `widths` are name, first character and the character after the last of each column.

    The first `header` lines, blank lines and lines that begin with `comment` become empty ones. Values are trimmed.
    A line of MAX_RECORD bytes or more is read as far as its columns go.
    """

    def __init__(self, widths: Sequence[tuple[str, int, int]], header: int = 0, comment: str = "") -> None:
        self._spans = [(start, end) for _, start, end in widths]
        self._header, self._comment = header, comment
        self._rest, self._begun, self._skipping = b"", False, False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Stage."""
        self._rest += data
        if not self._begun:
            self._begun, self._rest = True, self._rest[marks_end(self._rest) :]
        *lines, self._rest = self._rest.split(b"\n")
        if self._skipping and lines:
            self._skipping = False
            del lines[0]
        if self._skipping:
            self._rest = b""
        yield b"".join(map(self._cells, lines))
        if len(self._rest) >= MAX_RECORD:
            yield self._cells(self._rest)
            self._rest, self._skipping = b"", True

    def finish(self) -> Iterator[bytes]:
        """See Stage."""
        if self._rest:
            yield self._cells(self._rest)
            self._rest = b""

    def _cells(self, line: bytes) -> bytes:
        if self._header:
            self._header -= 1
            return b"\n"
        text = line.decode(errors="surrogateescape")
        if not text.strip() or (self._comment and text.startswith(self._comment)):
            return b"\n"
        cells = [text[start:end].strip() for start, end in self._spans]
        return orjson.dumps([self._cell(cell) for cell in cells]) + b"\n"

    def _cell(self, cell: str) -> object:
        if cell.isascii() or not any("\udc80" <= mark <= "\udcff" for mark in cell):
            return cell or None
        return {INVALID: cell.encode(errors="surrogateescape").decode(errors="replace")}
