"""Rows of an input that a person has corrected: a JSON array a line, `[number of the row, [its fields]]`.

The number is that of the row in the original input. A run stages its corrections in this form, whatever they were sent
as, and reads them with the columns of its input.
"""

import re
from collections.abc import Iterable, Iterator

import orjson

from outlast.inputs.formats import rows_format
from outlast.inputs.reading import Reading
from outlast.inputs.types import MAX_FIELD_SHOWN, BadRow, InputRow

_LINE_ENDS = re.compile(r"[\r\n]+")
"""Python's splitlines would take U+2028, U+0085 and others for line ends, which JSON may have in its texts."""


def encode_corrected(rows: Iterable[tuple[int, list[str]]]) -> bytes:
    """The lines of rows in their order. A line end cannot stand inside one, because JSON escapes it."""
    return b"".join(orjson.dumps([number, fields]) + b"\n" for number, fields in rows)


def corrected_rows(data: bytes, reading: Reading, columns: list[str]) -> Iterator[InputRow | BadRow]:
    """The rows, each with its own number. An input without columns has its record in a single field.

    A value is the field's text, or None when it is empty or one of the reading's nulls, as in the input.
    """
    end = 0
    for line in data.splitlines(keepends=True):
        end += len(line)
        number, fields = orjson.loads(line)
        if columns:
            yield _row(number, end, fields, reading, columns)
        else:
            yield _record(number, end, fields[0], reading)


def fields_of_corrected(data: bytes) -> dict[int, list[str]]:
    """The fields of each row by its number."""
    return dict(map(orjson.loads, data.splitlines()))


def _row(number: int, end: int, fields: list[str], reading: Reading, columns: list[str]) -> InputRow | BadRow:
    shown = [text[:MAX_FIELD_SHOWN] for text in fields]
    if len(fields) != len(columns):
        message = f"{len(fields):,} fields where the header has {len(columns):,}"
        return BadRow(number, end, "", "field_count", message, shown)
    nulls = {"", *(reading.nulls or ())}
    texts = [text.strip() for text in fields] if reading.trim else fields
    values = {name: None if text in nulls else text for name, text in zip(columns, texts, strict=True) if name}
    return InputRow(number, end, values, shown)


def _record(number: int, end: int, record: str, reading: Reading) -> InputRow | BadRow:
    line = _LINE_ENDS.sub(" ", record) if record.strip() else "null"
    [row] = rows_format(reading).rows(line.encode() + b"\n", [], number)
    return row._replace(number=number, end=end)
