"""Parquet, against pyarrow's own table."""

import io
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.inputs import BadInput, IncompleteHeader, InputRow, Reading, Wanted, parquet, resolved, rows_format
from outlast.inputs.arrow_frames import ArrowFrames
from outlast.inputs.arrow_values import types_of
from outlast.inputs.parquet import parquet_frames
from outlast.report import Row
from outlast.strict_values import unguarded
from outlast.wanted import wanted_of
from tests.unit.outlast.inputs.driving import cut_all, read_all

TYPES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "int8": (pa.int8(), st.integers(-128, 127)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "double": (pa.float64(), st.floats(allow_nan=False)),
    "text": (pa.string(), st.text(max_size=5)),
    "bytes": (pa.binary(), st.binary(max_size=5)),
    "flag": (pa.bool_(), st.booleans()),
    "day": (pa.date32(), st.dates()),
    "hour": (pa.time64("us"), st.times()),
    "at": (pa.timestamp("us"), st.datetimes()),
    "zoned": (pa.timestamp("us", "UTC"), st.datetimes(timezones=st.just(UTC))),
    "price": (pa.decimal128(20, 4), st.decimals(-(10**9), 10**9, places=4)),
    "list": (pa.list_(pa.int32()), st.lists(st.none() | st.integers(0, 9), max_size=3)),
    "nested": (
        pa.struct([("a", pa.string()), ("b", pa.list_(pa.float64()))]),
        st.fixed_dictionaries({"a": st.text(max_size=3), "b": st.lists(st.just(0.5), max_size=2)}),
    ),
    "map": (pa.map_(pa.string(), pa.int32()), st.dictionaries(st.text(max_size=2), st.integers(0, 9), max_size=2)),
}


def written(table: Any, **options: Any) -> bytes:
    """The table as Parquet."""
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def read(data: bytes, wanted: Wanted | None = None, sizes: tuple[int, ...] = (100_000,)) -> list[Any]:
    """Number and values, or code, of each row."""
    form = rows_format(Reading(format="parquet"))
    copy = b"".join(parquet_frames(io.BytesIO(data), wanted or Wanted.anything()))
    columns, (begin, row) = form.columns(copy, True), form.first(copy, True)
    chunks = cut_all(form, copy[begin:], 1, sizes, 9_000_000, row)
    rows = read_all(form, copy[begin:], chunks, columns)
    return [(row.number, row.values if isinstance(row, InputRow) else row.code) for row in rows]


@settings(max_examples=150)
@given(st.data(), st.integers(0, 12), st.integers(1, 5), st.lists(st.integers(1, 500), min_size=1, max_size=3))
def test_rows_are_those_of_the_table(data: st.DataObject, count: int, group: int, sizes: list[int]) -> None:
    """Columns of any type, in row groups of any size, give the values that pyarrow gives."""
    names = data.draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=5, unique=True))
    columns = {
        name: pa.array(data.draw(st.lists(st.none() | TYPES[name][1], min_size=count, max_size=count)), TYPES[name][0])
        for name in names
    }
    table = pa.table(columns)
    rows = read(written(table, row_group_size=group), sizes=tuple(sizes))
    assert rows == list(enumerate(table.to_pylist(maps_as_pydicts="strict"), 1))


def test_only_the_columns_that_the_report_reads_are_copied() -> None:
    """Other columns are left out, and numbers are text where the row class wants text."""
    table = pa.table({"id": [1, 2], "other": ["x" * 100, "y"], "n": [1.5, None], "kind": ["a", "b"]})
    table = table.set_column(3, "kind", table["kind"].dictionary_encode())
    wanted = Wanted(needed=["id"], columns=["n", "id", "kind", "more"], texts=["id"], numbers=["n"])
    assert read(written(table), wanted) == [
        (1, {"id": "1", "n": 1.5, "kind": "a"}),
        (2, {"id": "2", "n": None, "kind": "b"}),
    ]


