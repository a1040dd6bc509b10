"""Reads a whole file as a run reads its input: format, dialect, copy, columns, chunks."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain

from outlast.inputs import HEAD_BYTES, MAX_RECORD, BadInput, Chunk, Reading, detect_format, resolved, rows_format
from outlast.inputs.converters import copy_of, reads_everywhere, stages_of
from outlast.inputs.detect import LOOK_AT, detect_member
from outlast.inputs.formats import is_copied
from outlast.inputs.reading import Wanted
from outlast.inputs.stages import feed_all, finish_all
from outlast.inputs.types import InputFormat

CHUNK = 4 * 1024 * 1024
"""Bytes of a chunk, about; the largest that a run cuts."""
MOST_BYTES = 2 * 1024**3
"""Bytes of an input, inflated: it is in memory as a whole."""


@dataclass(frozen=True, slots=True)
class WholeInput:
    """`text` is what rows are read from, `chunks` are its pieces on record boundaries."""

    reading: Reading
    columns: list[str]
    text: bytes
    chunks: list[Chunk]

    def data_of(self, chunk: Chunk) -> bytes:
        return self.text[chunk.offset : chunk.offset + chunk.length]


def read_input(data: bytes, filename: str | None, said: Reading, wanted: Wanted) -> WholeInput:
    """Raises BadInput where a run would refuse the input."""
    found = detect_format(None, filename, data[:LOOK_AT], whole=len(data) <= LOOK_AT, said=said)
    reading = detect_member(io.BytesIO(data), found.reading) if found.reading.compression == "zip" else found.reading
    text = _copied(data, reading, wanted) if is_copied(reading) else data
    head, at_end = text[:HEAD_BYTES], len(text) <= HEAD_BYTES
    reading = resolved(reading, head, at_end, wanted)
    form = rows_format(reading)
    offset, row = form.first(head, at_end)
    return WholeInput(reading, form.columns(head, at_end), text, list(_cut(form, text, offset, row)))


def _copied(data: bytes, reading: Reading, wanted: Wanted) -> bytes:
    if reads_everywhere(reading):
        pieces = copy_of(io.BytesIO(data), reading, wanted, MOST_BYTES)
    else:
        stages = stages_of(reading, MOST_BYTES)
        pieces = chain(feed_all(stages, data), finish_all(stages))
    text = b"".join(pieces)
    if len(text) > MOST_BYTES:
        raise BadInput("body", f"The input has more than {MOST_BYTES:,} bytes; test the report on a part of it.")
    return text


def _cut(form: InputFormat, text: bytes, offset: int, row: int) -> Iterator[Chunk]:
    """The chunks, an overlong record with all of its bytes."""
    while offset < len(text):
        window = text[offset : offset + MAX_RECORD]
        cut = form.cut(window, offset + len(window) >= len(text), offset, row, CHUNK)
        if not cut.unended:
            yield from cut.chunks
            offset, row = offset + cut.consumed, cut.next_row
            continue
        end = _end_of_record(form, text, offset + cut.consumed)
        *before, last = cut.chunks
        yield from (*before, replace(last, length=end - last.offset))
        offset, row = end, cut.next_row


def _end_of_record(form: InputFormat, text: bytes, offset: int) -> int:
    while offset < len(text):
        end = form.skip(text[offset : offset + MAX_RECORD])
        if end is not None:
            return offset + end
        offset += MAX_RECORD
    return len(text)
