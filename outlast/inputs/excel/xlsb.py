"""Workbooks of Excel in binary records ([MS-XLSB], sections 2.1.4 and 2.4)."""

import posixpath
import struct
from collections.abc import Iterator
from typing import IO

from outlast.inputs.excel.archive import MAX_SHARED, Archive
from outlast.inputs.excel.cells import Cell, CellError, Formats, Row, whole
from outlast.inputs.excel.xml import each
from outlast.inputs.types import BadInput

_ROW, _SHARED, _FORMAT, _STYLE, _STYLES, _STYLES_END, _WORKBOOK, _SHEET = 0, 19, 44, 47, 617, 618, 153, 156
_BLANK, _NUMBER_RK, _ERROR, _BOOL, _REAL, _TEXT, _SHARED_TEXT, _RICH = 1, 2, 3, 4, 5, 6, 7, 62
_SAME = {8: _TEXT, 9: _REAL, 10: _BOOL, 11: _ERROR}
"""The results of formulas are stored as cells are."""
_SHORT = range(12, 19)
"""Cells without their column, which is the next one; in the order of the others."""
_ERRORS = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
    43: "#GETTING_DATA",
}
_MOST = 16 * 1024 * 1024
"""Bytes of a record."""


def records(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Kind and content of each record."""
    while first := file.read(1):
        kind = first[0]
        if kind & 0x80:
            kind = (kind & 0x7F) | ((file.read(1) or b"\0")[0] & 0x7F) << 7
        size = shift = 0
        while byte := file.read(1):
            size |= (byte[0] & 0x7F) << shift
            shift += 7
            if not byte[0] & 0x80 or shift > 21:
                break
        data = file.read(size) if size <= _MOST else b""
        if len(data) < size:
            raise BadInput("body", "The workbook is damaged: a record ends too early. Save it again.")
        yield kind, data


class Xlsb:
    """Implements Sheets."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        main = next(name for name in archive.names if name.endswith("xl/workbook.bin"))
        self._folder = posixpath.dirname(main)
        self._sheets, self._begins_1904 = list[tuple[str, str]](), False
        for kind, data in records(archive.open(main, MAX_SHARED)):
            if kind == _SHEET:
                relation, end = _text(data, 8)
                self._sheets.append((_text(data, end)[0], relation))
            elif kind == _WORKBOOK:
                self._begins_1904 = bool(data[0] & 1)
        rels = f"{self._folder}/_rels/workbook.bin.rels"
        targets = each(archive.open(rels, MAX_SHARED), {"Relationship"}.__contains__)
        self._targets = {one["Id"]: one["Target"] for _, one in targets}

    def names(self) -> list[str]:
        """See Sheets."""
        return [name for name, _ in self._sheets]

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        """See Sheets."""
        target = self._targets[self._sheets[sheet][1]]
        path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{self._folder}/{target}")
        texts, formats = self._texts(), self._formats()
        number, column, cells = 0, -1, dict[int, Cell]()
        for kind, data in records(self._archive.open(path)):
            if kind == _ROW:
                if cells:
                    yield number, cells
                number, column, cells = int.from_bytes(data[:4], "little") + 1, -1, {}
            elif kind in _SHORT or _BLANK <= kind <= 11 or kind == _RICH:
                short = kind in _SHORT
                column = column + 1 if short else int.from_bytes(data[:4], "little")
                value = _value(
                    kind - 11 if short else _SAME.get(kind, kind), data if short else data[4:], texts, formats
                )
                if value is not None:
                    cells[column] = value
        if cells:
            yield number, cells

    def _texts(self) -> list[str]:
        path = f"{self._folder}/sharedStrings.bin"
        if path not in self._archive.names:
            return []
        return [_text(data, 1)[0] for kind, data in records(self._archive.open(path, MAX_SHARED)) if kind == _SHARED]

    def _formats(self) -> Formats:
        own, styles, inside = dict[int, str](), list[int](), False
        path = f"{self._folder}/styles.bin"
        if path in self._archive.names:
            for kind, data in records(self._archive.open(path, MAX_SHARED)):
                inside = kind == _STYLES or (inside and kind != _STYLES_END)
                if kind == _FORMAT:
                    own[int.from_bytes(data[:2], "little")] = _text(data, 2)[0]
                elif kind == _STYLE and inside:
                    styles.append(int.from_bytes(data[2:4], "little"))
        return Formats(tuple(styles), own, self._begins_1904)


def _value(kind: int, data: bytes, texts: list[str], formats: Formats) -> Cell:
    """The value of a cell. `data` begins with its style, which has three bytes, and one byte of flags."""
    style, rest = int.from_bytes(data[:3], "little"), data[4:]
    if kind == _NUMBER_RK:
        return formats.value(_rk(rest), style)
    if kind == _REAL:
        return formats.value(struct.unpack_from("<d", rest)[0], style)
    if kind == _BOOL:
        return bool(rest[0])
    if kind == _ERROR:
        return CellError(_ERRORS.get(rest[0], f"error {rest[0]}"))
    if kind == _SHARED_TEXT:
        return texts[int.from_bytes(rest[:4], "little")] or None
    if kind in (_TEXT, _RICH):
        return _text(rest, 1 if kind == _RICH else 0)[0] or None
    return None


def _rk(data: bytes) -> float:
    """A number in 30 bits: a whole one, or the upper half of a double; perhaps a hundred times too large."""
    raw = int.from_bytes(data[:4], "little")
    if raw & 2:
        number = float((raw >> 2) - (1 << 30 if raw & 0x80000000 else 0))
    else:
        number = struct.unpack("<d", b"\0\0\0\0" + (raw & 0xFFFFFFFC).to_bytes(4, "little"))[0]
    return float(whole(number / 100 if raw & 1 else number))


def _text(data: bytes, start: int) -> tuple[str, int]:
    """A text, and where it ends. Its length is that of UTF-16; all bits set say that there is none."""
    length = int.from_bytes(data[start : start + 4], "little")
    if length == 0xFFFFFFFF:
        return "", start + 4
    end = start + 4 + 2 * length
    return data[start + 4 : end].decode("utf-16-le", "replace"), end
