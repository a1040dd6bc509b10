import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs.formula_guard import guarded, unguarded
from outlast.staging.rejects import Reject, each_row_once, encode_rejects, rejects_header

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
REJECTS = st.lists(
    st.builds(Reject, st.integers(1, 10**9), TEXT, TEXT, TEXT, st.lists(TEXT, max_size=4)),
    unique_by=lambda reject: reject.row,
    max_size=5,
)


def make(row: int, code: str = "error") -> Reject:
    return Reject(row, "amount", code, "not a number", ["s1", "?"])


def test_the_header_is_ours_and_then_the_inputs() -> None:
    """The header is row, column, code and message, and then the input's columns, or `line` for JSON Lines."""
    assert rejects_header(["id", "a,b"]) == b'row,column,code,message,id,"a,b"\r\n'
    assert rejects_header([]) == b"row,column,code,message,line\r\n"


def test_rejects_are_written_in_the_order_of_rows() -> None:
    """Rejects are written in the order of their rows, whatever order they were found in."""
    lines = encode_rejects([make(9), make(2)]).splitlines()
    assert [line.partition(b",")[0] for line in lines] == [b"2", b"9"]


@given(REJECTS)
def test_rejects_come_back_as_they_were_written(rejects: list[Reject]) -> None:
    """Rejects with any characters are read back unchanged, and each is one CSV record."""
    data = encode_rejects(rejects)
    ordered = sorted(rejects, key=lambda reject: reject.row)
    assert each_row_once([data]) == ordered
    assert len(list(csv.reader(io.StringIO(data.decode(), newline="")))) == len(rejects)


def test_of_a_row_that_stands_twice_the_first_counts() -> None:
    """A row with several refused documents is one reject, with its first error."""
    files = [encode_rejects([make(2, "first")]), encode_rejects([make(2, "second"), make(3, "third")])]
    assert [(reject.row, reject.code) for reject in each_row_once(files)] == [(2, "first"), (3, "third")]


def test_a_character_that_utf_8_cannot_say_is_replaced() -> None:
    """Half a surrogate pair in a message is written as a question mark."""
    reject = Reject(2, "", "error", "\ud800", [])
    assert encode_rejects([reject]) == b"2,,error,?\r\n"


def test_a_field_of_megabytes_is_cut() -> None:
    """A long field is cut, so that the csv module can read the file with its usual limit."""
    reject = Reject(2, "", "too_long", "too long", ["x" * 10_000_000])
    assert [len(read.fields[0]) for read in each_row_once([encode_rejects([reject])])] == [10_000]


@pytest.mark.parametrize(
    "field",
    ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "'=1", "''", '="1"&",;"'],
)
def test_no_field_is_a_formula_and_each_is_recoverable(field: str) -> None:
    """A field that may be a formula gets an apostrophe, and removing it gives the original (OWASP)."""
    data = encode_rejects([Reject(2, field, field, field, [field])])
    [read] = csv.reader(io.StringIO(data.decode(), newline=""))
    assert read == ["2", *[guarded(field)] * 4]
    assert guarded(field).startswith("'")
    assert [unguarded(text) for text in read[1:]] == [field] * 4


@given(st.text(st.sampled_from("=+-@';\t\r\na1")))
def test_a_guard_is_undone_exactly(field: str) -> None:
    """No cell of a guarded text is a formula, whichever way a spreadsheet splits it, and the text comes back."""
    assert unguarded(guarded(field)) == field
    assert not guarded(field).startswith(tuple("=+-@\t\r\n"))
    assert not any(cell.startswith(tuple("=+-@")) for cell in re.split("[;\t\r\n]", guarded(field)))


@pytest.mark.parametrize(
    ("field", "written"),
    [("1;=cmd|x", "1;'=cmd|x"), ("a\t=1", "a\t'=1"), ("a\r\n-b", "a\r\n'-b"), ("a;b", "a;b"), ("a-b=c", "a-b=c")],
)
def test_cells_of_other_separators_are_guarded(field: str, written: str) -> None:
    """A formula after a semicolon, a tab or a line end is guarded, and other text stays as it is."""
    assert guarded(field) == written


def test_rejects_of_rejects_have_the_same_header() -> None:
    """The columns of ours are not repeated when rejects are sent back."""
    assert rejects_header(["row", "column", "code", "message", "id"]) == rejects_header(["id"])
