"""The header of a CSV file, and the reasons to refuse one."""

import time

import pytest

from outlast.inputs import CSV, BadInput, IncompleteHeader


@pytest.mark.parametrize(
    ("head", "columns", "first"),
    [
        (b"a,b\n1,2\n", ["a", "b"], (4, 2)),
        (b"a,b", ["a", "b"], (3, 2)),
        (b"\xef\xbb\xbfa,b\r\n1,2", ["a", "b"], (8, 2)),
        (b'\xef\xbb\xbf"a","b"\r\n', ["a", "b"], (12, 2)),
        (b"\xef\xbb\xbf\xef\xbb\xbfa,b\n", ["a", "b"], (10, 2)),
        (b"a,,b\n", ["a", "", "b"], (5, 2)),
        (b"a,b,\n", ["a", "b", ""], (5, 2)),
        (b",,\na,b\n", ["a", "b"], (7, 3)),
        (b"sep=,\r\na,b\r\n", ["a", "b"], (12, 3)),
        (b'"sep=,"\na,b\n', ["a", "b"], (12, 3)),
        (b"\xef\xbb\xbfSEP=,\na,b\n", ["a", "b"], (13, 3)),
        (b'"a\nb",c\n1,2\n', ["a\nb", "c"], (8, 2)),
        (b'"a\r\nb",c\n1,2\n', ["a\r\nb", "c"], (9, 2)),
        (b"\n\r\na,b\n", ["a", "b"], (7, 4)),
        ("größe,東京\n".encode(), ["größe", "東京"], (15, 2)),
        (b'5" pipe\n', ['5" pipe'], (8, 2)),
        (b"row,column,code,message,'=x,code\n", ["row", "column", "code", "message", "=x", "code"], (33, 2)),
    ],
)
def test_the_first_record_names_the_columns(head: bytes, columns: list[str], first: tuple[int, int]) -> None:
    """A header may have a byte order mark, quotes, any line end and blank lines before it."""
    assert CSV.columns(head, True) == columns
    assert CSV.first(head, True) == first


@pytest.mark.parametrize(
    ("head", "field", "says"),
    [
        (b"", "body", "empty"),
        (b"\xef\xbb\xbf", "body", "empty"),
        (b"\r\n\n", "body", "empty"),
        (b"a,a\n", "header", "Column 'a' is in the header twice"),
        (b"sep=,\n", "body", "empty"),
        (b"a,\xfc\n", "header", "not UTF-8 (byte 3 "),
        (b'"a"x,b\n', "header", "quoting"),
        (b'a,"b\n1,2\n', "header", "quoting"),
        (b"a,b\r1,2\r3,4\r", "header", "CR alone"),
        (b"a,\0b\n", "header", "NUL"),
        (b"x" * 2_000_000 + b"\n", "header", "2,000,000 bytes"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(head: bytes, field: str, says: str) -> None:
    """`columns` and `first` refuse a header that cannot be used and name its fault."""
    for ask in (CSV.columns, CSV.first):
        with pytest.raises(BadInput) as caught:
            ask(head, True)
        assert caught.value.field == field
        assert says in str(caught.value)


def test_many_blank_lines_before_the_header_cost_little() -> None:
    """A megabyte of blank lines is leapt over, and the rows are numbered as if it was read line by line."""
    head = b"\r\n,,\n\n" * 150_000 + b"a,b\n"
    began = time.process_time()
    assert (CSV.columns(head, True), CSV.first(head, True)) == (["a", "b"], (len(head), 450_002))
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize("head", [b"a,b", b"", b"\n\n", b'a,"b\n', b"\xef\xbb\xbf"])
def test_a_header_that_is_longer_than_the_head_is_refused(head: bytes) -> None:
    """A header that does not end within the head is refused with the number of bytes searched."""
    with pytest.raises(IncompleteHeader, match=f"not complete within the first {len(head)} bytes"):
        CSV.columns(head, False)
