"""JSON Lines (https://jsonlines.org): a JSON object on each line, in UTF-8."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO
from typing import Any

from outlast.inputs.byte_order_mark import marks_end
from outlast.inputs.cutting import Limits, Lines, cut_window, skip_line
from outlast.inputs.exact_json import parse_json
from outlast.inputs.types import MAX_FIELD_SHOWN, MAX_RECORD, BadInput, BadRow, Cut, InputRow

_BLANK = b" \t\r\n"
_OBJECT_LINE = re.compile(rb"^[ \t]*\{", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A record is a line. Blank lines are not rows but count in the numbering: a row's number is its line's number."""

    max_record: int = MAX_RECORD
    name: str = "jsonl"
    exact: tuple[str, ...] = ()
    """Members whose numbers are read as Decimals."""

    def columns(self, head: bytes, at_end: bool) -> list[str]:
        """Empty, because the format has no header. Raises BadInput when no line begins like an object."""
        text = head[marks_end(head) :].strip(_BLANK)
        if not text:
            raise BadInput("body", "The input is empty. Send one JSON object a line.")
        if not _OBJECT_LINE.search(text):
            raise BadInput("body", "The input is not JSON Lines: no line begins with '{'. Send one JSON object a line.")
        return []

    def first(self, head: bytes, at_end: bool) -> tuple[int, int]:
        """The position after byte order marks, and row 1."""
        self.columns(head, at_end)
        return marks_end(head), 1

    def cut(self, window: bytes, at_end: bool, offset: int, row: int, target: int) -> Cut:
        """See InputFormat."""
        limits = Limits(min(target, self.max_record - 1), self.max_record)
        return cut_window(Lines(window, at_end, self.max_record), window, at_end, offset, row, limits)

    def skip(self, window: bytes) -> int | None:
        """See InputFormat."""
        return skip_line(window)

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """See InputFormat. `fields` is the line itself, cut at 10,000 characters."""
        end = 0
        for number, line in enumerate(BytesIO(data), row):
            end += len(line)
            record = line.strip(_BLANK)
            if record:
                yield _row(number, end, record, self.exact)

    def overlong(self, head: bytes, columns: list[str], row: int) -> BadRow:
        """See InputFormat."""
        return BadRow(row, len(head), "", "too_long", f"the line has {self.max_record:,} bytes or more", [_shown(head)])


def _row(number: int, end: int, record: bytes, exact: tuple[str, ...]) -> InputRow | BadRow:
    try:
        values = parse_json(record)
        if exact and type(values) is dict:
            values = {**values, **_decimals(record, exact)}
    except (ValueError, RecursionError) as error:
        return _bad(number, end, record, str(error))
    if type(values) is not dict:
        return _bad(number, end, record, f"a JSON {_kind(values)} where an object is wanted")
    return InputRow(number, end, values, [record[: 4 * MAX_FIELD_SHOWN].decode(errors="ignore")[:MAX_FIELD_SHOWN]])


def _decimals(record: bytes, names: tuple[str, ...]) -> dict[str, Any]:
    """The members of these names, with a Decimal wherever JSON has a fraction or a power."""
    whole = json.loads(record, parse_float=Decimal)
    return {name: whole[name] for name in names if name in whole}


def _bad(number: int, end: int, record: bytes, message: str) -> BadRow:
    try:
        record.decode()
    except UnicodeDecodeError as error:
        fault = f"byte {error.start + 1} of the line is not UTF-8"
        return BadRow(number, end, "", "encoding", fault, [_shown(record)])
    return BadRow(number, end, "", "json", message, [_shown(record)])


def _shown(record: bytes) -> str:
    return record[: 4 * MAX_FIELD_SHOWN].decode(errors="replace")[:MAX_FIELD_SHOWN]


def _kind(value: object) -> str:
    names = {list: "array", str: "string", bool: "boolean", type(None): "null"}
    return names.get(type(value), "number")


JSON_LINES = JsonLines()
