"""Rows of an input that a person has corrected: a JSON array a line, `[number of the row, [its fields]]`.

The number is that of the row in the original input. A run stages its corrections in this form, whatever they were sent
as, and reads them with the columns of its input.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import orjson

from outlast.inputs.json_lines import read_line
from outlast.inputs.types import MAX_FIELD_SHOWN, BadRow, InputRow


@dataclass(frozen=True, slots=True)
class Corrected:
    """The lines of one stretch of a run's corrections."""

    name: str = "corrected"

    def rows(self, data: bytes, columns: list[str], row: int) -> Iterator[InputRow | BadRow]:
        """The rows, each with its own number. An input without columns has its record in a single field."""
        end = 0
        for line in data.splitlines(keepends=True):
            end += len(line)
            number, fields = orjson.loads(line)
            if columns and len(fields) != len(columns):
                message = f"{len(fields):,} fields where the header has {len(columns):,}"
                yield BadRow(number, end, "", "field_count", message, [text[:MAX_FIELD_SHOWN] for text in fields])
            elif columns:
                values = {name: text or None for name, text in zip(columns, fields, strict=True) if name}
                yield InputRow(number, end, values, [text[:MAX_FIELD_SHOWN] for text in fields])
            else:
                yield read_line(number, end, fields[0].encode())


CORRECTED = Corrected()


def encode_corrected(rows: Iterable[tuple[int, list[str]]]) -> bytes:
    """The lines of rows in their order. A line end cannot stand inside one, because JSON escapes it."""
    return b"".join(orjson.dumps([number, fields]) + b"\n" for number, fields in rows)
