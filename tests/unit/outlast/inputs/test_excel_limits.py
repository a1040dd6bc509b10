"""Workbooks that would take too much memory, and cells that no value can hold."""

import io
import zipfile
from typing import Any

import pytest

from outlast.inputs import BadInput, Reading
from outlast.inputs.converters import copy_of
from outlast.inputs.excel.cells import CellError, Formats
from outlast.inputs.excel.workbook import workbook_lines
from outlast.inputs.reading import Wanted
from tests.fakes.workbooks import make_ods, make_xlsx
from tests.unit.outlast.inputs.test_excel import NEEDED, packed, read

MIB = 1024**2


def with_sheet(old: str, new: str, **tables: Any) -> bytes:
    """A workbook of Excel or LibreOffice with a change in its sheet."""
    made = make_ods({"S": tables["ods"]}) if "ods" in tables else make_xlsx({"S": tables["xlsx"]})
    name = "content.xml" if "ods" in tables else "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(io.BytesIO(made)) as opened:
        files = {each: opened.read(each) for each in opened.namelist()}
    assert old.encode() in files[name]
    return packed({**files, name: files[name].replace(old.encode(), new.encode())})


def in_xlsx(old: str, new: str) -> bytes:
    return with_sheet(old, new, xlsx=[["id", "n"], ["a", 1]])


def record(kind: int, data: bytes) -> bytes:
    """A record of .xlsb with fewer than 128 bytes."""
    number = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
    return number + bytes([len(data)]) + data


def text(value: str) -> bytes:
    return len(value).to_bytes(4, "little") + value.encode("utf-16-le")


def in_xlsb(row: int, column: int) -> bytes:
    """A workbook with the header in row 1 and a cell with `far` elsewhere."""

    def cell(at: int, value: str) -> bytes:
        return record(6, at.to_bytes(4, "little") + bytes(4) + text(value))

    sheet = record(0, bytes(4)) + cell(0, "id") + cell(1, "n")
    sheet += record(0, row.to_bytes(4, "little")) + cell(column, "far")
    relations = b'<Relationships><Relationship Id="r1" Target="worksheets/sheet1.bin"/></Relationships>'
    return packed(
        {
            "xl/workbook.bin": record(156, bytes(8) + text("r1") + text("S")),
            "xl/_rels/workbook.bin.rels": relations,
            "xl/worksheets/sheet1.bin": sheet,
        }
    )


@pytest.mark.parametrize(
    "data",
    [
        in_xlsx('<row r="2">', '<row r="3000000000">'),
        in_xlsx('<row r="2">', '<row r="1048577">'),
        in_xlsx('<row r="2">', '<row r="1">'),
        in_xlsx('<row r="1">', '<row r="-1">'),
        in_xlsx('r="B1"', 'r="ZZZZZZ1"'),
        in_xlsx('r="B1"', f'r="{"Z" * 100_000}1"'),
        in_xlsx('r="B2"', 'r="XFE2"'),
        in_xlsx('r="B2"', 'r="2"'),
        in_xlsb(3_000_000_000, 0),
        in_xlsb(1, 3_000_000_000),
    ],
)
def test_a_cell_outside_a_sheet_is_refused(data: bytes) -> None:
    """A row or column that no sheet has is refused before lines or columns up to it are made."""
    with pytest.raises(BadInput, match=r"The workbook is damaged: row [-\d,]+ (comes after|has a cell outside)"):
        read(data)


def test_the_last_cell_of_a_sheet_is_read() -> None:
    """The last row and the last column that a sheet has are read."""
    assert read(in_xlsx('<row r="2">', '<row r="1048576">')) == [(1_048_576, {"id": "a", "n": 1})]
    assert read(in_xlsx('r="B2"', 'r="XFD2"')) == [(2, {"id": "a", "n": None})]
    assert read(in_xlsb(1_048_575, 0)) == [(1_048_576, {"id": "far", "n": None})]


def test_blanks_that_are_counted_have_a_limit() -> None:
    """LibreOffice's count of blanks makes as many as it says, but not so many that they fill the memory."""
    table = [["id", "n"], ["a b", 1]]
    assert read(with_sheet("<text:s/>", '<text:s text:c="3"/>', ods=table)) == [(2, {"id": "a   b", "n": 1})]
    with pytest.raises(BadInput, match=r"row 2 has more than 262,144 blanks"):
        read(with_sheet("<text:s/>", '<text:s text:c="9999999999"/>', ods=table))


