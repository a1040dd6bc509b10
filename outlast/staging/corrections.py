"""The corrections of a run: rows that were rejected and sent again, under the numbers that they have in the input.

A correction is one more stretch of chunks behind those of the input. What was made of a row before a later correction
of it does not count any more, wherever it is staged: staged files do not change.
"""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, replace

import orjson

from outlast.inputs import Chunk
from outlast.inputs.corrected import encode_corrected, fields_of_corrected
from outlast.inputs.formula_guard import own_columns
from outlast.models import Totals
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList, InputPart
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import (
    CORRECTED,
    content_name,
    corrected_rows_path,
    correction_chunks_path,
    correction_path,
    correction_paths,
    folder_of,
    rejects_path,
    starting_path,
)
from outlast.staging.rejects import Reject, each_row_once
from outlast.staging.stored import Stored

LONGEST = 1024 * 1024
"""Bytes of a chunk of corrections, about."""
Rows = Sequence[tuple[int, list[str]]]


def corrected_part(listed: ChunkList) -> InputPart:
    """How corrected rows are read: as text, with the columns that the rejects show."""
    reading = {name: value for name, value in listed.reading.items() if name != "typed"}
    return InputPart("", own_columns(listed.columns), reading)


def as_counted(record: RunRecord) -> RunRecord:
    """The record of a run as its receipt counts it. A completed run may have given up its newest corrections."""
    if record.status.state != "completed":
        return record
    counted = (record.result.receipt or {}).get("corrections", 0)
    return record.changed(corrections=record.status.corrections[:counted])


@dataclass(frozen=True, slots=True)
class Corrections:
    """Reads and stages the corrections of runs. Chunks are named by their numbers."""

    files: InputFiles

    async def stage(self, record: RunRecord, rows: Rows) -> str:
        """Stage one more correction and return its name, which depends on its content. `rows` are in their order.

        `recorded` follows when the record names it. Until then `remove_unrecorded` looks at it.
        """
        number, data = len(record.status.corrections), encode_corrected(rows)
        name = self.name(rows, number)
        chunks = _cut(data.splitlines(keepends=True), rows, number + 1)
        staging = self.files.staging
        await staging.put(starting_path(record.id, name), b"")
        await staging.put(correction_path(record.id, name), data)
        await staging.put(corrected_rows_path(record.id, name), orjson.dumps([row for row, _ in rows]))
        await staging.put(correction_chunks_path(record.id, name), orjson.dumps([_listed(chunk) for chunk in chunks]))
        return name

    async def drop(self, run: str, name: str) -> None:
        """Remove what `stage` has staged."""
        await self.files.staging.delete_all([*correction_paths(run, name), starting_path(run, name)])
        self.files.staging.remove_empty(folder_of(run))

    async def recorded(self, run: str, name: str) -> None:
        """The run's record names this correction."""
        await self.files.staging.delete(starting_path(run, name))

    def name(self, rows: Rows, before: int) -> str:
        """The name of a correction of these rows behind so many others."""
        return f"{before + 1:03}.{content_name(encode_corrected(rows), CORRECTED)}"

    async def repeated(self, record: RunRecord, rows: Rows) -> int | None:
        """How many rows the newest correction has, if these rows repeat it; None if they do not.

        Rows of earlier corrections, with the same content, may be among them.
        """
        if not record.status.corrections:
            return None
        newest, sent = await self._rows(record, record.status.corrections[-1]), dict(rows)
        if newest <= sent.keys() and await self.contents(record, sent.keys()) == sent:
            return len(newest)
        return None

    async def contents(self, record: RunRecord, numbers: Set[int]) -> dict[int, list[str]]:
        """The fields of these rows, as far as they were corrected, by the newest correction of each."""
        found: dict[int, list[str]] = {}
        for name in record.status.corrections:
            if numbers & await self._rows(record, name):
                path = correction_path(record.id, name)
                fields = await self.files.parsed.get(path, record.request.accepted, fields_of_corrected)
                found |= {number: fields[number] for number in numbers & fields.keys()}
        return found

    async def later(self, record: RunRecord, chunk: Chunk) -> Set[int]:
        """The rows that were corrected after this chunk was generated."""
        found: set[int] = set()
        for name in record.status.corrections[chunk.correction :]:
            found |= await self._rows(record, name)
        return found

    async def generated(self, record: RunRecord, number: int, part: int, answer: PartAnswer) -> Totals:
        """What part `part` of a chunk counts now. Rows of a correction were read before."""
        totals = Totals.from_dict(answer.totals)
        if not record.status.corrections:
            return totals
        chunk = await self._chunk(record, number)
        gone = await self._count(record, chunk, await self._of_part(record, number, part, answer))
        return replace(totals, rows=0 if chunk.correction else totals.rows, rejected=totals.rejected - gone)

    async def refused(self, record: RunRecord, number: int) -> int:
        """How many rows of a stored chunk the database has refused that are not corrected."""
        refused = await self._refused(record, number)
        return len(refused) - await self._count(record, await self._chunk(record, number), refused)

    async def rejects(self, record: RunRecord, number: int) -> AsyncIterator[Reject]:
        """The rejects of a chunk that still count."""
        later = await self.later(record, await self._chunk(record, number))
        async for part, answer in Generated(self.files.staging, record.parts_folder, number).parts():
            for one in await self._of_part(record, number, part, answer):
                if one.row not in later:
                    yield one
        lost = await self.files.staging.get(rejects_path(record.resolved_folder, number))
        for one in [*each_row_once([lost] if lost else []), *await self._refused(record, number)]:
            if one.row not in later:
                yield one

    async def _rows(self, record: RunRecord, name: str) -> Set[int]:
        """The numbers of a correction's rows."""
        return await self.files.parsed.get(corrected_rows_path(record.id, name), record.request.accepted, _row_numbers)

    async def _chunk(self, record: RunRecord, number: int) -> Chunk:
        return (await self.files.chunks(record)).chunks[number]

    async def _count(self, record: RunRecord, chunk: Chunk, rejects: Sequence[Reject]) -> int:
        """How many of these rejects are corrected."""
        later = await self.later(record, chunk)
        return sum(one.row in later for one in rejects)

    async def _refused(self, record: RunRecord, number: int) -> list[Reject]:
        return await Stored(self.files.staging, record.marks_folder, number).rejects()

    async def _of_part(self, record: RunRecord, number: int, part: int, answer: PartAnswer) -> list[Reject]:
        if answer.rejects is None:
            return []
        path = Generated(self.files.staging, record.parts_folder, number).path(part, answer.rejects)
        return each_row_once([await self.files.staging.need(path)])


def _cut(lines: Sequence[bytes], rows: Rows, correction: int) -> list[Chunk]:
    chunks: list[Chunk] = []
    offset = length = 0
    first = rows[0][0]
    for line, (row, _) in zip(lines, rows, strict=True):
        if length and length + len(line) > LONGEST:
            chunks.append(Chunk(offset, length, first, correction=correction))
            offset, length, first = offset + length, 0, row
        length += len(line)
    return [*chunks, Chunk(offset, length, first, correction=correction)]


def _listed(chunk: Chunk) -> list[int]:
    return [chunk.offset, chunk.length, chunk.first_row, chunk.correction]


def _row_numbers(data: bytes) -> Set[int]:
    return frozenset(orjson.loads(data))
