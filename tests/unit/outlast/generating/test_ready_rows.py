"""Rows read column by column become the same documents and rejects as rows read one by one."""

import io
import marshal
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, PrivateAttr

from outlast.generating.plain_rows import is_plain
from outlast.generating.row_window import Limits, RowWindow, Slice, Staged
from outlast.generating.slicers import _ready, slicer_of
from outlast.inputs import Reading, resolved, rows_format
from outlast.inputs.parquet import parquet_frames
from outlast.report import Document, Report, Row
from outlast.wanted import wanted_of


class Trip(Row):
    null_values = frozenset({"NA"})
    shop: str
    day: date
    number: int
    amount: float | None
    price: Decimal
    at: datetime | None = None
    note: str | None = None


class Trips(Report[Trip]):
    container, partition_key = "trips", "/shop"
    name, row = "trips", Trip

    def generate_report(self, row: Trip, reference: Any) -> Iterable[Document]:
        if row.number == 13:
            raise ValueError(f"thirteen {row.note}")
        yield {"id": f"{row.number}", "set": sorted(row.model_fields_set), "text": repr(row), **row.model_dump()}


COLUMNS = ["number", "shop", "unused", "amount", "day", "price", "at", "note"]
CLEAN = {
    "number": st.sampled_from(["1", "2", "007", " 8", "8", "-5", "13"]),
    "shop": st.sampled_from(["a", "b", "ü", " "]),
    "unused": st.sampled_from(["", "x"]),
    "amount": st.sampled_from(["0.1", "1e16", "-0.0", "0", "NA", ""]),
    "day": st.sampled_from(["2013-01-01", "2013-01-02"]),
    "price": st.sampled_from(["1.10", "1.1", "3", "1e-3"]),
    "at": st.sampled_from(["2013-01-01T05:00:00Z", "2013-01-01T05:00:00", "NA"]),
    "note": st.sampled_from(["", "n", "NA"]),
}
ODD = ["", "?", '"x"', "nan", "a,b", "\xff", "1\0", "\r", "x\ny", " "]
RECORD = st.tuples(*(CLEAN[name] for name in COLUMNS)).map(",".join)
WRONG = st.tuples(*(CLEAN[name] | st.sampled_from(ODD) for name in COLUMNS)).map(",".join) | st.sampled_from(
    ["", ",,,,,,,", " ,,,,,,,", "\t,,, ,,,,", ","]
)
GOOD = b"1,a,,0.1,2013-01-01,1.10,NA,\n"
ALL = Limits(9.0, 10**9)


def window(**changes: Any) -> RowWindow:
    usual: dict[str, Any] = {"columns": COLUMNS, "row": 2, "format": "csv"}
    return RowWindow("k", "r1", "trips", None, "r", **{**usual, **changes})


def is_ready(data: bytes, **changes: Any) -> bool:
    return _ready(Trips(), window(**changes), data) is not None


def made(data: bytes, by_columns: bool, **changes: Any) -> tuple[Slice, Any, Staged]:
    slicer = slicer_of(Trips(), None, window(**changes), data, lambda: 0.0, lambda row: None, by_columns=by_columns)
    taken = slicer.take(ALL)
    return replace(taken, made=b""), marshal.loads(taken.made), slicer.staged(3)


def encoded(lines: Iterable[str], end: str = "\n") -> bytes:
    return "".join(line + end for line in lines).encode("latin-1" if any("\xff" in line for line in lines) else "utf-8")


