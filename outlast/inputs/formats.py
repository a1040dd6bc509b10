"""The formats that rows are read from, and what of an input is copied into one of them first."""

from collections.abc import Mapping
from dataclasses import replace

from outlast.inputs.arrow_frames import ArrowFrames
from outlast.inputs.cell_lines import CellLines
from outlast.inputs.csv_dialect import Dialect
from outlast.inputs.csv_file import CSV, CsvFile
from outlast.inputs.find_dialect import MissingColumns, find_dialect
from outlast.inputs.json_lines import JSON_LINES, JsonLines
from outlast.inputs.reading import UTF_8, Reading, Wanted
from outlast.inputs.types import InputFormat

FORMATS: Mapping[str, InputFormat] = {CSV.name: CSV, JSON_LINES.name: JSON_LINES}
"""By name, with their usual dialect."""
COPIED: Mapping[str, InputFormat] = {
    "json": JSON_LINES,
    "excel": CellLines(),
    "fixed": CellLines(),
    "parquet": ArrowFrames(),
}
"""What inputs of other formats are copied into, because no record of theirs can be found from its start."""


def is_copied(reading: Reading) -> bool:
    """Whether rows are read from a staged copy: in UTF-8, without compression, in a format of FORMATS."""
    return bool(reading.compression) or reading.encoding not in (None, UTF_8) or reading.format in COPIED


def rows_format(reading: Reading) -> InputFormat:
    """The format that rows are read from."""
    if reading.format == CSV.name:
        return CsvFile(dialect=Dialect.of(reading))
    name = reading.format or CSV.name
    if reading.exact and name in (JSON_LINES.name, "json"):
        return JsonLines(exact=reading.exact)
    if isinstance(COPIED.get(name), CellLines):
        return CellLines(names=_names(reading), nulls=frozenset(reading.nulls or ()))
    return COPIED.get(name) or FORMATS[name]


def resolved(reading: Reading, head: bytes, at_end: bool, wanted: Wanted) -> Reading:
    """The reading with what only the beginning of the text can say. `head` is what rows are read from.

    Raises BadInput where the input cannot be read so, IncompleteHeader where more of it is needed.
    """
    if reading.format == CSV.name:
        return find_dialect(reading, head, at_end, wanted)
    if reading.format == "excel" and reading.header_line == 0 and not reading.names:
        reading = replace(reading, names=tuple(wanted.columns or ()))
    if wanted.decimals:
        reading = replace(reading, exact=tuple(wanted.decimals))
    form = rows_format(reading)
    columns = form.columns(head, at_end)
    if isinstance(form, ArrowFrames):
        reading = replace(reading, typed=form.is_typed(head, wanted.kinds))
    if columns and (missing := wanted.missing(columns)):
        text = f"The columns lack {', '.join(missing)}, which the report needs. They are: {', '.join(columns)[:500]}."
        raise MissingColumns(text, missing, columns)
    return reading


def _names(reading: Reading) -> tuple[str, ...]:
    """The columns where no line of cells names them."""
    if reading.format == "fixed":
        return tuple(name for name, _, _ in reading.widths or ())
    return reading.names or () if reading.header_line == 0 else ()
