"""Valid and malformed JSON Lines."""

from decimal import Decimal

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs import JSON_LINES, BadInput, BadRow, InputRow, Reading, rows_format

objects = st.dictionaries(
    st.text(),
    st.none()
    | st.booleans()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(-(2**53), 2**53),
)


def read(data: bytes) -> list[InputRow | BadRow]:
    """All rows of a chunk."""
    return list(JSON_LINES.rows(data, [], 1))


@given(st.lists(objects), st.sampled_from([b"\n", b"\r\n"]))
def test_objects_are_read_back(wanted: list[dict[str, object]], line_end: bytes) -> None:
    """Each line gives the object that was written on it."""
    rows = read(line_end.join(orjson.dumps(value) for value in wanted))
    assert [row.values for row in rows if isinstance(row, InputRow)] == wanted


def test_blank_lines_are_no_rows_but_count() -> None:
    """A row's number is the number of its line."""
    assert [row.number for row in read(b'\n{"a":1}\n \t\r\n{"a":2}')] == [2, 4]


def test_integers_are_exact() -> None:
    """An integer beyond 64 bits keeps all its digits."""
    assert read(b'{"a":18446744073709551617}')[0][2] == {"a": 18446744073709551617}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"[1]", "a JSON array where an object is wanted"),
        (b'"x"', "a JSON string"),
        (b"1", "a JSON number"),
        (b"true", "a JSON boolean"),
        (b"null", "a JSON null"),
        (b'{"a":NaN}', "unexpected character"),
        (b'{"a":Infinity}', "unexpected character"),
        (b'{"a":1e999}', "infinity"),
        (b'{"a":1}{"a":2}', "unexpected content after document"),
        (b'{"a":1', "end of data"),
        (b'{"a":1,"a":2}', "the name 'a' is in an object twice"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"a":"\0"}', "control"),
        (b'{"a":' * 100_000, "depth limit"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
    ],
)
def test_a_line_that_is_no_object_costs_its_row(line: bytes, says: str) -> None:
    """A line that is not an object is a bad row with its reason, and the rows around it are read."""
    before, bad, after = read(b'{"a":1}\n' + line + b'\n{"a":2}\n')
    assert isinstance(bad, BadRow)
    assert (bad.number, bad.column, bad.code) == (2, "", "json")
    assert says in bad.message
    assert bad.fields == [line.decode()[:10_000]]
    assert isinstance(before, InputRow)
    assert isinstance(after, InputRow)


def test_bytes_that_are_not_utf_8_cost_their_row() -> None:
    """A line that is not UTF-8 is a bad row that names the position in the line."""
    assert read(b'{"a":"\xfc"}\n') == [
        BadRow(1, 10, "", "encoding", "byte 7 of the line is not UTF-8", ['{"a":"\ufffd"}'])
    ]


def test_a_long_line_is_shown_cut() -> None:
    """The text of a line for the rejects has at most 10,000 characters."""
    (row,) = read(orjson.dumps({"a": "東" * 50_000}))
    assert isinstance(row, InputRow)
    assert row.fields == [('{"a":"' + "東" * 50_000)[:10_000]]


def test_an_overlong_line_is_a_row_too() -> None:
    """An overlong line is a bad row that shows its first bytes."""
    bad = JSON_LINES.overlong(b'{"a":"' + b"x" * 20_000, [], 5)
    assert (bad.number, bad.code, bad.message) == (5, "too_long", "the line has 8,388,608 bytes or more")
    assert len(bad.fields[0]) == 10_000


@pytest.mark.parametrize(
    ("head", "first"), [(b'{"a":1}', (0, 1)), (b'\xef\xbb\xbf{"a":1}', (3, 1)), (b"x\n{}\n", (0, 1))]
)
def test_there_is_no_header(head: bytes, first: tuple[int, int]) -> None:
    """Rows start after the byte order mark, and a malformed first line is a bad row."""
    assert JSON_LINES.columns(head, True) == []
    assert JSON_LINES.first(head, True) == first


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"a,b\n1,2\n", "no line begins with '{'"),
    ],
)
def test_what_is_not_json_lines_is_refused(head: bytes, says: str) -> None:
    """Input that is not JSON Lines is refused, and the text says what it looks like."""
    with pytest.raises(BadInput, match=says) as caught:
        JSON_LINES.columns(head, True)
    assert caught.value.field == "body"


def test_numbers_for_decimals_keep_their_digits() -> None:
    """A member that is wanted as a Decimal is read digit by digit, and others as before."""
    form = rows_format(Reading(format="jsonl", exact=("price", "none")))
    [row] = form.rows(b'{"price":0.1000000000000000055511151231257827,"n":0.1,"big":9007199254740993}', [], 1)
    assert isinstance(row, InputRow)
    assert row.values == {"price": Decimal("0.1000000000000000055511151231257827"), "n": 0.1, "big": 9007199254740993}
