"""A chunk of CSV as columns of different values, where nothing about it is doubtful.

What is doubtful (quotes, blank lines, a wrong number of fields, text that is not UTF-8, a value that its field refuses)
is not judged here: such a chunk has no columns, and its rows are read one by one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from pydantic import ValidationError

from outlast.generating.field_values import field_values
from outlast.inputs.formula_guard import is_rejects_header
from outlast.report import Row

NEW_LINE, RETURN = b"\n\r"
Numbers = np.ndarray[Any, np.dtype[np.int64]]
_TELLS = ~np.isin(np.arange(256), list(b" \t,\r\n"))
"""Which bytes make a line a row: a line without them is blank."""


@dataclass(frozen=True, slots=True)
class Column:
    """`values` are the different values, and `codes` the position there of each row's value."""

    values: Sequence[Any]
    codes: Numbers


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of the row's fields, and the offset behind each line."""

    of: Mapping[str, Column]
    ends: Numbers


def columns_of(row: type[Row], names: Sequence[str], data: bytes) -> Columns | None:
    """The columns of the rows in `data`; None where anything is doubtful."""
    if not set(row.model_fields) <= set(names) or len(set(names)) < len(names) or is_rejects_header(list(names)):
        return None
    if (ends := _clean_lines(data, len(names))) is None:
        return None
    positions = {name: str(names.index(name)) for name in row.model_fields}
    try:
        table = _table(data, len(names), list(positions.values()))
        return Columns({name: _column(table[at], row, name) for name, at in positions.items()}, ends)
    except (pa.ArrowInvalid, ValidationError):
        return None


def _clean_lines(data: bytes, width: int) -> Numbers | None:
    """The offset behind each line, where each is a record of UTF-8 that is no blank line, and no byte in it has a
    special meaning."""
    if b'"' in data or b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return None
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    text = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", np.uint8)
    ends = np.flatnonzero(text == NEW_LINE)
    lengths = np.diff(ends, prepend=-1) - 1 - (text[ends - 1] == RETURN)
    if not (lengths >= width).all():  # a line of commas only is shorter by one
        return None
    begins = np.concatenate(([0], ends[:-1] + 1))
    if not np.logical_or.reduceat(_TELLS[text], begins).all():
        return None
    return np.minimum(ends + 1, len(data))


def _table(data: bytes, width: int, included: list[str]) -> Any:
    return csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(column_names=[str(at) for at in range(width)], use_threads=False, block_size=len(data) + 1),
        csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
        csv.ConvertOptions(
            column_types=dict.fromkeys(included, pa.string()),
            include_columns=included,
            check_utf8=False,
            strings_can_be_null=False,
        ),
    ).combine_chunks()


def _column(texts: Any, row: type[Row], name: str) -> Column:
    """Raises ValidationError for a text that the field refuses.

    `to_numpy` would load pandas where it is installed, which takes 50 MB.
    """
    [coded] = texts.dictionary_encode().chunks  # reading texts and encoding them then takes less time than both at once
    nulls = row.null_values
    values = [None if not text or text in nulls else text for text in coded.dictionary.to_pylist()]
    return Column(field_values(row, name, values), np.from_dlpack(coded.indices).astype(np.int64))
