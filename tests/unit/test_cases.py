"""Inputs that people report of systems that do this job, each from the request to the documents and the rejects."""

import gzip
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from outlast.report import Parameters, Report, load_reports
from tests.fakes.cases import Came, post
from tests.unit.reports.sample import load

Reports = dict[str, Report[Any]]
FOLDER = Path(__file__).parents[1] / "cases"


@pytest.fixture
def cases(monkeypatch: pytest.MonkeyPatch) -> Reports:
    """The reports of the cases, loaded as those of an app are."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return load_reports(FOLDER / "case_reports")


def case(reports: Reports, name: str, report: str = "plain_rows", **params: str) -> Came:
    """Post the file of that name; all rejects are tolerated."""
    asked = {"tolerated_reject_percent": "100", "filename": name, **params}
    return post(reports, report, (FOLDER / name).read_bytes(), **asked)


def test_every_case_is_posted_by_a_test() -> None:
    """Each file of the folder is named in this module."""
    text = Path(__file__).read_text("utf-8")
    names = [path.name for path in FOLDER.iterdir() if path.suffix not in ("", ".md")]
    assert names
    assert [name for name in names if f'"{name}"' not in text] == []


def test_digits_are_no_date() -> None:
    """Compact times, a year, a day of a spreadsheet and -1 are five rejects, and the row with ISO 8601 is stored."""
    came = case({"flight_delays": load("flight_delays")}, "compact-times.csv", "flight_delays")
    assert came.rejects == [(row, "time_hour", "datetime_text") for row in (2, 3, 4, 5, 6)]
    [stored] = came.documents.values()
    assert stored["time_hour"] == "2013-01-01T10:00:00+00:00"


@pytest.mark.parametrize(
    ("member", "column"),
    [
        ('"at":1357030000', "at"),
        ('"at":"0"', "at"),
        ('"day":0', "day"),
        ('"day":"0"', "day"),
        ('"hour":36000', "hour"),
        ('"amount":true', "amount"),
        ('"qty":true', "qty"),
        ('"qty":"1_000"', "qty"),
    ],
)
def test_json_values_are_read_as_strictly(cases: Reports, member: str, column: str) -> None:
    """JSON numbers are no dates, and booleans are no numbers."""
    body = f'{{"id":"a","pk":"p",{member}}}\n{{"id":"b","pk":"p","at":"2013-01-01","qty":5.0}}\n'.encode()
    came = post(cases, "typed_rows", body, "application/x-ndjson", tolerated_rejects="1")
    assert [(row, name) for row, name, _ in came.rejects] == [(1, column)]
    assert came.documents["b"]["qty"] == 5


@pytest.mark.parametrize(("name", "value"), [("at", "20130131"), ("on", "0"), ("n", "9" * 23), ("share", "true")])
def test_start_parameters_are_read_as_strictly(cases: Reports, name: str, value: str) -> None:
    """A start parameter that is no ISO 8601 text or no number is a 400 that names it."""

    class Choice(Parameters):
        at: datetime | None = None
        on: date | None = None
        n: int = 0
        share: float = 0.0

    cases["plain_rows"].parameters = Choice  # type: ignore[misc]  # a new object for each test
    came = post(cases, "plain_rows", b"id,pk\n1,p\n", **{name: value})
    assert came.problem is not None
    assert (came.problem["status"], came.problem["field"]) == (400, name)


def test_a_small_body_does_not_become_a_large_one() -> None:
    """A gzip file of a few hundred bytes, whose rows are all rejects, stages little: generating stops at once."""
    header = (FOLDER / "compact-times.csv").read_bytes().partition(b"\n")[0]
    body = gzip.compress(header + b"\n" + b"x\n" * 200_000)
    assert len(body) < 1000
    came = post({"flight_delays": load("flight_delays")}, "flight_delays", body)
    assert came.status == "Failed"
    assert len(came.rejects) < 3000


def test_ids_that_no_client_can_address_are_rejects(cases: Reports) -> None:
    """Ids that end in a blank or a line end, a blank alone, a dot and two dots are rejects."""
    came = case(cases, "ids-ends.csv")
    assert came.rejects == [(row, "id", "id") for row in (2, 3, 4, 5, 6, 7)]
    assert list(came.documents) == ["plain"]


def test_large_integers_are_exact_or_rejects(cases: Reports) -> None:
    """Integers of 2^64 and more are rejects, and 9007199254740993 is kept."""
    came = case(cases, "bigints-plain.jsonl")
    assert came.rejects == [(1, "", "json"), (2, "", "json")]
    assert {key: document["n"] for key, document in came.documents.items()} == {"f3": 0.1, "f4": 9007199254740993}


@pytest.mark.parametrize("params", [{}, {"min_rows": "0"}])
def test_a_header_alone_is_no_input(cases: Reports, params: dict[str, str]) -> None:
    """A run of a header alone fails, unless the caller says that no row is enough."""
    came = case(cases, "header-only.csv", **params)
    assert came.status == ("Completed" if params else "Failed")
    assert params or "min_rows" in came.output


def test_rejects_that_are_sent_back_are_as_they_were(cases: Reports) -> None:
    """The apostrophe of ours is gone, and a second round does not add one."""
    assert case(cases, "rejects-again.csv").documents["a1"]["label"] == "-x"
    header = b"row,column,code,message,id,pk,amount\r\n"
    assert post(cases, "typed_rows", header + b"2,amount,x,x,a1,p,'-3\r\n").documents["a1"]["amount"] == -3
    first = post(cases, "typed_rows", b"id,pk,amount,Label / Name.1\na1,p,=x,1;=2\n").rejects_file
    second = post(cases, "typed_rows", first).rejects_file
    assert first.splitlines()[1].endswith(b",a1,p,'=x,1;'=2")
    assert second == first


@pytest.mark.parametrize("media", ["application/json", "application/x-ndjson", None])
def test_a_json_array_is_rows(cases: Reports, media: str | None) -> None:
    """The members of an array are the rows, whatever the type says."""
    came = post(cases, "plain_rows", (FOLDER / "array.json").read_bytes(), media)
    assert came.documents == {"1": {"id": "1", "pk": "p"}, "2": {"id": "2", "pk": "p"}}
    assert (came.output["rows_read"], came.output["reading"]["path"]) == (2, "$")


def test_decimals_and_enums_are_written_as_pydantic_does(cases: Reports) -> None:
    """A Decimal is text with its digits, an Enum its value."""
    came = case(cases, "money.csv", "money_rows")
    assert came.rejects == []
    prices = {key: (document["price"], document["kind"]) for key, document in came.documents.items()}
    assert prices == {"m1": ("19.99", "sale"), "m2": ("0.10", None)}


@pytest.mark.parametrize(
    ("name", "stored", "unnamed"),
    [
        ("excel-padding-rows.csv", {"a1": "10", "a2": "20"}, None),
        ("pandas-index.csv", {"a1": "10", "a2": "20"}, [1]),
        ("trailing-comma.csv", {"a1": "10", "a2": "20"}, [4]),
        ("sep-comma.csv", {"a1": "10"}, None),
        ("double-bom.csv", {"a1": "10"}, None),
    ],
)
def test_what_programs_add_is_no_data(
    cases: Reports, name: str, stored: dict[str, str], unnamed: list[int] | None
) -> None:
    """Padding rows, columns without a name, a line for Excel and a second byte order mark are left out."""
    came = case(cases, name)
    assert came.documents == {key: {"id": key, "pk": "p", "amount": amount} for key, amount in stored.items()}
    assert (came.rejects, came.output["rows_read"]) == ([], len(stored))
    assert came.output.get("unnamed_columns") == unnamed


def test_a_number_is_digits(cases: Reports) -> None:
    """Separators, signs of currency, percent signs and words are no numbers; -0 and `false` are read."""
    came = case(cases, "numbers.csv", "typed_rows")
    assert [(row, column) for row, column, _ in came.rejects] == [
        *((row, "amount") for row in (2, 3, 4, 5, 6)), (7, "ok"), (8, "amount"),
        *((row, "amount") for row in (10, 11, 12, 13)),
    ]  # fmt: skip
    assert {key: (d["amount"], d["qty"], d["ok"]) for key, d in came.documents.items()} == {"c8": (0, 0, False)}


def test_text_of_other_encodings_is_read(cases: Reports) -> None:
    """Latin-1 is read with the option and else costs the rows that it spoils, with a text that names the option."""
    came = case(cases, "latin1.csv")
    assert (came.rejects, list(came.documents)) == ([(2, "label", "encoding")], ["a2"])
    assert b"say what they are, as encoding=cp1252" in came.rejects_file
    came = case(cases, "latin1.csv", encoding="latin1")
    assert {key: document["label"] for key, document in came.documents.items()} == {"a1": "Müller", "a2": "plain"}
    assert (came.rejects, came.output["reading"]["encoding"]) == ([], "iso8859-1")


def test_utf_16_is_read_by_its_mark(cases: Reports) -> None:
    """A byte order mark is enough."""
    came = case(cases, "utf16le-bom.csv")
    assert came.documents == {"a1": {"id": "a1", "pk": "p", "label": "é"}}
    assert came.output["reading"]["encoding"] == "utf-16"


def test_a_number_is_read_by_its_format(cases: Reports) -> None:
    """With the file's marks said, `1,234.50` is a number, and what is no number of that form is a reject."""
    came = case(cases, "numbers.csv", "typed_rows", thousands=",")
    assert {key: (d["amount"], d["qty"]) for key, d in came.documents.items()} == {
        "c1": (1234.5, 1234),
        "c8": (0, 0),
    }
    body = 'id;pk;amount\na1;p;1.234,50\na2;p;-0,5\na3;p;12.5\na4;p;"1 234"\n'.encode("cp1252")
    came = post(cases, "typed_rows", body, decimal=",", thousands=".", tolerated_rejects="9")
    assert {key: d["amount"] for key, d in came.documents.items()} == {"a1": 1234.5, "a2": -0.5}
    assert came.rejects == [(4, "amount", "number_form"), (5, "amount", "number_form")]


