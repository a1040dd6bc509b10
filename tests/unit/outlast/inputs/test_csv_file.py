"""Valid and malformed CSV."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs import CSV, BadRow, InputRow
from outlast.inputs.quoting import MAX_QUOTED

NOT_UTF_8 = "bytes that are not UTF-8: say what they are, as encoding=cp1252, or save the file as UTF-8"


def read(data: bytes, columns: str = "a,b", row: int = 2) -> list[InputRow | BadRow]:
    """All rows of a chunk."""
    return list(CSV.rows(data, columns.split(","), row))


def values(data: bytes, columns: str = "a,b") -> list[dict[str, Any]]:
    """The values of all rows of a chunk in which every row is good."""
    rows = read(data, columns)
    assert all(isinstance(row, InputRow) for row in rows)
    return [row.values for row in rows if isinstance(row, InputRow)]


def codes(data: bytes, columns: str = "a,b") -> list[str]:
    """A word for each row: its code, or the first value of a good row."""
    return [row.code if isinstance(row, BadRow) else row.fields[0] for row in read(data, columns)]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
tables = st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), min_size=1))


@given(tables, st.sampled_from(["\r\n", "\n"]), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_the_csv_module_writes_is_read_back(table: list[list[str]], line_end: str, quoting: int) -> None:
    """Any table that Python's csv module writes is read back unchanged, but for rows of commas and blanks only."""
    table = [row for row in table if "".join(row).strip(" \t") or quoting == csv.QUOTE_ALL or row == [""]]
    written = io.StringIO()
    csv.writer(written, lineterminator=line_end, quoting=quoting).writerows(table)  # type: ignore[arg-type]  # an int is
    columns = [f"c{index}" for index in range(len(table[0]) if table else 1)]
    rows = list(CSV.rows(written.getvalue().encode(), columns, 2))
    assert [row.fields for row in rows] == table
    assert [row.number for row in rows] == list(range(2, 2 + len(table)))


@pytest.mark.parametrize(
    "data", [b"1,x\n2,y\n", b"1,x\n2,y", b"1,x\r\n2,y\r\n", b"1,x\r\r\n2,y\r", b'"1","x"\r\n2,"y"']
)
def test_line_ends_are_lf_or_crlf_and_the_last_may_be_missing(data: bytes) -> None:
    """Lines may end in LF or CRLF, and the last line end may be missing."""
    assert values(data) == [{"a": "1", "b": "x"}, {"a": "2", "b": "y"}]


def test_quoted_fields_hold_commas_quotes_and_line_ends() -> None:
    """The text between quotes is unchanged, except that doubled quotes become one."""
    assert values(b'"1,2","say ""hi"""\r\n"two\r\nlines",\n') == [
        {"a": "1,2", "b": 'say "hi"'},
        {"a": "two\r\nlines", "b": None},
    ]


def test_an_empty_field_is_none() -> None:
    """Empty and quoted-empty fields have the value None and the text ''."""
    (row,) = read(b',""\n')
    assert row == InputRow(2, 4, {"a": None, "b": None}, ["", ""])


def test_a_quote_inside_an_unquoted_field_is_literal() -> None:
    """A quote after the start of a field is part of its text."""
    assert values(b'5" pipe,x"y"\n') == [{"a": '5" pipe', "b": 'x"y"'}]


def test_blank_lines_are_no_rows_but_count() -> None:
    """A row's number counts the blank lines before it."""
    assert [row.number for row in read(b"\n1,x\r\n\r\n\n2,y\n")] == [3, 6]


def test_a_record_of_several_lines_counts_once() -> None:
    """The row after a field with line ends has the next number."""
    assert [row.number for row in read(b'"a\nb\nc",1\n2,2\n')] == [2, 3]


@pytest.mark.parametrize(
    ("data", "message", "shown"),
    [
        (b"1\n", "1 field where the header has 2", ["1"]),
        (b"1,2,3,4\n", "4 fields where the header has 2", ["1", "2,3,4"]),
        (b'"1","2","3"\n', "3 fields where the header has 2", ["1", "2,3"]),
    ],
)
def test_too_few_or_too_many_fields_cost_the_row(data: bytes, message: str, shown: list[str]) -> None:
    """A row with the wrong number of fields is rejected and has at most one text for each column."""
    bad, good = read(data + b"8,9\n")
    assert bad == BadRow(2, len(data), "", "field_count", message, shown)
    assert good.fields == ["8", "9"]


