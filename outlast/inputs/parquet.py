"""Parquet as frames of Arrow: the columns that the report reads, some megabytes of rows at a time."""

from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from outlast.inputs.arrow import load_arrow
from outlast.inputs.arrow_frames import first_frame, framed
from outlast.inputs.find_dialect import MissingColumns
from outlast.inputs.reading import Wanted
from outlast.inputs.types import MAX_RECORD, BadInput

FRAME = 2 * 1024 * 1024
"""Bytes of a frame, about: rows are cut by it within a row group."""
_BUFFER = 256 * 1024
_MOST_ROWS = 16 * 1024
_AT_ONCE = 2 * 1024
"""Rows that are decoded at once. To decode 16,384 took 40 MB more."""
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def parquet_frames(file: IO[bytes], wanted: Wanted) -> Iterator[bytes]:
    """The frames of a file. Raises BadInput where it is damaged, or lacks a column that is needed."""
    load_arrow()
    try:
        with pq.ParquetFile(file, buffer_size=_BUFFER, pre_buffer=False) as opened:
            columns = _columns(opened.schema_arrow.names, wanted)
            schema = _schema(opened.schema_arrow, columns, wanted)
            yield first_frame(schema)
            batches = opened.iter_batches(_AT_ONCE, columns=columns, use_threads=False)
            yield from _all_frames((_cast(batch, schema) for batch in batches), _rows(opened))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        text = f"The Parquet file cannot be read ({str(error)[:200]}). Write it again."
        raise BadInput("body", text) from None


def _columns(names: list[str], wanted: Wanted) -> list[str]:
    if missing := wanted.missing(names):
        shown = ", ".join(names[:100])
        text = f"The file lacks the column {', '.join(missing)}, which the report needs. It has: {shown}."
        raise MissingColumns(text, missing, names)
    found = names if wanted.columns is None else [name for name in names if name in wanted.columns]
    if len(set(found)) < len(found) or not found:
        raise BadInput("header", "The file has a column twice, or none that the report reads.")
    return found


def _all_frames(batches: Iterator[Any], rows: int) -> Iterator[bytes]:
    """Frames of so many rows."""
    row, waiting = 1, list[Any]()
    for batch in batches:
        waiting.append(batch)
        if (held := _count(waiting)) >= rows:
            yield from _frames(waiting, row)
            row, waiting = row + held, []
    if waiting:
        yield from _frames(waiting, row)


def _count(batches: list[Any]) -> int:
    return sum(batch.num_rows for batch in batches)


def _rows(opened: Any) -> int:
    """Rows of a frame of about FRAME bytes."""
    size = sum(_sizes(opened.metadata))
    return max(1, min(_MOST_ROWS, FRAME * int(opened.metadata.num_rows) // max(1, size)))


def _sizes(metadata: Any) -> list[int]:
    return [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]


def _schema(schema: Any, columns: list[str], wanted: Wanted) -> Any:
    """The types that rows are read with."""
    return pa.schema([pa.field(name, _type(schema.field(name).type, name in wanted.texts)) for name in columns])


def _type(given: Any, as_text: bool) -> Any:
    """Numbers become text where the row class wants text; times have microseconds, as Python's have, in UTC."""
    if pa.types.is_dictionary(given):
        return _type(given.value_type, as_text)
    if pa.types.is_timestamp(given):
        return pa.timestamp("us", "UTC" if given.tz else None)
    if pa.types.is_time(given):
        return pa.time64("us")
    if pa.types.is_duration(given):
        return pa.duration("us")
    return pa.string() if as_text and (pa.types.is_integer(given) or pa.types.is_floating(given)) else given


def _cast(batch: Any, schema: Any) -> Any:
    columns = [column.cast(field.type, safe=False) for column, field in zip(batch.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _frames(batches: list[Any], first_row: int) -> Iterator[bytes]:
    """The batches in frames that are short enough for one window."""
    data, rows = _encoded(batches, batches[0].schema), _count(batches)
    if len(data) <= 2 * FRAME and sum(batch.nbytes for batch in batches) <= 2 * FRAME:
        yield framed(data, rows, first_row)
    elif rows > 1:
        first, second = _halves(batches)
        yield from _frames(first, first_row)
        yield from _frames(second, first_row + _count(first))
    else:
        yield framed(data if len(data) < MAX_RECORD - 1024 else b"", 1, first_row)


def _halves(batches: list[Any]) -> tuple[list[Any], list[Any]]:
    if half := len(batches) // 2:
        return batches[:half], batches[half:]
    [batch] = batches
    half = batch.num_rows // 2
    return [batch.slice(0, half)], [batch.slice(half)]


def _encoded(batches: list[Any], schema: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema, options=_OPTIONS) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue())
