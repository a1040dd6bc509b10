"""Workbooks: sheets, headers, cells of every kind, and damage."""

import io
import zipfile
from collections.abc import Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.inputs import BadInput, InputRow, Reading, Wanted, resolved, rows_format
from outlast.inputs.excel import archive
from outlast.inputs.excel.cells import CellError, Formats
from outlast.inputs.excel.workbook import workbook_lines
from tests.fakes.workbooks import make_ods, make_xlsx

NEEDED = Wanted(needed=["id", "n"], texts=["id"], numbers=["n"])


def read(data: bytes, wanted: Wanted = NEEDED, **said: Any) -> list[Any]:
    """Number, and values or code, of each row."""
    copy = b"".join(workbook_lines(io.BytesIO(data), Reading(format="excel", **said), wanted))
    reading = resolved(Reading(format="excel", **said), copy, True, wanted)
    form = rows_format(reading)
    begin, row = form.first(copy, True)
    rows = form.rows(copy[begin:], form.columns(copy, True), row)
    return [(row.number, row.values if isinstance(row, InputRow) else row.code) for row in rows]


@pytest.mark.parametrize("make", [make_xlsx, make_ods])
def test_the_sheet_and_the_header_are_found_by_the_columns(make: Any) -> None:
    """Sheets without the columns, and rows before the header, are passed over; numbers of rows are the sheet's."""
    data = make(
        {"Cover": [["Report"], [None], ["id", "x"]], "Data": [["Title"], [], ["id", "n"], ["a", 1], [], [7, 2.5]]}
    )
    assert read(data) == [(4, {"id": "a", "n": 1}), (6, {"id": "7", "n": 2.5})]
    assert read(data, Wanted.anything(), sheet=2, header_line=3)[0] == (4, {"id": "a", "n": 1})
    assert read(data, Wanted.anything(), sheet="Cover")[0] == (3, {"Report": "id"})
    assert read(data, sheet="Data", header_line=0, names=("id", "n"))[0] == (1, {"id": "Title", "n": None})


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ({"sheet": "Cover"}, "No sheet has id, n. 'Cover' has in row 1: Report. Say sheet and header_line"),
        ({"sheet": "Other"}, "There is no sheet 'Other'. There are: Cover, Data"),
        ({"sheet": 3}, "There is no sheet 3"),
        ({"header_line": 1}, "'Data' has in row 1: id, m"),
    ],
)
def test_a_sheet_without_the_columns_is_refused(said: dict[str, Any], says: str) -> None:
    """The text shows what the sheets have."""
    with pytest.raises(BadInput) as caught:
        read(make_xlsx({"Cover": [["Report"]], "Data": [["id", "m"], ["a", 1]]}), **said)
    assert says in str(caught.value)


def test_empty_cells_are_none_and_unnamed_columns_are_left_out() -> None:
    """Cells that are missing, merged or behind the header are None or left out."""
    data = make_xlsx({"S": [["id", None, "n"], ["a", "x", None, "far"], [None, None, 3]]})
    assert read(data) == [(2, {"id": "a", "n": None}), (3, {"id": None, "n": 3})]
    assert read(data, nulls=("a",))[0] == (2, {"id": None, "n": None})
    assert read(make_xlsx({"S": [["id", "n"], ["no", "EUR"], ["a", 1]]}), units=True) == [(3, {"id": "a", "n": 1})]


@pytest.mark.parametrize(
    ("code", "number", "value"),
    [
        ("General", 5, 5),
        ("0.00", 0.1, 0.1),
        ("[Red]0.00;[Blue]-0.00", 45688.5, 45688.5),
        ("yyyy-mm-dd", 45688, "2025-01-31"),
        ("dd/mm/yy hh:mm", 45688.75, "2025-01-31T18:00:00"),
        ('"Tag "d.m.yyyy', 1, "1900-01-01"),
        ("d. mmm", 61, "1900-03-01"),
        ("hh:mm", 0.75, "18:00:00"),
        ("[h]:mm", 1.5, "PT129600S"),
        ("mmmm", 45688, "2025-01-31"),
        ("yyyy", -5, "cell_error"),
        ('0 "days"', 3, 3),
    ],
)
def test_numbers_are_what_their_format_shows(code: str, number: float, value: Any) -> None:
    """A number with the format of a date, time or duration is that."""
    data = make_xlsx({"S": [["id", "n"], ["a", (number, code)]]})
    [(_, values)] = read(data)
    assert (values if isinstance(values, str) else values["n"]) == value


