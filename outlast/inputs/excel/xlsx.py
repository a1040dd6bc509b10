"""Workbooks of Excel in XML (ECMA-376, part 1, section 18)."""

import posixpath
import re
from collections.abc import Iterator
from typing import cast

from outlast.inputs.excel.archive import MAX_SHARED, Archive
from outlast.inputs.excel.cells import Cell, CellError, Formats, Row, dated
from outlast.inputs.excel.xml import Attributes, Handler, each, local, parse

_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
"""How a text has characters that XML cannot have, such as a carriage return (section 22.9.2.19)."""
_MOST_LETTERS = 4
"""Of a column that are looked at: one with more than three is outside the sheet."""


class Xlsx:
    """Implements Sheets."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        main = next(name for name in archive.names if name.endswith("xl/workbook.xml"))
        self._folder = posixpath.dirname(main)
        found = list(each(archive.open(main, MAX_SHARED), {"sheet", "workbookPr"}.__contains__))
        self._sheets = [attributes for name, attributes in found if name == "sheet"]
        self._begins_1904 = any(attributes.get("date1904") in ("1", "true") for _, attributes in found)
        rels = f"{self._folder}/_rels/workbook.xml.rels"
        targets = each(archive.open(rels, MAX_SHARED), {"Relationship"}.__contains__)
        self._targets = {one["Id"]: one["Target"] for _, one in targets}

    def names(self) -> list[str]:
        """See Sheets."""
        return [sheet["name"] for sheet in self._sheets]

    def rows(self, sheet: int) -> Iterator[tuple[int, Row]]:
        """See Sheets."""
        path = self._path(self._targets[self._sheets[sheet]["id"]])
        handler = _Sheet(self._texts(), self._formats())
        for row in parse(self._archive.open(path), handler):
            yield cast(tuple[int, Row], row)

    def _path(self, target: str) -> str:
        return target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{self._folder}/{target}")

    def _texts(self) -> list[str]:
        path = f"{self._folder}/sharedStrings.xml"
        if path not in self._archive.names:
            return []
        return [cast(str, text) for text in parse(self._archive.open(path, MAX_SHARED), _Texts())]

    def _formats(self) -> Formats:
        path = f"{self._folder}/styles.xml"
        styles = _Styles()
        if path in self._archive.names:
            list(parse(self._archive.open(path, MAX_SHARED), styles))
        return Formats(tuple(styles.styles), styles.own, self._begins_1904)


class _Styles(Handler):
    def __init__(self) -> None:
        super().__init__()
        self.own: dict[int, str] = {}
        self.styles: list[int] = []
        self._inside = False

    def start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name == "numFmt":
            self.own[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif name == "xf" and self._inside:
            self.styles.append(int(attributes.get("numFmtId", "0")))
        self._inside = self._inside or name == "cellXfs"

    def end(self, name: str) -> None:
        self._inside = self._inside and local(name) != "cellXfs"


class _Texts(Handler):
    """The texts that cells share. How they are read aloud (`rPh`) is left out."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._reading = self._aloud = False

    def start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        self._reading = name == "t" and not self._aloud
        self._aloud = self._aloud or name == "rPh"

    def end(self, name: str) -> None:
        name = local(name)
        self._reading = False
        if name == "rPh":
            self._aloud = False
        elif name == "si":
            self.done.append(unescaped("".join(self._parts)))
            self._parts.clear()

    def text(self, data: str) -> None:
        if self._reading:
            self._parts.append(data)


class _Sheet(Handler):
    def __init__(self, texts: list[str], formats: Formats) -> None:
        super().__init__()
        self._texts, self._formats = texts, formats
        self._row, self._column, self._cells = 0, -1, dict[int, Cell]()
        self._kind, self._style, self._parts = "n", 0, list[str]()
        self._reading = self._aloud = False

    def start(self, name: str, attributes: Attributes) -> None:
        name = local(name)
        if name == "c":
            self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", "0"))
            self._column = _column(attributes["r"]) if "r" in attributes else self._column + 1
        elif name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 1)), -1
        self._reading = name == "v" or (name == "t" and not self._aloud)
        self._aloud = self._aloud or name == "rPh"

    def end(self, name: str) -> None:
        name = local(name)
        self._reading = False
        if name == "c":
            self._end_cell()
        elif name == "row":
            if self._cells:
                self.done.append((self._row, self._cells))
            self._cells = {}
        elif name == "rPh":
            self._aloud = False

    def text(self, data: str) -> None:
        if self._reading:
            self._parts.append(data)

    def _end_cell(self) -> None:
        if self._parts and (value := self._value("".join(self._parts))) is not None:
            self._cells[self._column] = value
        self._parts.clear()

    def _value(self, text: str) -> Cell:
        if self._kind == "n":
            return self._formats.value(float(text), self._style)
        if self._kind == "s":
            return self._texts[int(text)] or None
        if self._kind == "b":
            return text.strip() in ("1", "true")
        if self._kind == "e":
            return CellError(text)
        return dated(text) if self._kind == "d" else unescaped(text) or None


def _column(reference: str) -> int:
    """The column of a cell such as AB12, from 0 on."""
    number = 0
    for letter in reference[:_MOST_LETTERS]:
        if not letter.isalpha():
            break
        number = number * 26 + ord(letter.upper()) - 64
    return number - 1


def unescaped(text: str) -> str:
    """The text with what it escapes. Half a character of UTF-16 is one that is unknown, as in a file of .xlsb."""
    if "_x" not in text:
        return text
    found = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return found.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
