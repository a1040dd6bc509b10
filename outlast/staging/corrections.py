"""The corrections of a run: rows that were rejected and sent again, under the numbers that they have in the input.

A correction is one more stretch of chunks behind those of the input. A reject of a row that a later correction has
corrected does not count any more, wherever it is staged: staged files do not change.
"""

from collections.abc import AsyncIterator, Sequence, Set
from dataclasses import dataclass, replace

import orjson

from outlast.inputs import Chunk
from outlast.inputs.corrected import encode_corrected
from outlast.models import Totals
from outlast.runs.record import RunRecord
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import content_name, corrected_rows_path, correction_chunks_path, correction_path
from outlast.staging.rejects import Reject, each_row_once
from outlast.staging.stored import Stored

LONGEST = 1024 * 1024
"""Bytes of a chunk of corrections, about."""
Rows = Sequence[tuple[int, list[str]]]
NONE: Set[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Corrections:
    """Reads and stages the corrections of runs."""

    files: InputFiles

    async def stage(self, record: RunRecord, rows: Rows) -> str:
        """Stage one more correction and return its name, which depends on its content. `rows` are in their order."""
        number, data = len(record.status.corrections), encode_corrected(rows)
        name = self.name(record, rows, number)
        chunks = _cut(data.splitlines(keepends=True), rows, number + 1)
        staging = self.files.staging
        await staging.put(correction_path(record.id, name), data)
        await staging.put(corrected_rows_path(record.id, name), orjson.dumps([row for row, _ in rows]))
        await staging.put(correction_chunks_path(record.id, name), orjson.dumps([_listed(chunk) for chunk in chunks]))
        return name

    def name(self, record: RunRecord, rows: Rows, before: int) -> str:
        """The name of a correction of these rows behind so many others."""
        return f"{before + 1:03}.{content_name(encode_corrected(rows), 'rows')}"

    async def later(self, record: RunRecord, chunk: Chunk) -> Set[int]:
        """The rows that were corrected after this chunk was generated: its rejects of them do not count."""
        names = record.status.corrections[chunk.correction :]
        found: set[int] = set()
        for name in names:
            found |= await self.files.parsed.get(
                corrected_rows_path(record.id, name), record.request.accepted, _row_numbers
            )
        return found

    async def generated(self, record: RunRecord, chunk: Chunk, number: int, part: PartAnswer) -> Totals:
        """What a part counts now. Rows of a correction were read before."""
        totals = Totals.from_dict(part.totals)
        gone = [one for one in await self._rejects(record, number, part) if one.row in await self.later(record, chunk)]
        return replace(
            totals,
            rows=0 if chunk.correction else totals.rows,
            rejected=totals.rejected - len(gone),
            duplicates=totals.duplicates - sum(one.code == "duplicate" for one in gone),
        )

    async def refused(self, record: RunRecord, chunk: Chunk, number: int) -> int:
        """How many rows of a stored chunk the database has refused that are not corrected."""
        return len(await self._refused(record, chunk, number))

    async def rejects(self, record: RunRecord, chunk: Chunk, number: int) -> AsyncIterator[Reject]:
        """The rejects of a chunk that still count."""
        later, generated = await self.later(record, chunk), Generated(self.files.staging, record.id, number)
        async for _, part in generated.parts():
            for one in await self._all(record, number, part):
                if one.row not in later:
                    yield one
        for one in await self._refused(record, chunk, number):
            yield one

    async def _refused(self, record: RunRecord, chunk: Chunk, number: int) -> list[Reject]:
        later = await self.later(record, chunk)
        return [one for one in await Stored(self.files.staging, record.id, number).rejects() if one.row not in later]

    async def _rejects(self, record: RunRecord, number: int, part: PartAnswer) -> list[Reject]:
        """The rejects of a part; none where no correction can concern them."""
        return await self._all(record, number, part) if record.status.corrections else []

    async def _all(self, record: RunRecord, number: int, part: PartAnswer) -> list[Reject]:
        if part.rejects is None:
            return []
        path = Generated(self.files.staging, record.id, number).path(0, part.rejects)
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