def test_days_can_count_from_1904() -> None:
    """A workbook of old Macintoshes counts from another day."""
    formats = Formats((14,), {}, begins_1904=True)
    assert str(formats.value(0, 0)) == "1904-01-01"
    assert isinstance(Formats((14,), {}).value(1e9, 0), CellError)


MARKS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff_#")
NUMBERS = st.integers(-(2**52), 2**52) | st.floats(allow_nan=False, allow_infinity=False)
CELLS = st.none() | st.booleans() | NUMBERS | st.text(MARKS, min_size=1, max_size=6)


@settings(max_examples=100)
@given(st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6), st.sampled_from([make_xlsx, make_ods]))
def test_cells_come_back_as_they_were(rows: list[list[Any]], make: Any) -> None:
    """Any cells are read as they were written, at the number of their row."""
    found = dict(read(make({"S": [["x", "n"], *rows]}), Wanted(needed=["x", "n"], texts=[], numbers=[])))
    assert found == {number: {"x": row[0], "n": row[1]} for number, row in enumerate(rows, 2) if row != [None, None]}


def packed(files: dict[str, bytes]) -> bytes:
    """An archive of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(name, text)
    return data.getvalue()


def changed(name: str, old: bytes, new: bytes) -> bytes:
    """A workbook with a change in one of its files."""
    with zipfile.ZipFile(io.BytesIO(make_xlsx({"S": [["id", "n"], ["a", 1]]}))) as opened:
        files = {each: opened.read(each) for each in opened.namelist()}
    return packed({**files, name: files[name].replace(old, new)})


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PK\x03\x04 broken", "The workbook is damaged"),
        (packed({"a.txt": b""}), "no workbook of the kinds"),
        (changed("xl/worksheets/sheet1.xml", b"</row>", b""), "The workbook is damaged"),
        (changed("xl/worksheets/sheet1.xml", b"<v>1</v>", b"<v>one</v>"), "The workbook is damaged"),
        (changed("xl/workbook.xml", b"<workbook", b'<!DOCTYPE x [<!ENTITY a "b">]><workbook'), "declares entities"),
        (changed("xl/_rels/workbook.xml.rels", b"sheet1", b"sheet9"), "lacks xl/worksheets/sheet9.xml"),
        (
            packed({"xl/workbook.bin": b"\x9c\x01\x7fx", "xl/_rels/workbook.bin.rels": b"<r/>"}),
            "a record ends too early",
        ),
        (packed({"content.xml": b"<a><table:table xmlns:table='t' table:name='S'/></a>"}), "No sheet has id, n"),
    ],
)
def test_damaged_workbooks_are_refused(data: bytes, says: str) -> None:
    """A workbook that is damaged or no workbook is refused with what to do."""
    with pytest.raises(BadInput) as caught:
        read(data)
    assert says in str(caught.value)


def test_a_workbook_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sheet that inflates to more than the limit is refused before it is read."""
    monkeypatch.setattr(archive, "MAX_PART", 1000)
    monkeypatch.setattr(archive.Archive.open, "__defaults__", (1000,))
    with pytest.raises(BadInput, match=r"sheet1.xml has [\d,]+ bytes and 1,000 are read. Save the sheet as CSV"):
        read(make_xlsx({"S": [["id", "n"], *([["a", 1]] * 100)]}))


def test_lines_of_cells_are_arrays() -> None:
    """The copy of a workbook is a JSON array for each row."""
    rows: Sequence[Any] = [["id", "n"], ["a", True]]
    copy = b"".join(workbook_lines(io.BytesIO(make_xlsx({"S": rows})), Reading(), NEEDED))
    assert [orjson.loads(line) for line in copy.splitlines()] == rows
