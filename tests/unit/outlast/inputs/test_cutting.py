"""Cutting and reading find the same records for any data, windows and chunks."""

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outlast.inputs import CSV, JSON_LINES, MAX_RECORD, BadRow, Chunk, InputFormat, InputRow, quoting
from outlast.inputs.csv_file import CsvFile
from outlast.inputs.json_lines import JsonLines
from tests.unit.outlast.inputs.driving import cut_all, read_all, read_slowly

SMALL = CsvFile(max_record=48, max_quoted=20)
SMALL_LINES = JsonLines(max_record=48)
COLUMNS = ["a", "b"]

pieces = st.sampled_from(
    [b'"', b'"', b'""', b",", b",", b"\n", b"\n", b"\r\n", b"\r", b"a", b"bc", b"\xff", b"\0", b"x" * 30]
)
nasty = st.lists(pieces, max_size=60).map(b"".join)
sizes = st.lists(st.integers(1, 120), min_size=1, max_size=5)
targets = st.integers(1, 60)
formats = st.sampled_from([SMALL, SMALL_LINES])


@given(nasty, targets, sizes, st.sampled_from([0, 5, quoting.SHORT]))
@settings(max_examples=800)
@example(b'"\n"a\n"\n"\n1,2\n', 10, [50], 0)
def test_rows_are_those_of_a_reading_byte_by_byte(data: bytes, target: int, windows: list[int], short: int) -> None:
    """A file cut in any way gives the same records, numbers, ends and texts as the slow reader."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quoting, "SHORT", short)
        rows = read_all(SMALL, data, cut_all(SMALL, data, target, windows, SMALL.max_record), COLUMNS)
    slow = list(read_slowly(data, SMALL.max_record, SMALL.max_quoted))
    assert [(row.number, row.end) for row in rows] == [(record.number, record.end) for record in slow]
    for row, record in zip(rows, slow, strict=True):
        if isinstance(row, InputRow):
            fields = record.fields or []
            surplus = len(fields) == len(COLUMNS) + 1 and not fields[-1]  # a comma at the end of the line
            assert [field.encode() for field in row.fields] == (fields[:-1] if surplus else fields)
        else:
            assert row.code == code_of(record.fields, record.overlong)


def code_of(fields: list[bytes] | None, overlong: bool) -> str:
    """The code of the bad row that this record is read as."""
    if overlong:
        return "too_long"
    if fields is None:
        return "quoting"
    surplus = len(fields) == len(COLUMNS) + 1 and not fields[-1]
    return "encoding" if surplus or len(fields) == len(COLUMNS) else "field_count"


@given(formats, nasty, targets, sizes, sizes)
def test_chunks_do_not_depend_on_the_windows(
    form: InputFormat, data: bytes, target: int, some: list[int], others: list[int]
) -> None:
    """A file is cut at the same positions with any windows."""
    assert cut_all(form, data, target, some, 48) == cut_all(form, data, target, others, 48)


@given(formats, nasty, targets, sizes)
def test_chunks_cover_the_input_and_are_of_the_wanted_size(
    form: InputFormat, data: bytes, target: int, windows: list[int]
) -> None:
    """Chunks have no gaps, and a short one is the last or ends before a record that is too long for it."""
    chunks = cut_all(form, data, target, windows, 48)
    assert sum(chunk.length for chunk in chunks) == len(data)
    for chunk, following in pairwise(chunks):
        assert chunk.offset + chunk.length == following.offset
        assert data[following.offset - 1 : following.offset] == b"\n"
        assert chunk.length >= min(target, 28) or chunk.length + following.length >= 48
    assert all(chunk.overlong == (chunk.length >= 48) for chunk in chunks)


@given(nasty, targets)
def test_json_lines_are_numbered_by_line_however_they_are_cut(data: bytes, target: int) -> None:
    """All chunks together have each line that is not blank, with its number."""
    rows = read_all(SMALL_LINES, data, cut_all(SMALL_LINES, data, target, [64], 48), [])
    lines = data.split(b"\n")
    assert [row.number for row in rows] == [n for n, line in enumerate(lines, 1) if line.strip(b" \t\r")]


@given(formats, nasty, st.data())
def test_reading_resumes_after_any_row(form: InputFormat, data: bytes, drawn: st.DataObject) -> None:
    """Reading from the end of any row gives the rows after it."""
    rows = list(form.rows(data, COLUMNS, 7))
    if rows:
        index = drawn.draw(st.integers(0, len(rows) - 1))
        end, number = rows[index].end, rows[index].number
        resumed = form.rows(data[end:], COLUMNS, number + 1)
        assert [row._replace(end=row.end + end) for row in resumed] == rows[index + 1 :]


@pytest.mark.parametrize("form", [CSV, JSON_LINES])
def test_a_record_of_the_largest_size_is_cut_off_alone(form: InputFormat) -> None:
    """An overlong record is a chunk of its own, and skipping finds its end."""
    before, huge, behind = b"1,2\n" * 10, b"x" * (MAX_RECORD + 5000) + b"\n", b"3,4\n"
    chunks = cut_all(form, before + huge + behind, 1000, [100_000], MAX_RECORD)
    assert chunks == [
        Chunk(0, 40, 1),
        Chunk(40, MAX_RECORD + 5001, 11, overlong=True),
        Chunk(40 + MAX_RECORD + 5001, 4, 12),
    ]


def test_a_record_just_below_the_largest_size_is_read() -> None:
    """A line one byte below the limit, with its line end, is read."""
    line = b"a," + b"x" * (MAX_RECORD - 4) + b"\n"
    (chunk,) = cut_all(CSV, line, 1000, [MAX_RECORD], MAX_RECORD)
    (row,) = CSV.rows(line, COLUMNS, 2)
    assert not chunk.overlong
    assert isinstance(row, InputRow)


def test_an_unended_record_says_so() -> None:
    """A window full of one record is consumed, and the cut says that the record continues."""
    cut = SMALL.cut(b"x" * 48, False, 100, 9, 10)
    assert (cut.chunks, cut.consumed, cut.next_row, cut.unended) == ([Chunk(100, 48, 9, overlong=True)], 48, 10, True)


@pytest.mark.parametrize("length", [18, 19, 20, 21, 22])
def test_a_window_decides_nothing_that_a_longer_one_denies(length: int) -> None:
    """A window decides about an open quote only when no longer window could decide otherwise."""
    data = b'1,"\n' + b"x" * (length - 6) + b'"\n' + b"2,3\n" * 10
    whole = SMALL.cut(data, True, 0, 1, 1).chunks
    for size in range(len(data)):
        part = SMALL.cut(data[:size], False, 0, 1, 1).chunks
        assert part == whole[: len(part)]


@pytest.mark.parametrize("at_end", [True, False])
def test_a_chunk_ends_before_it_reaches_the_largest_size(at_end: bool) -> None:
    """Two records that together have exactly the largest size are two chunks."""
    data = b"1,23456\n" + b"x" * 39 + b"\n"
    assert SMALL.cut(data, at_end, 0, 1, 20).chunks[0] == Chunk(0, 8, 1)
    assert SMALL.cut(data[:-1] + b"x", at_end, 0, 1, 20).chunks[0] == Chunk(0, 8, 1)


@pytest.mark.parametrize("form", [SMALL, SMALL_LINES])
def test_no_wanted_size_makes_a_chunk_overlong(form: InputFormat) -> None:
    """A target above the largest size counts as one below it."""
    assert not any(chunk.overlong for chunk in cut_all(form, b"1,345\n" * 20, 1000, [500], 48))


def test_a_window_of_the_largest_size_decides_about_an_open_quote() -> None:
    """A window of the largest size decides about an open quote as the whole file does, also for a large target."""
    data = b"1,2\n" * 8 + b'"3\n,4\n5,6\n7,8' + b'\n9"'
    assert cut_all(SMALL, data, 45, [48], 48) == cut_all(SMALL, data, 45, [len(data)], 48)


def test_an_empty_window_at_the_end_gives_no_chunk() -> None:
    """A file with only a header has no chunks."""
    assert CSV.cut(b"", True, 10, 2, 1000).chunks == []


@pytest.mark.parametrize(
    "line",
    [b'x","y\n', b'"abc\n', b'a,"b""c\n', b'"\n', b'"""\n', b'"a"b\n', b'",', b',"', b'"', b'"a\r', b"\r", b"\xff,"],
)
def test_no_file_takes_more_than_linear_time(line: bytes) -> None:
    """Data in which a naive reader starts over at each line is read in seconds."""
    data = b'"' + line * (256 * 1024 // len(line))
    chunks = cut_all(CSV, data, 64 * 1024, [96 * 1024], MAX_RECORD)
    rows = read_all(CSV, data, chunks, COLUMNS)
    assert rows[-1].end == len(data)
    assert all(isinstance(row, BadRow | InputRow) for row in rows)