def test_times_of_other_units_and_zones_are_those_of_python() -> None:
    """Nanoseconds are cut to microseconds, and a time with a zone is in UTC."""
    at = datetime(2013, 1, 31, 5, tzinfo=UTC)
    table = pa.table(
        {
            "ns": pa.array([1359608400_000000123], pa.timestamp("ns")),
            "zoned": pa.array([at], pa.timestamp("s", "Europe/Oslo")),
            "hour": pa.array([time(1, 2, 3)], pa.time32("s")),
            "long": pa.array([timedelta(hours=1)], pa.duration("ns")),
        }
    )
    [(_, values)] = read(written(table))
    assert values == {"ns": at.replace(tzinfo=None), "zoned": at, "hour": time(1, 2, 3), "long": timedelta(hours=1)}


def test_a_row_group_is_cut_by_rows() -> None:
    """A chunk has a few megabytes of rows, and a row that is too long for a window is a reject."""
    table = pa.table({"id": ["a", "b", "c", "d"], "text": ["é" * 900_000, "x", None, "y"]})
    data = written(table, compression="none", use_dictionary=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "_OPTIONS", pa.ipc.IpcWriteOptions())
        patch.setattr(parquet, "MAX_RECORD", 1_000_000)
        patch.setattr(parquet, "FRAME", 100_000)
        assert [row[0] if row[1] != "too_long" else "too_long" for row in read(data)] == ["too_long", 2, 3, 4]


def test_reading_resumes_at_any_row_of_a_frame() -> None:
    """Rows have no place in the bytes: the frame is read again from the row that is next."""
    copy = b"".join(parquet_frames(io.BytesIO(written(pa.table({"n": list(range(100))}))), Wanted.anything()))
    form = ArrowFrames()
    begin, _ = form.first(copy, True)
    rows = [row for row in form.rows(copy[begin:], ["n"], 41) if isinstance(row, InputRow)]
    assert [(row.number, row.end, row.values["n"]) for row in rows[:2]] == [(41, 0, 40), (42, 0, 41)]
    assert len(rows) == 60


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (written(pa.table({"m": [1]})), "The file lacks the column id, which the report needs. It has: m"),
        (written(pa.table({"id": [1]}))[:-20], "cannot be read"),
        (b"PAR1", "cannot be read"),
    ],
)
def test_other_files_are_refused(data: bytes, says: str) -> None:
    """A file that is damaged or lacks a column is refused before the first row."""
    with pytest.raises(BadInput) as caught:
        read(data, Wanted(needed=["id"], texts=[], numbers=[]))
    assert says in str(caught.value)


def test_the_columns_are_in_the_first_frame() -> None:
    """A head that is shorter than the first frame is incomplete."""
    copy = b"".join(parquet_frames(io.BytesIO(written(pa.table({"day": [date(2013, 1, 31)]}))), Wanted.anything()))
    with pytest.raises(IncompleteHeader):
        ArrowFrames().columns(copy[:30], False)
    assert read(written(pa.table({"p": [Decimal("1.10")]}))) == [(1, {"p": Decimal("1.10")})]


class Typed(Row):
    """One field of each kind."""

    n: int | None
    x: float | None
    text: str | None
    flag: bool | None
    at: datetime | None
    day: date | None
    price: Decimal | None


GIVEN = {
    "n": st.sampled_from([pa.int8(), pa.int64(), pa.float64(), pa.string(), pa.bool_()]),
    "x": st.sampled_from([pa.int32(), pa.float32(), pa.float64(), pa.string(), pa.bool_()]),
    "text": st.sampled_from([pa.string(), pa.binary(), pa.int16()]),
    "flag": st.sampled_from([pa.bool_(), pa.int8(), pa.string()]),
    "at": st.sampled_from([pa.timestamp("us"), pa.timestamp("ms", "UTC"), pa.int64(), pa.date32(), pa.string()]),
    "day": st.sampled_from([pa.date32(), pa.timestamp("s"), pa.int64(), pa.string()]),
    "price": st.sampled_from([pa.decimal128(25, 2), pa.float64(), pa.string(), pa.int64()]),
}


