"""The fast path: a clean chunk is added up column by column, with the same result as row by row."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BeforeValidator, Field, field_validator

from outlast.aggregates import (
    Aggregate,
    Collect,
    Count,
    CountDistinct,
    First,
    Last,
    Max,
    Mean,
    Min,
    Quantile,
    Sum,
    TopN,
)
from outlast.generating.groups.declared import is_declared
from outlast.generating.groups.group_slicer import GroupSlicer
from outlast.generating.groups.plan import GroupPlan
from outlast.generating.row_window import GROUPS, Limits, RowWindow, Slice, Staged
from outlast.generating.slicers import slicer_of
from outlast.report import GroupedReport, Row


class Trip(Row):
    null_values = frozenset({"NA"})
    shop: str | None
    day: date
    number: int
    amount: float | None
    price: Decimal
    odd: int | float | None = None


class Trips(GroupedReport[Trip]):
    partition_key = "/shop"
    name, row = "trips", Trip
    group_by = ("shop", "odd")
    rows_there = Count()
    amounts = Count("amount")
    amount, price, mean = Sum("amount"), Sum("price"), Mean("amount")
    total, lowest, highest, average = Sum("number"), Min("number"), Max("number"), Mean("number")
    least, most, day = Min("odd"), Max("amount"), Max("day")
    first, last, some = First("amount"), Last("day"), Collect("amount", 3)
    top, distinct, p90 = TopN("amount", 2), CountDistinct("number"), Quantile("odd", 0.9)


COLUMNS = ["number", "shop", "unused", "amount", "day", "price", "odd"]
CLEAN = {
    "number": st.sampled_from(["1", "2", "007", " 8", "8", "-5"]),
    "shop": st.sampled_from(["a", "b", "ü", "NA", ""]),
    "unused": st.sampled_from(["", "x"]),
    "amount": st.sampled_from(["0.1", "1e16", "-1e16", "-0.0", "0", "3.3", "NA", ""]),
    "day": st.sampled_from(["2013-01-01", "2013-01-02"]),
    "price": st.sampled_from(["1.10", "1.1", "3", "1e-3"]),
    "odd": st.sampled_from(["5", "5.0", "0", "-0.0", "NA"]),
}
DOUBTFUL = {name: st.sampled_from(["", "?", '"x"', "nan", "a,b", "\xff", "1\0", "\r", "x\ny"]) for name in COLUMNS}
RECORD = st.tuples(*(CLEAN[name] for name in COLUMNS)).map(",".join)
WRONG = st.tuples(*(CLEAN[name] | DOUBTFUL[name] for name in COLUMNS)).map(",".join) | st.sampled_from(
    ["", ",,,,,,", " ,,,,,,", ","]
)


def window(**changes: Any) -> RowWindow:
    usual: dict[str, Any] = {"columns": COLUMNS, "row": 2, "makes": GROUPS, "format": "csv"}
    return RowWindow("k", "r1", "trips", None, "r", **{**usual, **changes})


def slicer(data: bytes, report: Any = None, **changes: Any) -> GroupSlicer:
    made = slicer_of(report or Trips(), None, window(**changes), data, lambda: 0.0, lambda row: None)
    assert isinstance(made, GroupSlicer)
    return made


def by_rows(data: bytes) -> tuple[Slice, Staged]:
    slow = slicer(data)
    slow.data = b""
    return slow.take(Limits(9.0, 10**9)), slow.staged(0)


def is_fast(data: bytes, report: Any = None, **changes: Any) -> bool:
    return slicer(data, report, **changes)._fast() is not None


def encoded(lines: Iterable[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode("latin-1" if any("\xff" in line for line in lines) else "utf-8")


@settings(max_examples=150)
@given(st.lists(RECORD, min_size=1, max_size=40), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_clean_chunk_makes_the_same_groups_at_once(lines: list[str], end: str, ended: bool) -> None:
    """Bytes of the groups, counts and the end of the chunk are those of adding row by row."""
    data = encoded(lines, end)
    data = data if ended else data.removesuffix(end.encode())
    fast = slicer(data)
    assert is_fast(data)
    taken, (slow, staged) = fast.take(Limits(9.0, 10**9)), by_rows(data)
    assert fast.staged(0) == staged
    assert (taken.rows, taken.offset, taken.row, taken.ended) == (slow.rows, slow.offset, slow.row, slow.ended)


@settings(max_examples=150)
@given(st.lists(RECORD, max_size=6), WRONG, st.lists(RECORD | WRONG, max_size=6))
def test_a_doubtful_chunk_makes_the_same_groups_and_rejects(before: list[str], wrong: str, after: list[str]) -> None:
    """Whatever is wrong with a chunk, its rejects are the same to the letter."""
    data = encoded([*before, wrong, *after])
    if data:
        fast = slicer(data)
        fast.take(Limits(9.0, 10**9))
        assert fast.staged(0) == by_rows(data)[1]


GOOD = "1,a,,0.1,2013-01-01,1.10,5\n"


@pytest.mark.parametrize(
    "line",
    [
        b'1,"a",,0.1,2013-01-01,1.10,5\n',
        b"\n",
        b",,,,,,\n",
        b"1,a,,0.1,2013-01-01,1.10\n",
        b"1,a,,0.1,2013-01-01,1.10,5,6\n",
        b"?,a,,0.1,2013-01-01,1.10,5\n",
        b",a,,0.1,2013-01-01,1.10,5\n",
        b"1,\xff,,0.1,2013-01-01,1.10,5\n",
        b"1,a\0,,0.1,2013-01-01,1.10,5\n",
        b"1,a\r,,0.1,2013-01-01,1.10,5\n",
        b"1,a,,0.1,2013-01-01,1e5000,5\n",
    ],
)
def test_what_is_doubtful_is_added_row_by_row(line: bytes) -> None:
    """A quote, a blank line, a wrong number of fields or a value that is refused sends the whole chunk that way."""
    assert is_fast(GOOD.encode() * 3)
    assert not is_fast(GOOD.encode() + line + GOOD.encode())


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "jsonl"},
        {"reading": {"format": "csv", "delimiter": ";"}},
        {"reading": {"format": "csv", "decimal": ","}},
        {"reading": {"format": "csv", "nulls": ["-"]}},
        {"overlong": True},
        {"refused": [(2, "timeout", "")]},
        {"columns": [*COLUMNS[:-1], "other"]},
        {"columns": ["row", "column", "code", "message", *COLUMNS]},
    ],
    ids=str,
)
def test_a_window_that_is_special_is_added_row_by_row(changes: dict[str, Any]) -> None:
    """Other formats, rows that must not run again, a missing column and rejects that are sent back are left to that."""
    assert not is_fast(GOOD.encode(), **changes)


def shouted(text: Any) -> Any:
    return text


class Checked(Trip):
    @field_validator("shop")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return value


class Limited(Trip):
    number: int = Field(gt=0)


class Own(Trip):
    shop: Annotated[str | None, BeforeValidator(shouted)]


class Largest(Aggregate):
    """An aggregate of the report's own, which may depend on the order."""


