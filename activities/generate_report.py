"""Makes one chunk's rows into its documents and stages them; bad rows become rejects."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from outlast.cosmos.bulk.staged_document import StagedDocument, join_staged
from outlast.cosmos.document import DocumentRefused, staged
from outlast.cosmos.snapshots.header import as_generation
from outlast.deadline import Deadline
from outlast.inputs import BadRow, InputRow
from outlast.models import ChunkAnswer, ChunkCall, Json, Totals
from outlast.report import Report
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.input import InputFiles, format_of
from outlast.staging.parts import Generated
from outlast.staging.rejects import Reject, encode_rejects
from outlast.staging.store import Staging

PART_BYTES = 16 * 1024 * 1024
"""A part is closed at this size, so that neither rows with many documents nor many bad rows fill the memory."""
ROW_BYTES = 500
"""What a document or a reject takes in memory beside its own text, about."""

HEAVY = 4 * 1024 * 1024
"""Bytes. A longer chunk holds a row of megabytes, which takes many times its size while it is read, checked and
encoded: one such chunk at a time."""

GOLDEN = 39
"""Of the 64 values of the hash space's first byte, the golden section: neighbouring chunks begin far apart."""
SLICE_SECONDS = 0.25
"""Of computing in one piece: the lanes of a process take turns."""

AnyRow = InputRow | BadRow
Key = tuple[bytes, str]


@dataclass(frozen=True, slots=True)
class GenerateReport:
    """`in_thread` runs work that keeps a CPU busy beside the event loop (in place, in simulations)."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    staging: Staging
    files: InputFiles
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def generate_report(self, given: Json) -> Json:
        """Input: ChunkCall. Returns a ChunkAnswer of one part of the chunk.

        A repeat that finds the part's answer returns it and generates nothing.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "generating")
        place = call.cursor or {"part": 0, "offset": 0, "row": None}
        generated = Generated(self.staging, call.run, call.chunk)
        answer = await generated.find(place["part"])
        if answer is None:
            listed = await self.files.chunks(record)
            async with self.alone if listed.chunks[call.chunk].length > HEAVY else nullcontext():
                part = await self._part(record, listed, call.chunk, place, deadline)
                await self._fill(part, fence)
                documents, rejects, totals = await self.in_thread(part.staged)
            answer = await generated.keep(place["part"], documents, rejects, part.cursor, totals.to_dict())
        return ChunkAnswer(answer.cursor, answer.totals).to_dict()

    async def _fill(self, part: "_Part", fence: Fence) -> None:
        while not part.ended:
            await self.in_thread(lambda: part.fill(part.deadline.clock() + SLICE_SECONDS))
            await fence.check()

    async def _part(
        self, record: RunRecord, listed: ChunkList, number: int, place: Json, deadline: Deadline
    ) -> "_Part":
        rows = iter(await self._rows(record, listed, number, place))
        reference = await self.files.reference_data(record)
        generation = record.id if record.request.mode == "snapshot" else None
        return _Part(self.reports[record.request.report], reference, number, generation, rows, place, deadline)

    async def _rows(self, record: RunRecord, listed: ChunkList, number: int, place: Json) -> Iterable[AnyRow]:
        """The chunk's rows from the place on."""
        chunk, file, form = listed.chunks[number], self.files.uncompressed(record), format_of(record)
        if chunk.overlong:
            return [form.overlong(await file.read(chunk.offset, 64 * 1024), listed.columns, chunk.first_row)]
        data = await file.read(chunk.offset + place["offset"], chunk.length - place["offset"])
        return form.rows(data, listed.columns, place["row"] or chunk.first_row)


@dataclass(slots=True)
class _Part:
    """The documents and rejects of one call, by key: of two rows with one, the later wins."""

    report: Report[Any]
    reference: Any
    chunk: int
    generation: str | None
    rows: Iterator[AnyRow]
    place: Json
    deadline: Deadline
    ended: bool = False
    cursor: Json | None = None
    lines: dict[Key, StagedDocument] = field(default_factory=dict)
    fields: dict[int, list[str]] = field(default_factory=dict)
    left: dict[int, int] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    count: int = 0
    size: int = 0

    def fill(self, until: float) -> None:
        """Take rows until that instant, or to the part's end: no more rows, time or space."""
        for row in self.rows:
            self._take(row)
            if self.deadline.passed() or self.size > PART_BYTES:
                self.ended, self.cursor = True, self._after(row)
                return
            if self.deadline.clock() >= until:
                return
        self.ended = True

    def _after(self, row: AnyRow) -> Json | None:
        if next(self.rows, None) is None:
            return None
        return {"part": self.place["part"] + 1, "offset": self.place["offset"] + row.end, "row": row.number + 1}

    def staged(self) -> tuple[bytes, bytes | None, Totals]:
        """The part as it is staged, in the order of the hash space: what lies together is written together. Each chunk
        begins elsewhere in it, or all lanes would meet at one physical partition after another."""
        begin = b"%02X" % (self.chunk * GOLDEN % 64)
        lines = sorted(
            self.lines.values(),
            key=lambda line: (line.effective_partition_key < begin, line.effective_partition_key, line.row),
        )
        documents = sum(len(line.document) for line in lines)
        totals = Totals(rows=self.count, rejected=len(self.rejects), documents=len(lines), bytes=documents)
        return join_staged(lines), encode_rejects(self.rejects) or None, totals

    def _take(self, row: AnyRow) -> None:
        self.count += 1
        if isinstance(row, BadRow):
            self._reject(row, row.column, row.code, row.message)
        else:
            self._generate(row)

    def _generate(self, row: InputRow) -> None:
        path = self.report.partition_key[1:].split("/")
        try:
            typed = self.report.row.model_validate(row.values)
            lines = [
                ((line.partition_key, document["id"]), line)
                for document in self.report.generate_report(typed, self.reference)
                for line in (staged(self._stored(document), path, row.number),)
            ]
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            self._reject(row, str(first["loc"][0]) if first["loc"] else "", first["type"], first["msg"])
        except DocumentRefused as error:
            self._reject(row, error.field, error.code, str(error))
        except Exception as error:  # noqa: BLE001  # the user's code: whatever it raises costs this row alone
            self._reject(row, "", "error", f"{type(error).__name__}: {error}")
        else:
            self._keep(row, dict(lines))

    def _stored(self, document: Any) -> Any:
        return document if self.generation is None else as_generation(document, self.generation)

    def _keep(self, row: InputRow, lines: dict[Key, StagedDocument]) -> None:
        self.left[row.number] = len(lines)
        self.fields[row.number] = row.fields
        for key, line in lines.items():
            if earlier := self.lines.pop(key, None):
                self._lose(earlier, key)
            self.lines[key] = line
            self.size += len(line.document) + ROW_BYTES

    def _lose(self, earlier: StagedDocument, key: Key) -> None:
        """A later row has the same document; a row that has none left is a reject."""
        self.left[earlier.row] -= 1
        if not self.left[earlier.row]:
            text = f"a later row of the same chunk has the same id and partition key: {key[1]}"
            self.rejects.append(Reject(earlier.row, "id", "duplicate", text, self.fields[earlier.row]))

    def _reject(self, row: AnyRow, column: str, code: str, message: str) -> None:
        self.rejects.append(Reject(row.number, column, code, message, row.fields))
        self.size += sum(map(len, row.fields)) + ROW_BYTES