@settings(max_examples=150)
@given(st.lists(RECORD, min_size=1, max_size=40), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_a_clean_chunk_of_csv_makes_the_same(lines: list[str], end: str, ended: bool) -> None:
    """Documents, rejects and their texts, keys and where the slice ends are those of reading row by row."""
    data = encoded(lines, end)
    data = data if ended else data.removesuffix(end.encode())
    assert is_ready(data)
    assert made(data, True) == made(data, False)


@settings(max_examples=150)
@given(st.lists(RECORD, max_size=6), WRONG, st.lists(RECORD | WRONG, max_size=6))
def test_a_doubtful_chunk_of_csv_makes_the_same(before: list[str], wrong: str, after: list[str]) -> None:
    """Whatever is wrong with a chunk, its documents and rejects are the same to the letter."""
    data = encoded([*before, wrong, *after])
    assert made(data, True) == made(data, False)


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_chunk_is_gone_on_with_where_a_slice_has_ended(rows: int) -> None:
    """A slice that ends early names the row and the offset at which another window begins."""
    slicer = slicer_of(Trips(), None, window(), GOOD * 3, lambda: 0.0, lambda row: None, by_columns=True)
    taken = slicer.take(Limits(0.0, 10**9, through=1 + rows))
    assert (taken.rows, taken.row, taken.offset, taken.ended) == (rows, 2 + rows, len(GOOD) * rows, rows == 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"format": "jsonl"},
        {"reading": {"format": "csv", "delimiter": ";"}},
        {"reading": {"format": "csv", "decimal": ","}},
        {"reading": {"format": "csv", "nulls": ["-"]}},
        {"overlong": True},
        {"corrected": True},
        {"columns": [*COLUMNS[:-1], "other"]},
        {"columns": ["row", "column", "code", "message", *COLUMNS]},
    ],
    ids=str,
)
def test_a_window_that_is_special_is_read_row_by_row(changes: dict[str, Any]) -> None:
    """Other formats, a missing column, corrections and rejects that are sent back are left to the usual way."""
    assert is_ready(GOOD)
    assert not is_ready(GOOD, **changes)


def test_rows_of_one_of_several_files_keep_their_numbers() -> None:
    """A row that is stopped before, and rejects that name their file, are the same either way."""
    data = GOOD + GOOD.replace(b"1,a", b"13,a") + GOOD
    changes: dict[str, Any] = {
        "row": 102,
        "before": 100,
        "file": "f.csv",
        "shown": COLUMNS,
        "refused": [(104, "x", "y")],
    }
    assert made(data, True, **changes) == made(data, False, **changes)


class Hidden(Row):
    shop: str
    _seen: int = PrivateAttr(0)


class Initial(Row):
    shop: str

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)


class Made(Row):
    shop: str

    def __new__(cls, **values: Any) -> "Made":
        return super().__new__(cls)


@pytest.mark.parametrize(("row", "plain"), [(Trip, True), (Hidden, False), (Initial, False), (Made, False)])
def test_a_row_class_that_makes_more_than_its_fields_is_not_plain(row: type[Row], plain: bool) -> None:
    """Private attributes and a constructor of its own are left to pydantic."""
    assert issubclass(row, BaseModel)
    assert is_plain(row) == plain


TYPED = st.fixed_dictionaries(
    {
        "number": st.integers(-5, 20) | st.none(),
        "shop": st.sampled_from(["a", "ü"]),
        "unused": st.text(max_size=2),
        "amount": st.sampled_from([0.5, None, -0.0, float("nan"), float("inf")]),
        "day": st.just(date(2013, 1, 1)),
        "price": st.sampled_from([Decimal("1.10"), Decimal("3.00")]),
        "at": st.sampled_from([datetime(2013, 1, 1, 5, tzinfo=UTC), None]),
        "note": st.sampled_from(["n", None, ""]),
    }
)
SCHEMA = pa.schema(
    {
        "number": pa.int32(),
        "shop": pa.string(),
        "unused": pa.string(),
        "amount": pa.float32(),
        "day": pa.date32(),
        "price": pa.decimal128(9, 2),
        "at": pa.timestamp("us", "UTC"),
        "note": pa.string(),
    }
)


@settings(max_examples=60, deadline=None)
@given(st.lists(TYPED, min_size=1, max_size=12), st.integers(0, 3))
def test_a_frame_of_typed_columns_makes_the_same(rows: list[dict[str, Any]], skipped: int) -> None:
    """Numbers that are missing or not finite reject the same rows as one by one, also behind rows that are skipped."""
    file, wanted = io.BytesIO(), wanted_of(Trip)
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), file)
    copy = b"".join(parquet_frames(file, wanted))
    reading = resolved(Reading(format="parquet"), copy, True, wanted)
    form = rows_format(reading)
    columns, data = form.columns(copy, True), copy[form.first(copy, True)[0] :]
    changes: dict[str, Any] = {
        "columns": columns,
        "format": "parquet",
        "reading": reading.said(),
        "row": min(1 + skipped, len(rows)),
    }
    assert reading.typed
    assert made(data, True, **changes) == made(data, False, **changes)