def test_bytes_that_are_not_utf_8_name_their_column() -> None:
    """A Latin-1 field rejects its row and is shown with replacement characters."""
    assert read("1,Zürich\n".encode("latin-1") + b"2,y\n") == [
        BadRow(2, 9, "b", "encoding", NOT_UTF_8, ["1", "Z\ufffdrich"]),
        InputRow(3, 13, {"a": "2", "b": "y"}, ["2", "y"]),
    ]


def test_a_nul_byte_costs_its_row() -> None:
    """A field with a NUL byte rejects its row."""
    assert codes(b"1,x\n2,\0\0\n3,y\n") == ["1", "encoding", "3"]


@pytest.mark.parametrize(
    "broken", [b'1,"never closed\n', b'"closed"not,2\n', b'"closed" ,2\n', b'1,"a"b"\n', b'1"2,"3\n']
)
def test_broken_quoting_costs_one_line(broken: bytes) -> None:
    """All rows after an unclosed or badly closed quote are read."""
    assert codes(broken + b"2,x\n3,y\n" + broken + b'4,"z"\n') == ["quoting", "2", "3", "quoting", "4"]


def test_a_quote_closed_too_late_costs_one_line() -> None:
    """A quote is unclosed when its record of several lines is longer than 1 MiB."""
    line = b"7,7\n"
    at_most = b'0,"' + line * (MAX_QUOTED // 4 - 2) + b'123"\n'
    assert len(at_most) == MAX_QUOTED
    assert codes(at_most) == ["0"]
    assert codes(b"x" + at_most)[:2] == ["quoting", "7"]


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_field_of_ten_megabytes_is_fine(quote: bytes) -> None:
    """A field may exceed the csv module's limit of 128 KiB, and that limit is not changed."""
    before = csv.field_size_limit()
    (row,) = read(b"1," + quote + b"x" * 10_000_000 + quote + b"\n")
    assert isinstance(row, InputRow)
    assert len(row.fields[1]) == 10_000_000
    assert csv.field_size_limit() == before


def test_a_bad_row_shows_no_more_than_ten_thousand_characters_a_field() -> None:
    """The texts of a bad row are cut at 10,000 characters."""
    (row,) = read(b'1,"' + b"x" * 100_000 + b"\n")
    assert [len(field) for field in row.fields] == [1, 10_000]


def test_a_row_of_commas_is_counted_but_not_kept() -> None:
    """The surplus fields of a bad row are joined into one text."""
    (row,) = read(b"x" + b"," * 2_000_000)
    message = "2,000,001 fields where the header has 2"
    assert row == BadRow(2, 2_000_001, "", "field_count", message, ["x", "," * 10_000])


def test_a_line_of_commas_only_is_blank() -> None:
    """Lines that Excel pads with commas are no rows, however many commas; empty quoted fields are a row."""
    assert [row.number for row in read(b',\n1,x\n,,,\r\n"",""\n,')] == [3, 5]


def test_columns_without_a_name_are_ignored() -> None:
    """The values of columns without a name are left out, and the reject of such a row shows them."""
    good, bad = read(b"0,1,x,\n1,2\n", ",a,b,")
    assert isinstance(good, InputRow)
    assert (good.values, good.fields) == ({"a": "1", "b": "x"}, ["0", "1", "x", ""])
    assert bad.fields == ["1", "2"]


def test_an_overlong_record_is_a_row_too() -> None:
    """An overlong record is a bad row that shows its first bytes."""
    bad = CSV.overlong(b'17,"' + b"x" * 20_000, ["a", "b", "c"], 5)
    assert bad == BadRow(5, 20_004, "", "too_long", "the row has 8,388,608 bytes or more", ["17", '"' + "x" * 9_999])


def test_rejects_that_are_sent_back_lose_their_guard() -> None:
    """Where the header is that of rejects, the apostrophes of ours are removed and our columns are not shown again."""
    columns = "row,column,code,message,id,n"
    good, bad = read(b"2,n,float_parsing,no,a1,'-3\n3,n,x,no,a2,'-3,9\n", columns)
    assert isinstance(good, InputRow)
    assert isinstance(bad, BadRow)
    assert (good.values["n"], good.fields, bad.fields) == ("-3", ["a1", "-3"], ["a2", "-3,9"])
    assert values(b"'-3,x\n") == [{"a": "'-3", "b": "x"}]
