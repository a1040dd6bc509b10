"""Spreadsheets of LibreOffice (OpenDocument 1.3, part 3, sections 9.1 and 19)."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

from outlast.inputs.excel.archive import Archive
from outlast.inputs.excel.cells import MOST_COLUMNS, MOST_ROWS, Cell, CellError, Row, dated, number_of, time_of
from outlast.inputs.excel.xml import Attributes, Handler, local, parse
from outlast.inputs.types import BadInput

_CONTENT = "content.xml"
_DURATION = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_ERROR = re.compile(r"#[A-Z0-9/]+[!?]?|Err:\d+")
_MOST_BLANKS = 256 * 1024
"""Blanks of a row that are not written out but counted: a few bytes of a file can count any number of them."""


class Ods:
    """Implements Sheets."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def names(self) -> list[str]:
        """See Sheets."""
        handler = _Tables(-1)
        list(parse(self._archive.open(_CONTENT), handler))
        return handler.names

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        """See Sheets."""
        for row in parse(self._archive.open(_CONTENT), _Tables(sheet)):
            yield cast(tuple[int, Row], row)


class _Tables(Handler):
    """Reads one table, and the names of all. Notes at a cell are no text of it."""

    def __init__(self, wanted: int) -> None:
        super().__init__()
        self.names: list[str] = []
        self._wanted = wanted
        self._row, self._rows, self._column, self._cells = 1, 1, 0, dict[int, Cell]()
        self._cell: Attributes = {}
        self._texts, self._in_text, self._notes, self._blanks = list[str](), 0, 0, 0

    @property
    def _reads(self) -> bool:
        return len(self.names) - 1 == self._wanted

    def start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name == "table":
            self.names.append(attributes.get("table:name", ""))
        if not self._reads:
            return
        if name == "table-row":
            self._rows, self._column = int(attributes.get("table:number-rows-repeated", "1")), 0
            self._blanks = 0
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._texts = attributes if name == "table-cell" else {}, []
        elif name == "annotation":
            self._notes += 1
        else:
            self._start_text(name, attributes)

    def _start_text(self, name: str, attributes: Attributes) -> None:
        if name == "p":
            self._texts.append("")
            self._in_text += 1
        elif self._in_text and not self._notes:
            self.text(self._counted(attributes) if name == "s" else {"tab": "\t", "line-break": "\n"}.get(name, ""))

    def _counted(self, attributes: Attributes) -> str:
        count = max(0, int(attributes.get("text:c", "1")))
        self._blanks += count
        if self._blanks > _MOST_BLANKS:
            text = f"row {self._row:,} has more than {_MOST_BLANKS:,} blanks. Save the sheet as CSV"
            raise BadInput("body", f"The workbook cannot be read: {text}, or take the blanks out.")
        return " " * count

    def end(self, name: str) -> None:
        if not self._reads:
            return
        name = local(name)
        if name == "p":
            self._in_text -= 1
        elif name == "annotation":
            self._notes, self._texts = self._notes - 1, []
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()
        elif name == "table-row":
            self._end_row()

    def text(self, data: str) -> None:
        if self._in_text and not self._notes and self._reads and self._texts:
            self._texts[-1] += data

    def _end_cell(self) -> None:
        times = int(self._cell.get("table:number-columns-repeated", "1"))
        value = self._value()
        if value is not None:
            for column in range(self._column, min(self._column + times, MOST_COLUMNS)):
                self._cells[column] = value
        self._column += times
        self._cell, self._texts = {}, []

    def _end_row(self) -> None:
        if self._cells:
            for number in range(self._row, min(self._row + self._rows, MOST_ROWS + 1)):
                self.done.append((number, self._cells))
        self._row, self._cells = self._row + self._rows, {}

    def _value(self) -> Cell:
        cell, text = self._cell, "\n".join(self._texts)
        kind = cell.get("office:value-type")
        if cell.get("calcext:value-type") == "error" or (cell.get("table:formula") and _ERROR.fullmatch(text)):
            return CellError(text or "error")
        if kind in ("float", "percentage", "currency"):
            return number_of(float(cell["office:value"]))
        if kind == "boolean":
            return cell.get("office:boolean-value") == "true"
        if kind == "date":
            return dated(cell["office:date-value"])
        if kind == "time":
            return _time(cell.get("office:time-value", ""))
        return cell.get("office:string-value", text) or None


def _time(text: str) -> Cell:
    """A time of day, or a duration of a day and more."""
    match = _DURATION.fullmatch(text)
    if not match:
        return CellError(f"{text[:60]}, which is no time")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    try:
        found = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        return CellError(f"{text[:60]}, which is no time")
    return time_of(found) if found < timedelta(days=1) else found
