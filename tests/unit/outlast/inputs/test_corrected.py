from outlast.inputs import BadRow, InputRow
from outlast.inputs.corrected import CORRECTED, encode_corrected

ROWS = [(3, ["s1", "", 'a "b"\n,c']), (17, ["s2", "x", "é"])]


def test_rows_keep_their_numbers_and_texts() -> None:
    """Each row has the number of the input, its fields as values, and an empty field is None."""
    data = encode_corrected(ROWS)
    first, second = CORRECTED.rows(data, ["id", "shop", "note"], 0)
    assert isinstance(first, InputRow)
    assert (first.number, first.values) == (3, {"id": "s1", "shop": None, "note": 'a "b"\n,c'})
    assert (second.number, second.end, second.fields) == (17, len(data), ["s2", "x", "é"])


def test_reading_resumes_behind_a_row() -> None:
    """The end of a row is where the next one begins."""
    data = encode_corrected(ROWS)
    first, second = CORRECTED.rows(data, ["id", "shop", "note"], 0)
    assert [row.number for row in CORRECTED.rows(data[first.end :], ["id", "shop", "note"], 0)] == [second.number]


def test_a_column_without_a_name_has_no_value() -> None:
    """Columns without a name are ignored as in the input."""
    [row] = CORRECTED.rows(encode_corrected([(2, ["0", "a"])]), ["", "id"], 0)
    assert isinstance(row, InputRow)
    assert row.values == {"id": "a"}


def test_a_row_of_another_length_is_a_bad_row() -> None:
    """A row with fields too few or too many is a reject of the code `field_count`, as in the input."""
    rows = list(CORRECTED.rows(encode_corrected([(2, ["a"]), (3, ["a", "b"]), (4, ["a", "b", "c"])]), ["x", "y"], 0))
    assert [row.code if isinstance(row, BadRow) else None for row in rows] == ["field_count", None, "field_count"]


def test_a_line_of_json_is_a_record() -> None:
    """The one field of an input without columns is its line, which may still be wrong."""
    rows = list(CORRECTED.rows(encode_corrected([(4, ['{"id":"a"}']), (5, ["{"])]), [], 0))
    assert isinstance(rows[0], InputRow)
    assert (rows[0].number, rows[0].values) == (4, {"id": "a"})
    assert isinstance(rows[1], BadRow)
    assert (rows[1].number, rows[1].code) == (5, "json")
