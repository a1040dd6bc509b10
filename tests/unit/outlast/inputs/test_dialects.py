"""CSV in any dialect and encoding, cut in any way, against Python's csv module."""

import csv
import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outlast.inputs import BadInput, IncompleteHeader, InputRow, Reading, Wanted, detect_format, resolved, rows_format
from outlast.inputs.csv_dialect import DELIMITERS
from outlast.inputs.stages import feed_all, finish_all
from outlast.inputs.transcoding import Transcoder, known_encoding
from tests.unit.outlast.inputs.driving import cut_all, read_all

LETTERS = "ab \"'\\,;\t|:\n\r.é€"
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "iso8859-15", "cp1140"]
texts = st.text(LETTERS, max_size=8)
tables = st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(texts, min_size=n, max_size=n), max_size=8))
marks = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from([*DELIMITERS, "~"]),
        "quote": st.sampled_from(['"', "'"]),
        "escape": st.sampled_from(["", "\\"]),
        "line_end": st.sampled_from(["\n", "\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }
)


ESCAPED = {"delimiter": ";", "quote": '"', "escape": "\\", "line_end": "\n", "quoting": csv.QUOTE_MINIMAL}


def written(table: list[list[str]], marks: dict[str, Any]) -> str:
    """The table as Python's csv module writes it."""
    text = io.StringIO()
    options = {"doublequote": False, "escapechar": marks["escape"]} if marks["escape"] else {}
    csv.writer(
        text,
        delimiter=marks["delimiter"],
        quotechar=marks["quote"],
        lineterminator=marks["line_end"],
        quoting=marks["quoting"],
        **options,
    ).writerows(table)
    return text.getvalue()


def read(data: bytes, reading: Reading, wanted: Wanted, target: int = 1000, sizes: tuple[int, ...] = (10_000,)) -> Any:
    """Columns and rows of an input, transcoded in pieces and cut in windows of these sizes, and how it was read."""
    if reading.encoding not in (None, "utf-8"):
        stages = [Transcoder(reading.encoding or "")]
        pieces = [data[at : at + sizes[0]] for at in range(0, len(data), sizes[0])]
        data = b"".join(b"".join(feed_all(stages, piece)) for piece in pieces) + b"".join(finish_all(stages))
    found = resolved(replace(reading, format="csv"), data, True, wanted)
    form = rows_format(found)
    columns, (begin, row) = form.columns(data, True), form.first(data, True)
    chunks = cut_all(form, data[begin:], target, sizes, 9_000_000, row)
    return columns, read_all(form, data[begin:], chunks, columns), found


@settings(max_examples=300)
@example([["x", "a\\"], ["\\;", '"']], ESCAPED, "cp1252", 1, [1])
@given(tables, marks, st.sampled_from(ENCODINGS), st.integers(1, 60), st.lists(st.integers(1, 40), min_size=1))
def test_any_dialect_is_read_as_the_csv_module_reads_it(
    table: list[list[str]], marks: dict[str, Any], encoding: str, target: int, sizes: list[int]
) -> None:
    """Any table, dialect, encoding and chunk size gives the rows of Python's csv module on the whole text."""
    blanks = marks["delimiter"] + " \t"
    if marks["line_end"] == "\n":  # the csv module does not quote a carriage return then
        table = [[cell.replace("\r", "") for cell in row] for row in table]
    table = [row for row in table if marks["quoting"] == csv.QUOTE_ALL or "".join(row).strip(blanks)]
    columns = [f"c{n}" for n in range(len(table[0]) if table else 2)]
    text = written([columns, *table], marks).encode(encoding, "replace").decode(encoding)
    reading = Reading(
        delimiter=marks["delimiter"], quote=marks["quote"], escape=marks["escape"], encoding=known_encoding(encoding)
    )
    named, rows, _ = read(text.encode(encoding), reading, Wanted.anything(), target, tuple(sizes))
    lines = csv.reader(
        io.StringIO(text, newline=""),
        delimiter=marks["delimiter"],
        quotechar=marks["quote"],
        escapechar=marks["escape"] or None,
        doublequote=not marks["escape"],
    )
    assert [named, *(row.fields for row in rows)] == list(lines)
    assert [row.number for row in rows] == list(range(2, 2 + len(table)))


NEEDED = Wanted(needed=["id", "amount"], texts=[], numbers=[])


def values(data: bytes, wanted: Wanted = NEEDED, **said: Any) -> list[dict[str, Any]]:
    """The values of all rows, each of which is good."""
    _, rows, _ = read(data, Reading.from_dict(said), wanted)
    assert all(isinstance(row, InputRow) for row in rows), rows
    return [row.values for row in rows]


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_found_by_the_columns_that_are_needed(delimiter: str) -> None:
    """The delimiter is the one under which the header has every column that the report needs."""
    data = f'id{delimiter}amount{delimiter}"a,b;c"\n1{delimiter}2{delimiter}x\n'.encode()
    assert values(data) == [{"id": "1", "amount": "2", "a,b;c": "x"}]


def test_a_wrong_guess_shows_both_readings() -> None:
    """A header that lacks a column is shown as it was said to be read, and as it may be meant."""
    with pytest.raises(BadInput) as caught:
        values(b"id;amount\n1;2\n", delimiter=",")
    assert str(caught.value).endswith(
        "Read with commas, it has 1 column: id;amount. Read with semicolons, it has 2 columns: id, amount. "
        "Say delimiter=';' if that is right."
    )
    with pytest.raises(BadInput, match="lacks the column amount"):
        values(b"id;price\n1;2\n")


def test_a_report_that_needs_no_column_is_not_guessed_for() -> None:
    """Without a needed column a comma is taken, and a header that it does not split is refused."""
    anything = Wanted.anything()
    assert values(b"a,b;c\n1,2\n", anything) == [{"a": "1", "b;c": "2"}]
    assert values(b"a\n1\n", anything) == [{"a": "1"}]
    assert values(b"a;b\n1;2\n", anything, delimiter=";") == [{"a": "1", "b": "2"}]
    with pytest.raises(BadInput, match="The delimiter is not sure"):
        values(b"a;b\n1;2\n", anything)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"sep=;\r\nid;amount\r\n1;2\r\n", {}),
        (b" id , amount \n1,2\n", {}),
        (b'Report\nof "May\nid,amount\n1,2\n', {"header_line": 3}),
        (b"1,2\n", {"header_line": 0, "names": ("id", "amount")}),
        (b"sep=|\n1|2\n", {"header_line": 0, "names": ("id", "amount")}),
        (b"no,yes\n1,2\n", {"header_line": 1, "names": ("id", "amount")}),
        (b"id,amount\nno,EUR\n1,2\n", {"units": True}),
        (b'# a "remark\nid,amount\n# "x,y\n1,2\n#"\n', {"comment": "#"}),
        (b"id,amount\n\n , \n1,2\n\t,\n", {}),
        (b"id,amount\n 1 ,2 \n", {"trim": True}),
        (b"id,amount\n1,2,\n", {}),
        (b"id,amount\n'1','2'\n", {"quote": "'"}),
        (b"id|amount\n1|2\n", {"quote": ""}),
        (b"row,column,code,message,id,amount\n2,id,x,y,'1,2\n", {"delimiter": ";", "header_line": 4, "comment": "r"}),
    ],
)
def test_lines_that_are_no_rows_are_left_out(data: bytes, said: dict[str, Any]) -> None:
    """Lines before the header, units, comments, blank rows, blanks and delimiters at the end are no data."""
    [row] = values(data, **said)
    assert {name: row[name] for name in ("id", "amount")} == {"id": "1", "amount": "2"}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"thousands": "."}, "thousands"),
        ({"decimal": ",", "thousands": ","}, "thousands"),
        ({"delimiter": ";", "quote": ";"}, "quote"),
        ({"delimiter": '"'}, "quote"),
    ],
)
def test_one_mark_does_not_stand_for_two(said: dict[str, str], field: str) -> None:
    """What report and start say together is refused where a mark has two meanings, and the field is named."""
    with pytest.raises(BadInput) as caught:
        detect_format("text/csv", None, b"id;amount\n1;2\n", said=Reading.from_dict(said))
    assert caught.value.field == field


