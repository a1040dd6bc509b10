"""Chooses the sheet of a workbook and its header, and makes its rows into lines of cells."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import IO

import orjson

from outlast.inputs.cell_lines import ERROR
from outlast.inputs.excel.archive import Archive
from outlast.inputs.excel.cells import MOST_COLUMNS, MOST_ROWS, Cell, CellError, Row, Sheets
from outlast.inputs.excel.ods import Ods
from outlast.inputs.excel.xlsb import Xlsb
from outlast.inputs.excel.xlsx import Xlsx
from outlast.inputs.reading import Reading, Wanted
from outlast.inputs.types import HEAD_BYTES, MAX_RECORD, BadInput

_SEARCHED = 20
"""Rows with cells in which the header is looked for."""
_BATCH = 500
"""Rows that are yielded at once."""
_BATCH_BYTES = 1024 * 1024
"""Bytes of lines after which fewer rows are yielded: cells may share one text of many megabytes."""
_FAULTS = (
    ArithmeticError,
    EOFError,
    LookupError,
    OSError,
    StopIteration,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What a damaged workbook raises."""


def workbook_lines(file: IO[bytes], reading: Reading, wanted: Wanted) -> Iterator[bytes]:
    """The header and the rows of the sheet, a line each. Lines before the header are empty, so that a row's number is
    that in the sheet. Raises BadInput where no sheet has the columns, or the workbook is damaged."""
    try:
        yield from _lines(file, reading, wanted)
    except BadInput:
        raise
    except _FAULTS as error:
        text = f"The workbook is damaged ({type(error).__name__}: {str(error)[:100]}). Save it again."
        raise BadInput("body", text) from None


def _lines(file: IO[bytes], reading: Reading, wanted: Wanted) -> Iterator[bytes]:
    sheets = _opened(file)
    sheet, header_row, columns = _Choice(sheets, reading, wanted).choose()
    last, lines, size = 0, list[bytes](), 0
    texts = {index for index, name in enumerate(columns) if name in wanted.texts}
    first = header_row + 1 + bool(reading.units)
    if header_row:
        lines.append(b"\n" * (header_row - 1) + orjson.dumps(columns) + b"\n" * (first - header_row))
        last = first - 1
    for number, row in _checked(sheets.rows(sheet)):
        if number >= first:
            lines.append(b"\n" * (number - last - 1) + _line(row, len(columns), texts) + b"\n")
            last, size = number, size + len(lines[-1])
        if len(lines) >= _BATCH or size >= _BATCH_BYTES:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines)


def _checked(rows: Iterator[tuple[int, Row]]) -> Iterator[tuple[int, Row]]:
    """The rows. Raises BadInput where a number would make more lines or columns than a sheet can have."""
    last = 0
    for number, row in rows:
        if not last < number <= MOST_ROWS:
            text = f"row {number:,} comes after row {last:,}, and a sheet has {MOST_ROWS:,}"
            raise BadInput("body", f"The workbook is damaged: {text}. Save it again.")
        if min(row) < 0 or max(row) >= MOST_COLUMNS:
            text = f"row {number:,} has a cell outside the {MOST_COLUMNS:,} columns of a sheet"
            raise BadInput("body", f"The workbook is damaged: {text}. Save it again.")
        last = number
        yield number, row


def _opened(file: IO[bytes]) -> Sheets:
    archive = Archive(file)
    if any(name.endswith("xl/workbook.xml") for name in archive.names):
        return Xlsx(archive)
    if any(name.endswith("xl/workbook.bin") for name in archive.names):
        return Xlsb(archive)
    if "content.xml" in archive.names:
        return Ods(archive)
    raise BadInput("body", "The file is no workbook of the kinds .xlsx, .xlsb and .ods. Save it as one of these.")


class _Choice:
    """Looks for the sheet and the header. Row 0 stands for a header that is not there."""

    def __init__(self, sheets: Sheets, reading: Reading, wanted: Wanted) -> None:
        self._sheets, self._reading, self._wanted = sheets, reading, wanted
        self._seen: list[str] = []

    def choose(self) -> tuple[int, int, list[str]]:
        """Number of the sheet, row of the header, and the columns."""
        names = self._sheets.names()
        for sheet in self._candidates(names):
            if (found := self._header(sheet, names[sheet])) is not None:
                return sheet, *found
        missing = ", ".join(self._wanted.needed) or "a header"
        seen = "; ".join(self._seen) or "none has cells"
        raise BadInput("sheet", f"No sheet has {missing}. {seen}. Say sheet and header_line, or correct the header.")

    def _candidates(self, names: list[str]) -> list[int]:
        said = self._reading.sheet
        if said is None:
            return list(range(len(names)))
        if isinstance(said, int) and 1 <= said <= len(names):
            return [said - 1]
        if said in names:
            return [names.index(str(said))]
        raise BadInput("sheet", f"There is no sheet {said!r}. There are: {', '.join(names)[:500]}.")

    def _header(self, sheet: int, name: str) -> tuple[int, list[str]] | None:
        if self._reading.header_line == 0:
            return 0, list(self._reading.names or self._wanted.columns or ())
        first = True
        for number, row in self._rows(sheet):
            columns = list(self._reading.names or _texts_of(row))
            if first:
                self._seen.append(f"{name[:60]!r} has in row {number}: {', '.join(columns)[:200]}")
            first = False
            if not self._wanted.missing(columns):
                _check(columns)
                return number, columns
        return None

    def _rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        """The rows that may be the header: the one that is said, or the first ones."""
        said = self._reading.header_line
        most = _SEARCHED if self._wanted.needed else 1
        for count, (number, row) in enumerate(_checked(self._sheets.rows(sheet))):
            if count >= most if said is None else number > said:
                return
            if said in (None, number):
                yield number, row


def _texts_of(row: Row) -> list[str]:
    if sum(len(cell) for cell in row.values() if isinstance(cell, str)) > HEAD_BYTES:
        raise BadInput("header", f"A row before the header has more than {HEAD_BYTES:,} characters. Say header_line.")
    return [_text(row.get(column)).strip() for column in range(max(row) + 1)]


def _check(columns: list[str]) -> None:
    named = [column for column in columns if column]
    for column in named:
        if named.count(column) > 1:
            raise BadInput("header", f"Column {column[:100]!r} is in the header twice. Name every column once.")


def _line(row: Row, width: int, texts: set[int]) -> bytes:
    """A row as JSON, without the cells behind the last column. One that is too long is cut, and stays too long."""
    cells, left = list[object](), MAX_RECORD
    for column in range(width):
        cell = _json(row.get(column), column in texts)
        cells.append(cell[:MAX_RECORD] if isinstance(cell, str) else cell)
        left -= len(cell) if isinstance(cell, str) else 0
        if left < 0:
            break
    return orjson.dumps(cells) if any(cell is not None for cell in cells) else b""


def _json(cell: Cell, as_text: bool) -> object:
    if isinstance(cell, CellError):
        return {ERROR: cell.text}
    if isinstance(cell, str):
        return cell
    if as_text:
        return _text(cell) or None
    return _text(cell) if isinstance(cell, datetime | date | time | timedelta) else cell


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, CellError):
        return cell.text
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, timedelta):
        return f"PT{cell.total_seconds():.0f}S"
    return cell.isoformat() if isinstance(cell, datetime | date | time) else str(cell)
