"""A chunk of CSV as columns of different values, where nothing about it is doubtful.

What is doubtful (quotes, blank lines, a wrong number of fields, text that is not UTF-8, a value that its field refuses)
is not judged here: such a chunk has no columns, and its rows are read one by one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from pydantic import ValidationError, create_model

from outlast.inputs.formula_guard import is_rejects_header
from outlast.report import Row

NEW_LINE, RETURN = b"\n\r"
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Parse = Callable[[str | None], Any]
KEPT, SHORT = 10_000, 40
"""Values of a field that are kept from chunk to chunk, and the length of their texts."""


@dataclass(frozen=True, slots=True)
class Column:
    """`values` are the different values, and `codes` the position there of each row's value."""

    values: Sequence[Any]
    codes: Numbers


def columns_of(row: type[Row], names: Sequence[str], data: bytes) -> Mapping[str, Column] | None:
    """The columns of the row's fields; None where anything is doubtful."""
    if not set(row.model_fields) <= set(names) or len(set(names)) < len(names) or is_rejects_header(list(names)):
        return None
    if not _is_clean(data, len(names)):
        return None
    positions = {name: str(names.index(name)) for name in row.model_fields}
    try:
        table = _table(data, len(names), list(positions.values()))
        return {name: _column(table[at], row, name) for name, at in positions.items()}
    except (pa.ArrowInvalid, ValidationError):
        return None


def _is_clean(data: bytes, width: int) -> bool:
    """Whether each line is a record of UTF-8 that is no blank line, and no byte in it has a special meaning."""
    if b'"' in data or b"\0" in data or (b"\r" in data and data.count(b"\r") != data.count(b"\r\n")):
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    text = np.frombuffer(data if data.endswith(b"\n") else data + b"\n", np.uint8)
    ends = np.flatnonzero(text == NEW_LINE)
    lengths = np.diff(ends, prepend=-1) - 1 - (text[ends - 1] == RETURN)
    return bool((lengths >= width).all())  # a line of commas only is shorter by one


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
    """Raises ValidationError for a text that the field refuses."""
    [coded] = texts.dictionary_encode().chunks  # reading texts and encoding them then takes less time than both at once
    parse = _parser(row, name)
    values = [parse(text or None) for text in coded.dictionary.to_pylist()]
    return Column(values, coded.indices.to_numpy(zero_copy_only=False).astype(np.int64))


@cache
def _parser(row: type[Row], name: str) -> Parse:
    """What a field makes of a text, or of None for an empty one."""
    field = row.model_fields[name]
    if field.annotation is str:
        return lambda text: _one_field(row, name)(text) if text is None or text in row.null_values else text
    return _one_field(row, name)


@cache
def _one_field(row: type[Row], name: str) -> Parse:
    base = type("One", (Row,), {"null_values": row.null_values})
    one = create_model("One", __base__=base, **{name: (row.model_fields[name].annotation, ...)})  # type: ignore[call-overload]
    validate = one.model_validate

    def parse(text: str | None) -> Any:
        return getattr(validate({name: text}), name)

    known = lru_cache(KEPT)(parse)
    return lambda text: known(text) if text is None or len(text) <= SHORT else parse(text)
