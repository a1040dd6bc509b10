import gzip
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from outlast.aggregates import Count, Group
from outlast.inputs import BadInput
from outlast.load_reports import ReportError
from outlast.report import Document, GroupedReport, Report, Row
from outlast.testing import run_report
from outlast.testing import whole_input as whole

ROOT = Path(__file__).resolve().parents[4]
JANUARY, BROKEN = ROOT / "samples/flights-2013-01.csv.gz", ROOT / "samples/flights-broken.csv"


class Item(Row):
    id: str
    shop: str
    price: float | None


class Items(Report[Item]):
    """One document an item."""

    container = "items"
    partition_key = "/shop"
    queried = ("/shop",)

    def generate_report(self, row: Item, reference: Any) -> Iterable[Document]:
        if row.id == "fault":
            raise RuntimeError("no such item")
        yield {**row.model_dump(), **(reference or {})}


class PerShop(GroupedReport[Item]):
    container = "shops"
    partition_key = "/id"
    group_by = ("shop",)
    items = Count()

    def generate_report(self, group: Group, reference: Any) -> Iterable[Document]:
        yield {"id": group.shop, "items": group.items}


def test_documents_and_rejects_are_those_of_a_run() -> None:
    """Good rows are documents in their order, and a wrong value, an exception and a bad record are rejects."""
    result = run_report(Items, b"id,shop,price\na,x,1\nb,x,dear\nfault,x,1\nc\nd,y,\n")
    assert result.documents == [{"id": "a", "shop": "x", "price": 1.0}, {"id": "d", "shop": "y", "price": None}]
    assert [(one.row, one.column, one.code) for one in result.rejects] == [
        (3, "price", "float_parsing"),
        (4, "", "error"),
        (5, "", "field_count"),
    ]
    assert (result.rows, result.rejected, result.codes["error"]) == (5, 3, 1)


def test_a_shipped_report_runs_on_its_sample() -> None:
    """A report is found by its name, and a compressed file is read as a run reads it."""
    result = run_report("flight_delays", BROKEN)
    assert (result.rows, len(result.documents), result.rejected) == (12, 9, 3)
    month = run_report("carrier_months", JANUARY)
    assert (month.rows, len(month.documents)) == (27_004, 16)
    assert sum(document["flights"] for document in month.documents) == 27_004


def test_groups_are_made_of_all_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group has its rows of every chunk of the input."""
    monkeypatch.setattr(whole, "CHUNK", 20)
    data = b"id,shop,price\n" + b"".join(b"i%d,%s,1\n" % (n, b"xy"[n % 2 :][:1]) for n in range(101))
    result = run_report(PerShop, data)
    assert sorted((one["id"], one["items"]) for one in result.documents) == [("x", 51), ("y", 50)]
    assert len(run_report(Items, data).documents) == 101


@pytest.mark.parametrize(("duplicates", "price"), [("last", 3.0), ("first", 1.0), ("reject", None)])
def test_duplicates_are_as_in_a_run(monkeypatch: pytest.MonkeyPatch, duplicates: str, price: float | None) -> None:
    """Of rows that make one document the report's `duplicates` says which is stored, and the others are rejects."""
    monkeypatch.setattr(Items, "duplicates", duplicates)
    result = run_report(Items, b"id,shop,price\na,x,1\na,y,2\na,x,3\n")
    assert [one["price"] for one in result.documents if one["shop"] == "x"] == ([price] if price else [])
    assert {one.code for one in result.rejects} == {"duplicate"}
    assert len(result.rejects) == 3 - len(result.documents)


def test_the_reference_is_what_the_rows_see() -> None:
    """`reference` stands for what read_data_from_db returns, through JSON."""
    assert run_report(Items, b"id,shop,price\na,x,1\n", reference={"sizes": (1, 2)}).documents[0]["sizes"] == [1, 2]


def test_options_say_how_the_input_is_read() -> None:
    """The reading options of a start hold, and others than these are refused."""
    result = run_report(Items, b"id;shop;price\na;x;1,5\n", options={"delimiter": ";", "decimal": ","})
    assert result.documents[0]["price"] == 1.5
    assert result.reading["decimal"] == ","
    with pytest.raises(ValueError, match="delimeter"):
        run_report(Items, b"id\n", options={"delimeter": ";"})


def test_other_formats_are_copied() -> None:
    """JSON arrays, workbooks and compressed text are read as a run reads its copy of them."""
    rows = b'[{"id": "a", "shop": "x", "price": 1}]'
    assert run_report(Items, rows).documents == run_report(Items, gzip.compress(rows)).documents
    lines = b'{"id": "a", "shop": "x", "price": 1}\n'
    assert run_report(Items, lines).documents[0]["id"] == "a"


def test_an_overlong_record_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of 8 MiB is a reject, and the rows behind it are read."""
    data = b"id,shop,price\na,x,1\n" + b"b" * (9 * 1024 * 1024) + b",x,1\nc,x,1\n"
    result = run_report(Items, data)
    assert [one["id"] for one in result.documents] == ["a", "c"]
    assert [one.code for one in result.rejects] == ["too_long"]


def test_what_a_run_would_refuse_is_raised() -> None:
    """A header without a needed column raises BadInput, and a report that cannot be deployed ReportError."""
    with pytest.raises(BadInput, match="price"):
        run_report(Items, b"id,shop\na,x\n")
    with pytest.raises(ReportError, match="container"):
        run_report(type("NoContainer", (Items,), {"container": ""}), b"id,shop,price\n")


def test_request_units_follow_the_policy() -> None:
    """Fewer indexed paths cost less, the queried ones lie between, and patches have no price."""
    result = run_report(Items, b"id,shop,price\na,x,1\nb,y,2\n")
    everything, queried = result.request_units(), result.request_units_of_queried()
    nothing = result.request_units({"indexingMode": "none"})
    assert everything
    assert queried
    assert nothing
    assert nothing < queried < everything
    patches = type("Patches", (Items,), {"mode": "patch"})
    patched = run_report(patches, b"id,shop,price\na,x,1\n")
    assert patched.request_units() is None
    assert patched.documents == [{"id": "a", "operations": [{"op": "set", "path": "/price", "value": 1.0}]}]


def test_the_slowest_rows_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The result has the seconds of at most five rows, the slowest first."""
    result = run_report("flight_delays", BROKEN)
    taken = list(result.row_seconds.values())
    assert len(taken) == 5
    assert taken == sorted(taken, reverse=True)
    assert result.seconds_per_row > 0
