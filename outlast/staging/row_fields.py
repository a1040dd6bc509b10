"""What a reject says of the input: the row's own columns, read again because staged documents do not have them, and of
several files the one that has the row."""

from collections.abc import Iterable
from dataclasses import replace

from outlast.inputs import rows_format
from outlast.inputs.corrected import fields_of_corrected
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.input import InputFiles
from outlast.staging.rejects import Reject, fields_as


async def row_fields(files: InputFiles, record: RunRecord, number: int) -> dict[int, list[str]]:
    """The columns of every row of a chunk by its number, in the order of the first file."""
    if record.request.grouped:  # a group has no columns of its own in the input
        return {}
    listed = await files.chunks(record)
    chunk = listed.chunks[number]
    data = await files.read_chunk(record, listed, chunk)
    if chunk.correction:
        return fields_of_corrected(data)
    source, part = await files.source_of(record, listed, chunk), listed.part(chunk)
    rows = rows_format(source.reading).rows(data, part.columns, chunk.first_row - part.before)
    return {row.number + part.before: fields_as(row.fields, part.columns, listed.columns) for row in rows}


def with_files(listed: ChunkList, rejects: Iterable[Reject]) -> list[Reject]:
    """The rejects, each with its file and the row in it in front of its message, where the input is several files."""
    if not listed.files:
        return list(rejects)
    return [replace(reject, message=f"{listed.place(reject.row)}: {reject.message}") for reject in rejects]
