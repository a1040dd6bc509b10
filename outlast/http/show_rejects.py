"""GET /api/runs/{run}/rejects: the refused rows as CSV, with the input's own columns, ready to be corrected."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import azure.functions as func

from outlast.http.known_run import known_run
from outlast.http.problem import bad_request
from outlast.runs.store import Runs
from outlast.staging.chunk_list import ChunkList
from outlast.staging.parts import Generated
from outlast.staging.paths import chunks_path, stored_path
from outlast.staging.rejects import rejects_header
from outlast.staging.store import Staging

MOST_BYTES = 32 * 1024 * 1024
"""Size at which a response ends. A link of relation `next` then names the next chunk."""


@dataclass(frozen=True, slots=True)
class ShowRejects:
    runs: Runs
    staging: Staging

    async def show_rejects(self, req: func.HttpRequest) -> func.HttpResponse:
        """row, column, code, message and the input's columns; the header alone when no row is refused so far."""
        record = await known_run(self.runs, req.route_params["run"])
        first = _chunk(req.params.get("chunk"))
        staged = await self.staging.get(chunks_path(record.id))
        listed = ChunkList.decoded(staged) if staged is not None else ChunkList([], [])
        body, following = rejects_header(listed.columns), None
        for chunk in range(first, len(listed.chunks)):
            if len(body) > MOST_BYTES:
                following = chunk
                break
            async for data in self._of(record.id, chunk):
                body += data
        headers = {"Content-Disposition": f'attachment; filename="rejects-{record.id}.csv"'}
        if following is not None:
            headers["Link"] = f'<{req.url.split("?")[0]}?chunk={following}>; rel="next"'
        return func.HttpResponse(body, headers=headers, mimetype="text/csv", charset="utf-8")

    async def _of(self, run: str, chunk: int) -> AsyncIterator[bytes]:
        generated = Generated(self.staging, run, chunk)
        async for part, answer in generated.parts():
            if answer.rejects is not None:
                yield await self.staging.need(generated.path(part, answer.rejects))
        if (stored := await self.staging.get(stored_path(run, chunk, "rejects.csv"))) is not None:
            yield stored


def _chunk(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise bad_request("chunk must be a number from 0 on", "chunk")
    return int(text)