def changed(**members: Any) -> Any:
    return type("Changed", (Trips,), members)()


@pytest.mark.parametrize(
    ("report", "declared"),
    [
        (Trips(), True),
        (changed(own=Count(where=lambda row: row.shop)), False),
        (changed(own=Sum(lambda row: row.number)), False),
        (changed(own=TopN("amount", 2, show=lambda row: row.shop)), False),
        (changed(own=Largest("amount")), False),
        (changed(group_by=(), key=lambda self, row: row.shop), False),
        (changed(row=Checked), False),
        (changed(row=Limited), False),
        (changed(row=Own), False),
    ],
)
def test_code_of_the_report_is_run_row_by_row(report: Any, declared: bool) -> None:
    """Only fields of plain types and aggregates over fields are added up at once: no code runs that may hang."""
    assert is_declared(report, GroupPlan.of(report)) == declared
    assert is_fast(GOOD.encode(), report) == declared


def test_equal_keys_of_different_texts_are_one_group() -> None:
    """Groups go by the values of the fields, not by how these are written."""
    made = slicer(b"1,a,,1,2013-01-01,1,5\n1,a,,1,2013-01-01,1,5.0\n1,NA,,1,2013-01-01,1,NA\n1,,,1,2013-01-01,1,\n")
    made.take(Limits(9.0, 10**9))
    assert len(made.staged(0).documents[257 * 4 :].splitlines()) == 2


def test_many_columns_of_many_values_make_groups() -> None:
    """The numbers of groups stay within 64 bits, however many values the fields have."""
    names = [f"c{number}" for number in range(9)]
    row = type("Wide", (Row,), {"__annotations__": dict.fromkeys(names, str), "__module__": __name__})
    members = {"row": row, "name": "wide", "group_by": tuple(names), "n": Count(), "partition_key": "/c0"}
    report = type("Wides", (GroupedReport,), members)()
    lines = [",".join(f"{(line * (column + 1)) % 199}" for column in range(9)) + "\n" for line in range(400)]
    data = "".join(lines).encode()
    fast = slicer(data, report, columns=names)
    assert is_fast(data, report, columns=names)
    fast.take(Limits(9.0, 10**9))
    assert len(fast.staged(0).documents[257 * 4 :].splitlines()) == len(set(lines))
