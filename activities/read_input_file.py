"""Reads the input once: inflates it, finds its columns, cuts it into chunks on record boundaries."""

from dataclasses import dataclass, replace
from functools import partial

from outlast.calls import ReadAnswer, RunCall
from outlast.deadline import Deadline
from outlast.errors import Permanent
from outlast.inputs import HEAD_BYTES, MAX_RECORD, BadInput, Cut, InputFormat
from outlast.models import Json
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.digest import HashedFile, Stretch, joined
from outlast.staging.input import InputFiles, ReadableFile, format_of
from outlast.staging.parsed import InThread
from outlast.staging.paths import chunks_path
from outlast.staging.store import Staging

WINDOW = MAX_RECORD
"""Bytes read at once: so many always hold a chunk."""
SMALLEST, LARGEST, CHUNKS = 256 * 1024, 4 * 1024 * 1024, 200
"""A chunk is the input's size over 200, within these bytes: few enough calls, each far below the timeout."""


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
        try:
            if not await self._inflate(record, deadline, fence):
                return ReadAnswer({}, 0).to_dict()
            cursor = call.cursor or await self.files.find_cut_cursor(record.id)
            return (await self._cut(record, cursor, deadline, fence)).to_dict()
        except BadInput as error:
            raise Permanent(f"the input of run {record.id} cannot be read: {error}") from None

    async def _inflate(self, record: RunRecord, deadline: Deadline, fence: Fence) -> bool:
        """Return whether the input can be read: it is not gzipped, or its inflated copy is whole."""

        async def enough() -> bool:
            await fence.check()
            return deadline.passed()

        return not record.request.gzipped or await self.files.inflate(record, enough)

    async def _cut(self, record: RunRecord, cursor: Json | None, deadline: Deadline, fence: Fence) -> ReadAnswer:
        before = [] if cursor is None else cursor.get("read")
        file = HashedFile(self.files.uncompressed(record), self.in_thread, sum(size for size, _ in before or []))
        form, size = format_of(record), await file.size()
        if cursor is None:
            listed, offset, row = await self._begin(file, form, size)
        else:
            listed = await self.files.first_chunks(record.id, cursor["chunks"])
            offset, row = cursor["offset"], cursor["row"]
        target = min(LARGEST, max(SMALLEST, size // CHUNKS))
        while offset < size:
            await fence.check()
            cut = await self._next_cut(file, form, size, offset, row, target)
            offset, row = await _take(listed, cut, file, form, size, offset), cut.next_row
            if deadline.passed():
                break
        count, ended = len(listed.chunks), offset >= size
        read = None if before is None else joined([Stretch(*one) for one in before], file.stretch)
        listed.read.extend(read or [] if ended else [])
        await self.staging.put(chunks_path(record.id, None if ended else count), listed.encoded())
        if ended:
            return ReadAnswer(None, count)
        return ReadAnswer(await self.files.keep_cut_cursor(record.id, offset, row, count, read), count)

    async def _begin(self, file: ReadableFile, form: InputFormat, size: int) -> tuple[ChunkList, int, int]:
        head = await file.read(0, HEAD_BYTES)
        columns, (offset, row) = await self.in_thread(
            lambda: (form.columns(head, len(head) >= size), form.first(head, len(head) >= size))
        )
        return ChunkList(columns, []), offset, row

    async def _next_cut(
        self, file: ReadableFile, form: InputFormat, size: int, offset: int, row: int, target: int
    ) -> Cut:
        """Cut one window. In a thread: quotes take time."""
        window = await file.read(offset, WINDOW)
        at_end = offset + len(window) >= size
        cut: Cut = await self.in_thread(partial(form.cut, window, at_end, offset, row, target))
        return cut


async def _take(listed: ChunkList, cut: Cut, file: ReadableFile, form: InputFormat, size: int, offset: int) -> int:
    """List the chunks of a cut; return where the next one begins."""
    listed.chunks.extend(cut.chunks)
    if not cut.unended:
        return offset + cut.consumed
    after = await _end_of_record(file, form, size, offset + cut.consumed)
    last = listed.chunks[-1]
    listed.chunks[-1] = replace(last, length=after - last.offset)
    return after


async def _end_of_record(file: ReadableFile, form: InputFormat, size: int, offset: int) -> int:
    """Where the overlong record that goes on at `offset` ends."""
    while offset < size:
        window = await file.read(offset, WINDOW)
        end = form.skip(window)
        if end is not None:
            return offset + end
        offset += len(window)
    return size
