"""Reads the input once: copies it where it must be, finds its columns, cuts it into chunks on record boundaries."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from outlast.calls import ReadAnswer, RunCall
from outlast.deadline import Deadline
from outlast.errors import Permanent
from outlast.inputs import HEAD_BYTES, MAX_RECORD, BadInput, Cut, InputFormat, Reading, resolved, rows_format
from outlast.models import Json, Payload
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList, InputPart
from outlast.staging.digest import HashedFile, Stretch, joined
from outlast.staging.input import InputFiles, ReadableFile, Source, wanted_of
from outlast.staging.parsed import InThread
from outlast.staging.paths import chunks_path
from outlast.staging.store import Staging

SMALLEST, LARGEST, CHUNKS = 256 * 1024, 4 * 1024 * 1024, 200
"""A chunk is the input's size over 200, within these bytes: few enough calls, each far below the timeout."""
WINDOW = LARGEST + 256 * 1024
"""Bytes read at once: the largest chunk and its last record, so that little is read twice. Where that record is longer,
they are read on up to MAX_RECORD, which always hold a chunk."""


@dataclass(slots=True)
class Place(Payload):
    """Where cutting goes on: byte `offset` of a file (None: it is not begun), and the number of the next row.
    `unended`: the last chunk is an overlong record whose end was not found before `offset`."""

    file: int = 0
    offset: int | None = None
    row: int = 1
    unended: bool = False


@dataclass(slots=True)
class Reader:
    """One call. `listed` has what is cut so far, and `path` is the one of several files that is being read."""

    record: RunRecord
    fence: Fence
    deadline: Deadline
    place: Place = field(default_factory=Place)
    listed: ChunkList = field(default_factory=lambda: ChunkList([], []))
    path: str = ""
    before: list[Any] | None = field(default_factory=list)
    """The stretches that earlier calls have hashed; None where one of an earlier release has hashed none."""
    hashed: HashedFile | None = None

    @property
    def read(self) -> list[Stretch] | None:
        """All stretches so far. Those of several files are not kept: each file has its own version."""
        if self.before is None or self.hashed is None or self.record.request.several:
            return None
        return joined([Stretch(*one) for one in self.before], self.hashed.stretch)

    def cursor_read(self) -> list[list[Any]] | None:
        """The stretches for a cursor."""
        if self.hashed is None:
            return self.before
        return None if self.read is None else [list(one) for one in self.read]

    async def enough(self) -> bool:
        """Whether the call must end."""
        await self.fence.check()
        return self.deadline.passed()


