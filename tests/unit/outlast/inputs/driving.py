"""Reads inputs as the app does, by windows and chunks, and slowly byte by byte for comparison."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, cycle
from typing import NamedTuple

from outlast.inputs import BadRow, Chunk, InputFormat, InputRow


def cut_all(
    form: InputFormat, data: bytes, target: int, windows: Sequence[int], longest: int, row: int = 1
) -> list[Chunk]:
    """All chunks of `data`, cut with windows of these sizes in turn, or up to `longest` where those are too short."""
    chunks: list[Chunk] = []
    offset, sizes = 0, cycle(windows)
    while offset < len(data):
        for size in chain([next(sizes)], sizes_up_to(longest)):
            window = data[offset : offset + size]
            cut = form.cut(window, offset + size >= len(data), offset, row, target)
            if cut.consumed:
                break
        assert cut.consumed, "a window of the largest size gave no chunk"
        chunks += cut.chunks
        offset, row = offset + cut.consumed, cut.next_row
        if cut.unended:
            behind = skip_record(form, data, offset, next(sizes))
            chunks[-1] = replace(chunks[-1], length=behind - chunks[-1].offset)
            offset = behind
    return chunks


def sizes_up_to(longest: int) -> Iterator[int]:
    """Doubling sizes that end with `longest`."""
    size = 1
    while size < longest:
        yield size
        size *= 2
    yield longest


def skip_record(form: InputFormat, data: bytes, offset: int, size: int) -> int:
    """The end of the overlong record that continues at `offset`."""
    while offset < len(data):
        found = form.skip(data[offset : offset + size])
        if found is not None:
            return offset + found
        offset += size
    return len(data)


def read_all(form: InputFormat, data: bytes, chunks: Sequence[Chunk], columns: list[str]) -> list[InputRow | BadRow]:
    """The rows of all chunks. Their `end` counts from the start of `data`."""
    read: list[InputRow | BadRow] = []
    for chunk in chunks:
        held = data[chunk.offset : chunk.offset + chunk.length]
        rows = (
            [form.overlong(held, columns, chunk.first_row)]
            if chunk.overlong
            else form.rows(held, columns, chunk.first_row)
        )
        read += [row._replace(end=chunk.offset + row.end) for row in rows]
    return read


class Slow(NamedTuple):
    """A record that was read byte by byte. `fields` is None when its quoting is unsound or it is overlong."""

    number: int
    end: int
    fields: list[bytes] | None
    overlong: bool = False


def read_slowly(data: bytes, max_record: int, max_quoted: int) -> Iterator[Slow]:
    """The records of CSV, read in the simplest way, which is quadratic and shares nothing with the tested code."""
    start, number = 0, 0
    while start < len(data):
        number += 1
        line_end = data.find(b"\n", start) + 1 or len(data)
        if line_end - start >= max_record:
            yield Slow(number, line_end, None, overlong=True)
            start = line_end
            continue
        fields, end = _record(data, start)
        if fields is None or (end > line_end and end - start > max_quoted):
            fields, end = None, line_end
        if data[start:end].rstrip(b"\r\n").strip(b", \t"):
            yield Slow(number, end, fields)
        start = end


def _record(data: bytes, position: int) -> tuple[list[bytes] | None, int]:
    fields: list[bytes] = []
    while True:
        quoted = data[position : position + 1] == b'"'
        field, position = _quoted(data, position + 1) if quoted else _plain(data, position)
        if field is None:
            return None, position
        fields.append(field)
        rest = data[position:]
        line_end = rest[: len(rest) - len(rest.lstrip(b"\r")) + 1]
        if not line_end.strip(b"\r\n"):
            return fields, position + len(line_end)
        if rest[:1] != b",":
            return None, position
        position += 1


def _quoted(data: bytes, position: int) -> tuple[bytes | None, int]:
    field = b""
    while position < len(data):
        if data[position : position + 2] == b'""':
            field, position = field + b'"', position + 2
        elif data[position : position + 1] == b'"':
            return field, position + 1
        else:
            field, position = field + data[position : position + 1], position + 1
    return None, position


def _plain(data: bytes, position: int) -> tuple[bytes, int]:
    end = position
    while end < len(data) and data[end : end + 1] not in (b",", b"\n"):
        end += 1
    field = data[position:end]
    if data[end : end + 1] != b",":
        field = field.rstrip(b"\r")
    return field, position + len(field)
