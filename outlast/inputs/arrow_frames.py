"""Rows of typed columns: frames, each with batches of Arrow. Parquet is copied into this, with no text in between."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson

from outlast.inputs import arrow_values
from outlast.inputs.arrow import load_arrow
from outlast.inputs.types import MAX_FIELD_SHOWN, MAX_RECORD, BadInput, BadRow, Chunk, Cut, IncompleteHeader, InputRow

HEAD = struct.Struct("<4sIIQ")
"""Before the batches of a frame: a mark, their bytes, their rows, and the number of the first."""
MARK = b"ARF1"
_AT_ONCE = 1024
"""Rows whose values are made into Python's at once: these take ten times the memory."""


def framed(batches: bytes, rows: int, first_row: int) -> bytes:
    """A frame. One without batches stands for a row that is too long."""
    return HEAD.pack(MARK, len(batches), rows, first_row) + batches


def first_frame(schema: Any) -> bytes:
    """The frame of the columns."""
    columns = {column.name: arrow_values.types_of(column.type) for column in schema}
    return framed(orjson.dumps(columns), 0, 1)


@dataclass(frozen=True, slots=True)
class ArrowFrames:
    """A chunk is a frame. The first frame has no rows, but the columns, as JSON: whoever looks only at these needs no
    pyarrow, which takes 50 MB.

    Rows have no place in the bytes of their frame: their `end` is 0, and reading resumes by their number.
    """

    name: str = "arrow"

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """See InputFormat."""
        return list(_columns(head[: self.first(head, at_end)[0]]))

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """See InputFormat."""
        size = _size(head, 0)
        if size is None or size > len(head):
            raise IncompleteHeader("header", f"The columns are not complete within the first {len(head):,} bytes.")
        return size, 1

    def is_typed(self, head: bytes, kinds: Mapping[str, str]) -> bool:
        """Whether each column has the type that is wanted; see Wanted."""
        columns = _columns(head[: _size(head, 0) or 0])
        return all(kinds.get(name, "") in types for name, types in columns.items())

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """See InputFormat. The frames are as long as chunks shall be."""
        chunks: list[Chunk] = []
        start = 0
        while (size := _size(window, start)) is not None and start + size <= len(window):
            _, _, rows, _ = HEAD.unpack_from(window, start)
            chunks.append(Chunk(offset + start, size, row))
            start, row = start + size, row + rows
        return Cut(chunks, start, row)

    def skip(self, window: bytes) -> int | None:
        """No frame is overlong."""
        raise NotImplementedError

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """See InputFormat. `data` is a whole frame, also where the first rows are left out."""
        if is_overlong(data):
            yield self.overlong(b"", columns, row)
            return
        for first, values, sound in stretches(data, row):
            yield from rows_of_values(first, columns, values, sound)

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """See InputFormat."""
        return BadRow(row, 0, "", "too_long", f"the row has {MAX_RECORD:,} bytes or more", [""])


def is_overlong(data: bytes) -> bool:
    """Whether a frame stands for a row that is too long."""
    return not HEAD.unpack_from(data)[1]


def stretches(data: bytes, row: int) -> Iterator[tuple[int, Sequence[Sequence[Any]], bool]]:
    """The rows of a frame from this one on, some at a time: the number of the first, the values of each column, and
    whether all of them can be read."""
    _, size, _, first = HEAD.unpack_from(data)
    for part in _parts(_opened(memoryview(data)[HEAD.size : HEAD.size + size]), row - first):
        values, sound = zip(*map(arrow_values.python_values, part.columns), strict=True)
        yield row, values, all(sound)
        row += part.num_rows


def rows_of_values(
    row: int, columns: Sequence[str], values: Sequence[Sequence[Any]], sound: bool
) -> Iterator[InputRow | BadRow]:
    """The rows of a stretch, the first of which is `row`."""
    for number, one in enumerate(zip(*values, strict=True), row):
        if not sound and arrow_values.UNREADABLE in one:
            yield _unreadable(number, columns, one)
        else:
            yield InputRow(number, 0, dict(zip(columns, one, strict=True)), arrow_values.Texts(one))


def _parts(batches: Iterator[Any], skipped: int) -> Iterator[Any]:
    """The rows of these batches behind those that are skipped, some at a time."""
    for batch in batches:
        for start in range(min(skipped, batch.num_rows), batch.num_rows, _AT_ONCE):
            yield batch.slice(start, _AT_ONCE)
        skipped = max(0, skipped - batch.num_rows)


def _unreadable(number: int, columns: Sequence[str], values: Sequence[Any]) -> BadRow:
    column = columns[values.index(arrow_values.UNREADABLE)]
    text = "a value that cannot be read: a time after the year 9999, or text that is not UTF-8"
    return BadRow(number, 0, column, "value", text, [field[:MAX_FIELD_SHOWN] for field in arrow_values.Texts(values)])


def _columns(frame: bytes) -> dict[str, list[str]]:
    """By name the types of Python that the column has values of."""
    return cast(dict[str, list[str]], orjson.loads(frame[HEAD.size :]))


def _size(data: bytes, start: int) -> int | None:
    """Bytes of the frame at `start`; None where its head is not all there."""
    if len(data) - start < HEAD.size:
        return None
    mark, size, _, _ = HEAD.unpack_from(data, start)
    if mark != MARK:
        raise BadInput("body", "The copy of the input is damaged. Start a new run.")
    return int(HEAD.size + size)


def _opened(data: Any) -> Any:
    pa = load_arrow()
    return pa.ipc.open_stream(pa.py_buffer(data))
