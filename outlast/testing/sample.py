"""The first rows of a file, read without a report: what a report for such files is written from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from outlast.inputs import BadInput, InputRow, Reading, detect_format, is_copied, rows_format
from outlast.inputs.csv_dialect import DELIMITERS
from outlast.inputs.detect import LOOK_AT
from outlast.inputs.find_dialect import MissingColumns
from outlast.inputs.reading import Wanted
from outlast.testing.whole_input import WholeInput, read_input

MOST_ROWS = 20_000
MOST_BYTES = 32 * 1024 * 1024
"""Bytes of a file that are read, where rows can be read from its beginning alone."""
TRIED_ROWS = 200
"""Rows by which delimiters are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """`rows` are values by column. `bad` rows could not be read, `undecodable` of them because of their encoding.
    `whole`: these are all rows of the file. `reading` is how the file was read, and `text` the beginning of what rows
    were read from."""

    reading: Reading
    columns: list[str]
    rows: list[dict[str, Any]]
    bad: int
    undecodable: int
    whole: bool
    text: bytes


def read_sample(file: Path, options: Reading | None = None, most_rows: int = MOST_ROWS) -> Sample:
    """Raises BadInput where the file cannot be read, or its delimiter cannot be told."""
    said = options or Reading()
    data, cut = _beginning(file, said)
    whole = _read(data, file.name, said)
    rows, codes, ended = list[dict[str, Any]](), list[str](), True
    for row in _rows(whole):
        if len(rows) + len(codes) >= most_rows:
            ended = False
            break
        if isinstance(row, InputRow):
            rows.append(row.values)
        else:
            codes.append(row.code)
    columns = whole.columns or list(dict.fromkeys(name for row in rows for name in row))
    return Sample(
        reading=whole.reading,
        columns=columns,
        rows=rows,
        bad=len(codes),
        undecodable=codes.count("encoding"),
        whole=ended and not cut,
        text=whole.text,
    )


def _beginning(file: Path, said: Reading) -> tuple[bytes, bool]:
    """The whole file, or its first lines where that is enough, and whether it was cut."""
    with file.open("rb") as opened:
        head = opened.read(MOST_BYTES + 1)
        found = detect_format(None, file.name, head[:LOOK_AT], whole=len(head) <= LOOK_AT, said=said)
        if is_copied(found.reading):
            return head + opened.read(), False
    if len(head) <= MOST_BYTES:
        return head, False
    return head[: head.rfind(b"\n") + 1] or head, True


def _read(data: bytes, name: str, said: Reading) -> WholeInput:
    """Of several delimiters take the one under which the most rows can be read, then the one with the most columns."""
    try:
        return read_input(data, name, said, Wanted.anything())
    except MissingColumns:
        if said.delimiter is not None:
            raise
    tried = [_under(data, name, replace(said, delimiter=one)) for one in DELIMITERS]
    good = [one for one in tried if one is not None and len(one.columns) > 1]
    if not good:
        raise BadInput("delimiter", "The delimiter cannot be told; say it, as with --delimiter ';'.")
    return max(good, key=_fit)


def _under(data: bytes, name: str, said: Reading) -> WholeInput | None:
    try:
        return read_input(data, name, said, Wanted.anything())
    except BadInput:
        return None


def _fit(whole: WholeInput) -> tuple[float, int]:
    tried = [isinstance(row, InputRow) for _, row in zip(range(TRIED_ROWS), _rows(whole), strict=False)]
    return sum(tried) / max(1, len(tried)), len(whole.columns)


def _rows(whole: WholeInput) -> Iterator[Any]:
    form = rows_format(whole.reading)
    for chunk in whole.chunks:
        if not chunk.overlong:
            yield from form.rows(whole.data_of(chunk), whole.columns, chunk.first_row)