def test_partition_keys_are_checked_and_compared_as_numbers(cases: Reports) -> None:
    """A missing key or one that is no plain value is a reject; of 5 and 5.0 with one id the later wins."""
    came = case(cases, "pks.jsonl", "nested_rows")
    assert [row for row, *_ in came.rejects] == [6, 7, 8, 9, 11, 12, 15, 16]
    body = b'{"id":"1","site":{"city":5},"n":1}\n{"id":"1","site":{"city":5.0},"n":2}\n'
    came = post(cases, "nested_rows", body, tolerated_rejects="1")
    assert came.rejects == [(1, "id", "duplicate")]
    assert came.documents["1"]["n"] == 2


def test_quoted_line_ends_and_nan_stay_right(cases: Reports) -> None:
    """Line ends inside quotes are text, and NaN is a reject."""
    labels = {key: document["label"] for key, document in case(cases, "quoted-newlines.csv").documents.items()}
    assert labels == {"a1": 'two\r\nlines, one "quote"', "a2": "lf\nonly"}
    came = case(cases, "nan.jsonl")
    assert ([row for row, *_ in came.rejects], list(came.documents)) == ([1, 2, 3], ["n4"])


@pytest.mark.parametrize(
    ("name", "has_error"), [("deliveries.xlsx", True), ("deliveries.xlsb", True), ("deliveries.ods", False)]
)
def test_a_workbook_is_read_cell_by_cell(cases: Reports, name: str, has_error: bool) -> None:
    """Texts, dates, numbers and truth values of the sheet that has the columns are as the cells have them; a cell with
    an error rejects its row. LibreOffice's file has that cell empty."""
    came = case(cases, name, "deliveries")
    assert came.rejects == ([(6, "price", "cell_error")] if has_error else [])
    stored = [tuple(came.documents[key].values()) for key in sorted(came.documents)]
    assert stored[:4] == [
        ("00017", "2026-01-31T00:00:00", 12.5, 1999.9, True, 'Größe "L"'),
        ("00018", "2026-02-01T13:45:30", 0.1, 0.30000000000000004, False, None),
        ("00019", "2024-02-29T00:00:00", 1000000, 12345678901, True, "two\nlines"),
        ("00020", None, None, None, None, None),
    ]
    assert stored[4:] == ([] if has_error else [("00021", None, 1000012.6, None, None, None)])
    assert came.output["rows_read"] == 5
