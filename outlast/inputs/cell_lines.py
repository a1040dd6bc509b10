"""Rows of cells: a JSON array on each line, below one with the names of the columns. Workbooks and fixed-width text are
copied into this."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import orjson

from outlast.inputs.cutting import Limits, Lines, cut_window, skip_line
from outlast.inputs.types import MAX_FIELD_SHOWN, MAX_RECORD, BadInput, BadRow, Cut, IncompleteHeader, InputRow

ERROR, INVALID = "error", "invalid"
"""Names of the member of an object that stands for a cell with an error, or of bytes that are no text."""
_CODES = {ERROR: ("cell_error", "the cell has the error {}"), INVALID: ("encoding", "bytes that are no text: {}")}


@dataclass(frozen=True, slots=True)
class CellLines:
    """Empty lines are no rows but count in the numbering. `names` are the columns where no line names them."""

    name: str = "cells"
    max_record: int = MAX_RECORD
    names: tuple[str, ...] = ()
    nulls: frozenset[str] = frozenset()

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """See InputFormat."""
        return self._header(head, at_end)[0]

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """See InputFormat."""
        return self._header(head, at_end)[1:]

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """See InputFormat."""
        limits = Limits(min(target, self.max_record - 1), self.max_record)
        return cut_window(Lines(window, at_end, self.max_record), window, at_end, offset, row, limits)

    def skip(self, window: bytes) -> int | None:
        """See InputFormat."""
        return skip_line(window)

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """See InputFormat."""
        end = 0
        for number, line in enumerate(BytesIO(data), row):
            end += len(line)
            if len(line) > 1:
                yield self._row(number, end, orjson.loads(line), columns)

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """See InputFormat."""
        shown = [head[:MAX_FIELD_SHOWN].decode(errors="replace")]
        return BadRow(row, len(head), "", "too_long", f"the row has {self.max_record:,} bytes or more", shown)

    def _header(self, head: bytes, at_end: bool) -> tuple[list[str], int, int]:
        if self.names:
            return list(self.names), 0, 1
        start = len(head) - len(head.lstrip(b"\n"))
        end = head.find(b"\n", start) + 1
        if end:
            return orjson.loads(head[start:end]), end, start + 2
        if at_end:
            raise BadInput("body", "The input is empty. Send a file with at least one row.")
        raise IncompleteHeader("header", f"The header is not complete within the first {len(head):,} bytes.")

    def _row(self, number: int, end: int, cells: list[Any], columns: list[str]) -> InputRow | BadRow:
        fields = [_shown(cell) for cell in cells]
        for column, cell in zip(columns, cells, strict=True):
            if type(cell) is dict and column:
                [(kind, text)] = cell.items()
                code, message = _CODES[kind]
                return BadRow(number, end, column, code, message.format(text), [f[:MAX_FIELD_SHOWN] for f in fields])
        nulls = self.nulls
        values = {
            name: None if type(cell) is str and cell in nulls else cell
            for name, cell in zip(columns, cells, strict=True)
            if name
        }
        return InputRow(number, end, values, fields)


def _shown(cell: Any) -> str:
    if cell is None:
        return ""
    if type(cell) is dict:
        return str(next(iter(cell.values())))
    return str(cell).lower() if type(cell) is bool else str(cell)
