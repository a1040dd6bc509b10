from outlast.inputs import BadRow, InputRow, Reading
from outlast.inputs.corrected import corrected_rows, encode_corrected

CSV = Reading(format="csv")
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