@dataclass(frozen=True, slots=True)
class ReadInputFile:
    """`in_thread` runs work that keeps a CPU busy beside the event loop."""

    gate: Gate
    staging: Staging
    files: InputFiles
    in_thread: InThread

    async def read_input_file(self, given: Json) -> Json:
        """Input: RunCall. Returns a ReadAnswer. A next attempt goes on from what the one before has staged."""
        call = RunCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "reading")
        if await self.files.find_chunks(record.id) is not None:
            return ReadAnswer(None, len((await self.files.chunks(record)).chunks)).to_dict()
        reader = Reader(record, fence, deadline)
        if cursor := call.cursor or await self.files.find_cut_cursor(record.id):
            reader.listed = await self.files.first_chunks(record.id, cursor["chunks"])
            reader.place = Place.from_dict(cursor)
            reader.before = cursor.get("read")
        try:
            return (await self._read(reader)).to_dict()
        except BadInput as error:
            where = f"file {reader.place.file + 1} ({reader.path}): " if reader.path else ""
            raise Permanent(f"the input of run {record.id} cannot be read: {where}{error}") from None

    async def _read(self, reader: Reader) -> ReadAnswer:
        """Read one file after the other until the call must end."""
        sources = await self.files.sources(reader.record)
        while reader.place.file < len(sources):
            if not await self._read_file(reader, sources[reader.place.file]):
                return await self._answer(reader, ended=False)
            reader.place = Place(reader.place.file + 1, None, reader.place.row)
        return await self._answer(reader, ended=True)

    async def _read_file(self, reader: Reader, source: Source) -> bool:
        """Copy and cut a file from the place on; return whether it is cut to its end."""
        reader.path, source = source.path, await self.files.detected(source)
        if not await self.files.copy(reader.record, source, reader.enough):
            return False
        begin = sum(size for size, _ in reader.before or [])
        file = reader.hashed = HashedFile(self.files.readable(reader.record, source), self.in_thread, begin)
        size = await file.size()
        if reader.record.request.query is not None and not size:  # a query may find nothing; a file has a header
            return True
        if reader.place.offset is None:
            await self._begin(reader, source, file, size)
        of = reader.listed.files[-1] if reader.record.request.several else reader.listed
        form = rows_format(Reading.from_dict(of.reading))
        return await self._cut(reader, file, form, size)

    async def _begin(self, reader: Reader, source: Source, file: ReadableFile, size: int) -> None:
        """List the file, and find where its first row begins."""
        head = await file.read(0, HEAD_BYTES)
        begun = partial(_begun, reader.record, source, head, len(head) >= size)
        part, offset, row = await self.in_thread(begun)
        before = reader.place.row - 1
        if source.number == 0:
            reader.listed = ChunkList(part.columns, [], part.reading)
        if reader.record.request.several:
            reader.listed.files.append(replace(part, before=before))
        reader.place.offset, reader.place.row = offset, before + row

    async def _cut(self, reader: Reader, file: ReadableFile, form: InputFormat, size: int) -> bool:
        """Go through the file from the place on until the call must end; return whether it is cut to its end."""
        while (reader.place.offset or 0) < size:
            await reader.fence.check()
            if reader.place.unended:
                await _skip(reader, file, form)
            else:
                await self._take(reader, file, form, size)
            if reader.deadline.passed():
                break
        return (reader.place.offset or 0) >= size

    async def _take(self, reader: Reader, file: ReadableFile, form: InputFormat, size: int) -> None:
        """List the chunks of the next window. It is read on where it holds none."""
        offset = reader.place.offset or 0
        window = await file.read(offset, WINDOW)
        if not await self._list(reader, form, window, size):
            window += await file.read(offset + len(window), MAX_RECORD - len(window))
            await self._list(reader, form, window, size)

    async def _list(self, reader: Reader, form: InputFormat, window: bytes, size: int) -> bool:
        """List the chunks of a window; return whether it holds one. In a thread: quotes take time."""
        place, offset, target = reader.place, reader.place.offset or 0, min(LARGEST, max(SMALLEST, size // CHUNKS))
        at_end = offset + len(window) >= size
        cut: Cut = await self.in_thread(partial(form.cut, window, at_end, offset, place.row, target))
        reader.listed.chunks.extend(replace(chunk, file=place.file) for chunk in cut.chunks)
        place.offset, place.row, place.unended = offset + cut.consumed, cut.next_row, cut.unended
        return cut.consumed > 0

    async def _answer(self, reader: Reader, *, ended: bool) -> ReadAnswer:
        """Stage the list, and the cursor where the input goes on."""
        run, count = reader.record.id, len(reader.listed.chunks)
        reader.listed.read.extend(reader.read or [] if ended else [])
        await self.staging.put(chunks_path(run, None if ended else count), reader.listed.encoded())
        if ended:
            return ReadAnswer(None, count)
        cursor = {**reader.place.to_dict(), "chunks": count, "read": reader.cursor_read()}
        return ReadAnswer(await self.files.keep_cut_cursor(run, cursor), count)


def _begun(record: RunRecord, source: Source, head: bytes, at_end: bool) -> tuple[InputPart, int, int]:
    reading = resolved(source.reading, head, at_end, wanted_of(record))
    form = rows_format(reading)
    return InputPart(source.path, form.columns(head, at_end), reading.said()), *form.first(head, at_end)


async def _skip(reader: Reader, file: ReadableFile, form: InputFormat) -> None:
    """Go to the end of an overlong record, or to that of the next window."""
    place, chunks, offset = reader.place, reader.listed.chunks, reader.place.offset or 0
    window = await file.read(offset, WINDOW)
    end = form.skip(window)
    place.offset, place.unended = offset + (len(window) if end is None else end), end is None
    chunks[-1] = replace(chunks[-1], length=place.offset - chunks[-1].offset)
