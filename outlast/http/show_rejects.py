"""GET /api/runs/{run}/rejects: the refused rows as CSV, with the input's own columns, ready to be corrected."""

from collections.abc import Callable
from dataclasses import dataclass

import azure.functions as func

from outlast.http.known_run import known_run, refuse_removed
from outlast.http.problem import bad_request
from outlast.http.query import next_link, read_query
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.input import InputFiles
from outlast.staging.reject_files import Listed, RejectFiles
from outlast.staging.rejects import rejects_header

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
        return await self.show(req, await known_run(self.runs, req.route_params["run"]))

    async def show(self, req: func.HttpRequest, record: RunRecord) -> func.HttpResponse:
        """The rejects of a run that the request has named in one way or another."""
        ends = self.clock() + MOST_SECONDS
        first = _chunk(read_query(req.params, ("chunk",)).get("chunk"))
        refuse_removed(record)
        listed = await RejectFiles(self.files).listed(record)
        body = bytearray(rejects_header(listed.columns))
        following = await self._fill(body, listed, first, ends)
        headers = {"Content-Disposition": f'attachment; filename="rejects-{record.id}.csv"'}
        if following is not None:
            headers["Link"] = next_link(req, {"chunk": following})
        return func.HttpResponse(bytes(body), headers=headers, mimetype="text/csv", charset="utf-8")

    async def _fill(self, body: bytearray, listed: Listed, first: int, ends: float) -> int | None:
        """Append the rejects of the chunks from `first` on; return the chunk that begins the next response, or None.

        A response has at least one chunk, however long that takes.
        """
        for chunk in range(first, len(listed.chunks)):
            if len(body) > MOST_BYTES or (chunk > first and self.clock() >= ends):
                return chunk
            async for data in RejectFiles(self.files).of(listed.record, listed.chunks[chunk]):
                body += data
        return None


def _chunk(text: str | None) -> int:
    if text is None:
        return 0
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise bad_request("chunk must be a number from 0 on", "chunk")
    return int(text)