def test_a_quote_is_never_taken_for_the_delimiter() -> None:
    """The delimiter is looked for among the marks that do not quote; one that the input itself says is refused."""
    assert values(b";id;,;amount;\n;1,;,2\n", quote=";") == [{"id": "1,", "amount": "2"}]
    with pytest.raises(BadInput, match="Quote and delimiter are both ';'"):
        values(b"sep=;\nid;amount\n1;2\n", quote=";")


def test_nulls_are_none_and_quotes_are_text_where_nothing_quotes() -> None:
    """The null texts are None. Without a quote, quotes are text, and a line is a record."""
    assert values(b"id,amount\nNA,-\n1,\n", nulls=("NA", "-")) == [
        {"id": None, "amount": None},
        {"id": "1", "amount": None},
    ]
    assert values(b'id,amount\n"1,2"\n', quote="") == [{"id": '"1', "amount": '2"'}]


def test_an_input_without_header_takes_the_fields_of_the_row() -> None:
    """Without names, the columns are the fields of the row class in their order."""
    wanted = Wanted(needed=["id"], columns=["id", "amount"], texts=[], numbers=[])
    assert values(b"1,2\n", wanted, header_line=0) == [{"id": "1", "amount": "2"}]
    with pytest.raises(BadInput, match="needs the names of its columns"):
        values(b"1,2\n", header_line=0)


def test_a_header_that_goes_on_is_incomplete() -> None:
    """Whether a delimiter fits is not said before the header has ended."""
    with pytest.raises(IncompleteHeader):
        resolved(Reading(format="csv"), b"id,amou", False, NEEDED)


def test_what_is_no_text_in_the_encoding_costs_its_row() -> None:
    """Bytes that the encoding does not have spoil one row."""
    assert _codes(b"id,amount\n\x81,1\n2,2\n", "cp1252") == ["encoding", "2"]


def _codes(data: bytes, encoding: str) -> list[str]:
    _, rows, _ = read(data, Reading(encoding=encoding), NEEDED)
    return [row.fields[0] if isinstance(row, InputRow) else row.code for row in rows]