@settings(max_examples=150)
@given(st.fixed_dictionaries(GIVEN), st.sampled_from([0, 1, -1, 20130131]), st.booleans())
def test_values_that_need_no_closer_look_are_read_as_others_are(kinds: dict[str, Any], one: int, none: bool) -> None:
    """Where all columns have the types of the row class, its guards would change nothing."""
    columns = {name: pa.nulls(1, kind) if none else _column(one, kind) for name, kind in kinds.items()}
    copy = b"".join(parquet_frames(io.BytesIO(written(pa.table(columns))), wanted_of(Typed)))
    reading = resolved(Reading(format="parquet"), copy, True, wanted_of(Typed))
    form = rows_format(reading)
    [row] = form.rows(copy[form.first(copy, True)[0] :], form.columns(copy, True), 1)
    asked = {**kinds, "text": pa.string() if pa.types.is_integer(kinds["text"]) else kinds["text"]}
    assert reading.typed == all(kind in types_of(asked[name]) for name, kind in wanted_of(Typed).kinds.items())
    if reading.typed and isinstance(row, InputRow):
        assert unguarded(Typed).validate_python(row.values) == Typed.model_validate(row.values)


def _column(one: int, kind: Any) -> Any:
    """A column of one value."""
    if pa.types.is_string(kind) or pa.types.is_binary(kind):
        return pa.array([str(one)]).cast(kind)
    number = pa.int32() if pa.types.is_date(kind) else pa.int64()
    return pa.array([one % 2 if pa.types.is_int8(kind) else one], number).cast(kind, safe=False)


def test_values_that_python_cannot_hold_cost_their_row() -> None:
    """A day or time after the year 9999, and text that is not UTF-8, are rejects; the other rows are read."""
    spoiled = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    for array in (
        pa.array([20130131], pa.int32()).cast(pa.date32()),
        pa.array([2**62]).cast(pa.timestamp("us")),
        spoiled,
    ):
        table = pa.table({"n": [1, 2], "v": pa.concat_arrays([array, pa.nulls(1, array.type)])})
        assert read(written(table)) == [(1, "value"), (2, {"n": 2, "v": None})]


def test_a_reject_shows_the_texts_of_its_values() -> None:
    """A row of typed values has the text of each for the rejects, and an empty one for a missing value."""
    table = pa.table({"n": pa.array([5, None]), "x": [1.5, None], "day": [date(2013, 1, 31), None], "s": ["a", None]})
    form = rows_format(Reading(format="parquet"))
    copy = b"".join(parquet_frames(io.BytesIO(written(table)), Wanted.anything()))
    begin, row = form.first(copy, True)
    rows = read_all(
        form, copy[begin:], cut_all(form, copy[begin:], 1, (100_000,), 9_000_000, row), list(table.column_names)
    )
    assert [list(one.fields) for one in rows] == [["5", "1.5", "2013-01-31", "a"], ["", "", "", ""]]
    assert rows[0].fields[1:3] == ["1.5", "2013-01-31"]


READING = """
import sys
from outlast.inputs import arrow_frames
from outlast.inputs.parquet import parquet_frames
from outlast.inputs.reading import Wanted
first, frame = parquet_frames(open(sys.argv[1], "rb"), Wanted.anything())
rows = list(arrow_frames.ArrowFrames().rows(frame, ["n", "x", "s", "t", "m"], 1))
print([row.values for row in rows], "pandas" in sys.modules)
"""


def test_pandas_is_not_loaded(tmp_path: Path) -> None:
    """Copying and reading loads no pandas, which pyarrow would where it is installed, whether values are missing or
    not."""
    rows = [{"n": 1, "x": 0.5, "s": "a", "t": "b", "m": 2}, {"n": None, "x": None, "s": None, "t": "c", "m": 3}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "some.parquet")
    command = [sys.executable, "-c", READING, str(tmp_path / "some.parquet")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{rows} False\n"
