"""Fixed-width text."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs import InputRow, Reading, fixed_width, rows_format
from outlast.inputs.fixed_width import FixedLines
from outlast.inputs.stages import feed_all, finish_all
from outlast.report import FixedWidth

WIDTHS = (("id", 0, 3), ("name", 3, 8), ("n", 10, 12))


def read(data: bytes, size: int = 7, **said: Any) -> list[Any]:
    """Number and values, or code, of each row of a text that is fed in pieces."""
    reading = Reading(format="fixed", widths=WIDTHS, **said)
    stages = [FixedLines(WIDTHS, reading.header_line or 0, reading.comment or "")]
    copy = b"".join(b"".join(feed_all(stages, data[at : at + size])) for at in range(0, len(data), size))
    copy += b"".join(finish_all(stages))
    form = rows_format(reading)
    rows = form.rows(copy, form.columns(copy, True), 1)
    return [(row.number, row.values if isinstance(row, InputRow) else row.code) for row in rows]


def test_columns_stand_at_their_characters() -> None:
    """Values are trimmed, short lines lack the last ones, and lines before the rows, blanks and comments count."""
    data = "\ufeffTitle\n001Müllerx12\r\n\n# no\n002 Å     7\n003\n".encode()
    assert read(data, header_line=1, comment="#", nulls=("7",)) == [
        (2, {"id": "001", "name": "Mülle", "n": "12"}),
        (5, {"id": "002", "name": "Å", "n": None}),
        (6, {"id": "003", "name": None, "n": None}),
    ]


def test_bytes_that_are_no_text_cost_their_row() -> None:
    """A byte that is not UTF-8 spoils the row in whose columns it stands."""
    assert read(b"001M\xfcll\n002 \xe9\n003 abcd\xff\n004ok\n") == [
        (1, "encoding"),
        (2, "encoding"),
        (3, {"id": "003", "name": "abcd", "n": None}),
        (4, {"id": "004", "name": "ok", "n": None}),
    ]


@given(st.lists(st.text("ab é\t", max_size=14), max_size=6), st.integers(1, 20), st.sampled_from(["\n", "\r\n"]))
def test_rows_are_slices_of_the_lines(lines: list[str], size: int, line_end: str) -> None:
    """However the text is fed, a row has the slices of its line."""
    found = read("".join(line + line_end for line in lines).encode(), size)
    assert found == [
        (number, {name: line[start:end].strip() or None for name, start, end in WIDTHS})
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def test_a_long_line_is_read_as_far_as_its_columns_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the columns of an overlong line is not held."""
    monkeypatch.setattr(fixed_width, "MAX_RECORD", 50)
    assert [row["id"] for _, row in read(b"001" + b"x" * 500 + b"\n002\n")] == ["001", "002"]


def test_a_report_says_its_columns() -> None:
    """Columns are named with where they begin and end."""
    reading = FixedWidth(columns={"id": (0, 3), "n": (3, 5)}, encoding="cp1252").reading()
    assert (reading.format, reading.widths, reading.encoding) == ("fixed", (("id", 0, 3), ("n", 3, 5)), "cp1252")
    with pytest.raises(ValueError, match="must begin before it ends"):
        FixedWidth(columns={"id": (3, 3)})