def test_cells_that_share_a_long_text_do_not_fill_the_memory() -> None:
    """A row with more text than a record may have is a reject, and no more of it than that is made into a line."""
    table = [["id", "n", "m"], *([["long", 1, "long"]] * 4)]
    data = with_sheet(">long<", f">{'x' * 9 * MIB}<", xlsx=table)
    assert max(map(len, workbook_lines(io.BytesIO(data), Reading(), NEEDED))) < 10 * MIB


def test_a_long_row_before_the_header_is_refused() -> None:
    """A row of many megabytes is not looked at for names of columns."""
    with pytest.raises(BadInput, match="A row before the header has more than 1,048,576 characters"):
        read(with_sheet(">id<", f">{'x' * 2 * MIB}<", xlsx=[["id", "n"]]))


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("[h]:mm:ss", "20130115000"),
        ("[h]:mm:ss", "1E999"),
        ("[h]:mm:ss", "-20130115000"),
        ("yyyy-mm-dd", "1E999"),
        ("yyyy-mm-dd", "2958465.9999999"),
        ("hh:mm", "nan"),
        ("General", "1E999"),
    ],
)
def test_a_number_that_is_no_value_costs_its_row(code: str, number: str) -> None:
    """A number that its format or JSON cannot show is an error of its cell, and the other rows are read."""
    table = [["id", "n"], ["a", (0.5, code)], ["b", 2]]
    assert read(with_sheet("<v>0.5</v>", f"<v>{number}</v>", xlsx=table)) == [
        (2, "cell_error"),
        (3, {"id": "b", "n": 2}),
    ]


@pytest.mark.parametrize("number", [2_958_000, 2_957_004])
def test_a_day_after_9999_is_an_error_where_days_count_from_1904(number: int) -> None:
    """The last day is the same, whatever day a workbook counts from."""
    formats = Formats((14,), {}, begins_1904=True)
    assert isinstance(formats.value(number, 0), CellError)
    assert str(formats.value(2_957_003, 0)) == "9999-12-31"


@pytest.mark.parametrize(
    ("escaped", "value"),
    [("_xD83D_", "\ufffd"), ("_xD83D__xDE00_", "\U0001f600"), ("_xDE00_a", "\ufffda"), ("_x000D_", "\r")],
)
def test_half_a_character_is_an_unknown_one(escaped: str, value: str) -> None:
    """Two escapes that make one character of UTF-16 are that, and one alone stands for a character that is unknown."""
    assert read(make_xlsx({"S": [["id", "n"], [escaped, 1]]})) == [(2, {"id": value, "n": 1})]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('office:value-type="float" office:value="1"', 'office:value-type="float" office:value="1E999"'),
        (
            'office:value-type="float" office:value="1"',
            'office:value-type="time" office:time-value="PT99999999999999H0M0S"',
        ),
    ],
)
def test_a_number_of_libreoffice_that_is_no_value_costs_its_row(old: str, new: str) -> None:
    """A number without an end and a time that is too long are errors of their cells."""
    assert read(with_sheet(old, new, ods=[["id", "n"], ["a", 1]])) == [(2, "cell_error")]


def test_a_workbook_that_becomes_too_large_is_refused() -> None:
    """A few bytes of each cell can name a long text, so what is made of them is counted."""
    file = io.BytesIO(make_xlsx({"S": [["id", "n"], *([["a" * 1000, 1]] * 50)]}))
    wanted = Wanted(needed=["id"], texts=["id"], numbers=["n"])
    with pytest.raises(BadInput, match="The workbook file holds more than 20,000 bytes"):
        list(copy_of(file, Reading(format="excel"), wanted, 20_000))
    assert len(b"".join(copy_of(file, Reading(format="excel"), wanted, 100_000))) > 50_000


def test_a_workbook_that_is_packed_with_lzma_is_refused() -> None:
    """No spreadsheet program does that, and it could ask for 4 GiB of memory."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(in_xlsx("a", "a"))) as opened,
        zipfile.ZipFile(made, "w", zipfile.ZIP_LZMA) as archive,
    ):
        for name in opened.namelist():
            archive.writestr(name, opened.read(name))
    with pytest.raises(BadInput, match="as no spreadsheet program does it"):
        read(made.getvalue())
