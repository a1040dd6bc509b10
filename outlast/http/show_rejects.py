"""GET /api/runs/{run}/rejects: the refused rows as CSV, with the input's own columns, ready to be corrected."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import azure.functions as func

from outlast.http.known_run import known_run
from outlast.http.problem import Problem, bad_request
from outlast.http.query import next_link, read_query
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.chunk_list import ChunkList
from outlast.staging.corrections import Corrections, as_counted
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated
from outlast.staging.paths import GENERATED, GROUPED, rejects_path, stored_path
from outlast.staging.rejects import encode_rejects, rejects_header

MOST_BYTES = 32 * 1024 * 1024
"""Size at which a response ends. A link of relation `next` then names the next chunk."""
MOST_SECONDS = 10.0
"""Time after which a response ends in the same way. A request that outlasts functionTimeout ends its whole worker."""


@dataclass(frozen=True, slots=True)
class ShowRejects:
    runs: Runs
    files: InputFiles
    clock: Callable[[], float]

    async def show_rejects(self, req: func.HttpRequest) -> func.HttpResponse:
        """row, column, code, message and the input's columns; the header alone when no row is refused so far."""
        ends = self.clock() + MOST_SECONDS
        first = _chunk(read_query(req.params, ("chunk",)).get("chunk"))
        record = await known_run(self.runs, req.route_params["run"])
        if record.status.removed is not None:
            raise Problem(410, "Gone", f"the files of run {record.id} were removed at {record.status.removed}", "run")
        is_cut = await self.files.find_chunks(record.id) is not None
        record = as_counted(record)
        listed = await self.files.chunks(record) if is_cut else ChunkList([], [])
        body = bytearray(rejects_header(listed.columns))
        chunks = self._chunks(record, len(listed.chunks), await self._shards(record))
        following = await self._fill(body, record, chunks, first, ends)
        headers = {"Content-Disposition": f'attachment; filename="rejects-{record.id}.csv"'}
        if following is not None:
            headers["Link"] = next_link(req, {"chunk": following})
        return func.HttpResponse(bytes(body), headers=headers, mimetype="text/csv", charset="utf-8")

    async def _shards(self, record: RunRecord) -> int | None:
        """The shards of a grouped report's run that are known so far, None for other reports."""
        if not record.request.grouped:
            return None
        index = await self.files.find_group_index(record.parts_folder)
        return len(index.shards) if index else 0

    def _chunks(self, record: RunRecord, chunks: int, shards: int | None) -> list[Generated]:
        """All that rejects come from: the chunks, or a grouped report's chunks and after them its shards."""
        staging, run = self.files.staging, record.parts_folder
        if shards is None:
            return [Generated(staging, run, number) for number in range(chunks)]
        rows = [Generated(staging, run, number, GROUPED) for number in range(chunks)]
        return [*rows, *(Generated(staging, run, number) for number in range(shards))]

    async def _fill(
        self, body: bytearray, record: RunRecord, chunks: list[Generated], first: int, ends: float
    ) -> int | None:
        """Append the rejects of the chunks from `first` on; return the chunk that begins the next response, or None.

        A response has at least one chunk, however long that takes.
        """
        for chunk in range(first, len(chunks)):
            if len(body) > MOST_BYTES or (chunk > first and self.clock() >= ends):
                return chunk
            async for data in self._of(record, chunks[chunk]):
                body += data
        return None

    async def _of(self, record: RunRecord, generated: Generated) -> AsyncIterator[bytes]:
        """Lines as they are staged, or those that still count where rows were corrected."""
        if record.status.corrections:
            corrections = Corrections(self.files)
            yield encode_rejects([one async for one in corrections.rejects(record, generated.chunk)])
            return
        async for data in self._staged(record, generated):
            yield data

    async def _staged(self, record: RunRecord, generated: Generated) -> AsyncIterator[bytes]:
        async for part, answer in generated.parts():
            if answer.rejects is not None:
                yield await self.files.staging.need(generated.path(part, answer.rejects))
        if generated.folder != GENERATED:
            return
        chunk = generated.chunk
        for path in (
            rejects_path(record.resolved_folder, chunk),
            stored_path(record.marks_folder, chunk, "rejects.csv"),
        ):
            if (staged := await self.files.staging.get(path)) is not None:
                yield staged


def _chunk(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise bad_request("chunk must be a number from 0 on", "chunk")
    return int(text)
