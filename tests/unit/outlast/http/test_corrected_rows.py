import pytest

from outlast.http import body_size
from outlast.http.corrected_rows import read_corrected
from outlast.http.problem import Problem

COLUMNS = ["id", "shop", "amount"]
FULL = "row,column,code,message,id,shop,amount\n"


@pytest.mark.parametrize(
    "text",
    [
        FULL + "3,amount,float_parsing,bad,s1,a,1\n7,,,,s5,b,2\n",
        FULL + "7,,,,s5,b,2\n3,,,,s1,a,1\n",
        "\ufeff" + FULL.replace("\n", "\r\n") + "3,,,,s1,a,1\r\n7,,,,s5,b,2\r\n",
        "row,id,shop,amount\n3,s1,a,1\n7,s5,b,2\n",
        "shop,row,amount,id\na,3,1,s1\nb,7,2,s5\n",
        "row;id;shop;amount\n3;s1;a;1\n7;s5;b;2\n",
        "id\tcode\tshop\tamount\trow\ns1\tx\ta\t1\t3\ns5\t\tb\t2\t7\n",
        FULL + "3,,,,s1,a,1\n,,,,,,\n9,,not_listed,5 others,,,\n7,,,,s5,b,2\n",
    ],
)
def test_any_rows_in_any_order_of_columns_are_read(text: str) -> None:
    """Rows come in their order with the fields in the order of the input, whatever a spreadsheet has made of the
    file."""
    assert read_corrected(text.encode(), COLUMNS) == [(3, ["s1", "a", "1"]), (7, ["s5", "b", "2"])]


def test_the_guards_of_fields_are_taken_out() -> None:
    """An apostrophe that was added against formulas is removed, and one of the input's own stays."""
    text = FULL + "3,,,,'=1+1,''x,'-5\n"
    assert read_corrected(text.encode(), COLUMNS) == [(3, ["=1+1", "'x", "-5"])]


def test_an_input_with_a_column_named_row_keeps_both() -> None:
    """Our columns are the first four, and one of the input may have the name of one of them."""
    text = "row,column,code,message,row,id\n3,,,,99,s1\n"
    assert read_corrected(text.encode(), ["row", "id"]) == [(3, ["99", "s1"])]


def test_the_delimiter_is_not_counted_within_quotes() -> None:
    """A spreadsheet writes semicolons, and quotes the name of a column that has commas."""
    text = 'row;"a, b, c, d";id\n3;x;s1\n'
    assert read_corrected(text.encode(), ["id", "a, b, c, d"]) == [(3, ["s1", "x"])]


def test_lines_of_json_are_read_from_their_one_column() -> None:
    """An input without columns has its lines in the column `line`."""
    text = 'row,column,code,message,line\n3,,,,"{""id"": ""a""}"\n'
    assert read_corrected(text.encode(), []) == [(3, ['{"id": "a"}'])]


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        (b"", "row", "no column `row`"),
        (b"id,shop,amount\ns1,a,1\n", "row", "no column `row`"),
        (FULL.encode(), "body", "has no row"),
        (b"row,id,shop\n3,s1,a\n", "amount", "is missing"),
        (b"row,id,shop,amount,colour\n3,s1,a,1,red\n", "colour", "is not a column of the input"),
        (b"row,id,id,shop,amount\n3,s1,s1,a,1\n", "id", "is there twice"),
        (FULL.encode() + b"x,,,,s1,a,1\n", "row", "'x' is not the number of a row"),
        (FULL.encode() + b"3,,,,s1,a,1\n3,,,,s1,a,2\n", "row", "row 3 is in the body twice"),
        (FULL.encode() + b"3,,,,\xff,a,1\n", "body", "not UTF-8"),
        (FULL.encode() + b'3,,,,"s1"x,a,1\n', "body", "not CSV"),
    ],
)
def test_what_cannot_be_read_is_refused_by_row_or_column(body: bytes, field: str, text: str) -> None:
    """A problem of status 400 names what is wrong."""
    with pytest.raises(Problem, match=text) as caught:
        read_corrected(body, COLUMNS)
    assert (caught.value.status, caught.value.body["field"]) == (400, field)


def test_a_row_of_another_length_costs_no_other_row() -> None:
    """A row with a field too few or too many keeps its fields, so that it is rejected again."""
    text = FULL + "3,,,,s1,a\n5,,,,s3,a,1,2\n7,,,,s5,b,2\n"
    assert read_corrected(text.encode(), COLUMNS) == [
        (3, ["s1", "a"]),
        (5, ["s3", "a", "1", "2"]),
        (7, ["s5", "b", "2"]),
    ]


def test_a_body_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The problem has the limit, and asks for fewer rows."""
    monkeypatch.setattr(body_size, "MAX_INLINE", 10)
    with pytest.raises(Problem, match="fewer rows") as caught:
        read_corrected(FULL.encode(), COLUMNS)
    assert (caught.value.status, caught.value.body["limit"]) == (413, 10)
