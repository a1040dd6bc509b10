import pytest

from outlast.inputs import BadRow, InputRow, Reading
from outlast.inputs.corrected import corrected_rows, encode_corrected

CSV = Reading(format="csv")
LINES = Reading(format="jsonl")
ROWS = [(3, ["s1", "", 'a "b"\n,c']), (17, ["s2", "x", "é"])]


def test_rows_keep_their_numbers_and_texts() -> None:
    """Each row has the number of the input, its fields as values, and an empty field is None."""
    data = encode_corrected(ROWS)
    first, second = corrected_rows(data, CSV, ["id", "shop", "note"])
    assert isinstance(first, InputRow)
    assert (first.number, first.values) == (3, {"id": "s1", "shop": None, "note": 'a "b"\n,c'})
    assert (second.number, second.end, second.fields) == (17, len(data), ["s2", "x", "é"])


def test_reading_resumes_behind_a_row() -> None:
    """The end of a row is where the next one begins."""
    data = encode_corrected(ROWS)
    first, second = corrected_rows(data, CSV, ["id", "shop", "note"])
    assert [row.number for row in corrected_rows(data[first.end :], CSV, ["id", "shop", "note"])] == [second.number]


def test_a_column_without_a_name_has_no_value() -> None:
    """Columns without a name are ignored as in the input."""
    [row] = corrected_rows(encode_corrected([(2, ["0", "a"])]), CSV, ["", "id"])
    assert isinstance(row, InputRow)
    assert row.values == {"id": "a"}


def test_a_row_of_another_length_is_a_bad_row() -> None:
    """A row with fields too few or too many is a reject of the code `field_count`, as in the input."""
    rows = list(corrected_rows(encode_corrected([(2, ["a"]), (3, ["a", "b"]), (4, ["a", "b", "c"])]), CSV, ["x", "y"]))
    assert [row.code if isinstance(row, BadRow) else None for row in rows] == ["field_count", None, "field_count"]


def test_a_line_of_json_is_a_record() -> None:
    """The one field of an input without columns is its line, which may still be wrong."""
    rows = list(corrected_rows(encode_corrected([(4, ['{"id":"a"}']), (5, ["{"])]), Reading(format="jsonl"), []))
    assert isinstance(rows[0], InputRow)
    assert (rows[0].number, rows[0].values) == (4, {"id": "a"})
    assert isinstance(rows[1], BadRow)
    assert (rows[1].number, rows[1].code) == (5, "json")


def test_the_texts_that_mean_nothing_are_those_of_the_input() -> None:
    """A field that is one of the input's texts for a missing value is None, and blanks are cut where they are there."""
    reading = Reading(format="csv", nulls=("NA",), trim=True)
    [row] = corrected_rows(encode_corrected([(2, [" NA ", " a "])]), reading, ["x", "y"])
    assert isinstance(row, InputRow)
    assert row.values == {"x": None, "y": "a"}


def test_a_record_keeps_its_characters() -> None:
    """Only the line ends between the members of a corrected record become blanks, not what a text has in it."""
    [row] = corrected_rows(encode_corrected([(4, ['{"id":\r\n"a\u2028b\x85c\u2029d",\n"n":\r1}'])]), LINES, [])
    assert isinstance(row, InputRow)
    assert row.values == {"id": "a\u2028b\x85c\u2029d", "n": 1}


@pytest.mark.parametrize("record", ["", " ", "\t \n", "\u2028"])
def test_a_blank_record_is_a_bad_row(record: str) -> None:
    """A record that was emptied is a reject, and costs no other one."""
    rows = list(corrected_rows(encode_corrected([(4, [record]), (5, ['{"id":"a"}'])]), LINES, []))
    assert [row.code if isinstance(row, BadRow) else None for row in rows] == ["json", None]
