"""POST /api/runs/{run}/corrections: rejected rows that were corrected are done under the same run."""

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import azure.functions as func

from outlast.bounded_gather import bounded_gather
from outlast.calls import RunChange
from outlast.errors import OutlastError
from outlast.http.answers import CorrectedRun, answer
from outlast.http.caller import caller_of
from outlast.http.corrected_rows import Rows, read_corrected
from outlast.http.known_run import known_run
from outlast.http.problem import Problem, bad_request
from outlast.http.query import read_query
from outlast.http.revise_run import Reviser, check_files
from outlast.inputs import Chunk
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event
from outlast.staging.corrections import Corrections, as_counted
from outlast.staging.parsed import InThread
from outlast.staging.rejects import NOT_LISTED

AT_ONCE = 32
"""Chunks whose rejects are read at the same time."""
MOST_SECONDS = 60.0
"""For finding the rows among the rejects, far below functionTimeout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectRun:
    runs: Runs
    corrections: Corrections
    reviser: Reviser
    in_thread: InThread

    async def correct_run(self, req: func.HttpRequest, client: Any) -> func.HttpResponse:
        """202 with the record and the numbers of rows. 400 or 409 with a problem that names the row.

        Rows that are corrected already with the same content are passed over. A repeat of the newest correction answers
        like the first and does nothing, unless its attempt has ended without its being done: then the next one does it.
        """
        read_query(req.params, ())
        record = await known_run(self.runs, req.route_params["run"])
        check_files(record, self.reviser.days)
        listed = await self.corrections.files.find_chunks(record.id)
        rows = await self._read(req.get_body(), listed.columns if listed else [])
        repeated = await self.corrections.repeated(record, rows)
        if repeated is not None and (record.open or _is_counted(record)):
            return _accepted(record, rows, repeated)
        self.reviser.check(record, "corrected")
        left = await self._left(as_counted(record), rows) if repeated is None else None
        if left != []:
            record = await self._begin(client, record, left, caller_of(req))
        return _accepted(record, rows, len(left) if left is not None else repeated or 0)

    async def _begin(self, client: Any, record: RunRecord, rows: Rows | None, by: str | None) -> RunRecord:
        """Start the attempt that does the rows, or what is staged of the newest correction."""
        name = None
        if rows is not None:
            name = await self.corrections.stage(record, rows)
        change = RunChange(record.id, record.status.attempt, Event.CORRECT, correction=name, by=by)
        try:
            revised = await self.reviser.revise(client, record, change, "corrected")
        except (Problem, OutlastError):
            await self._drop_if_removed(record.id, name)
            raise
        if name is not None:
            await self.corrections.recorded(record.id, name)
        return revised

    async def _drop_if_removed(self, run: str, name: str | None) -> None:
        """Remove at once what was staged while the run was being removed; `remove_unrecorded` does it where this cannot
        tell."""
        found = await self.runs.find(run)
        if name is not None and (found is None or found.is_removed):
            await self.corrections.drop(run, name)

    async def _read(self, body: bytes, columns: Sequence[str]) -> Rows:
        rows: Rows = await self.in_thread(partial(read_corrected, body, columns))
        return rows

    async def _left(self, record: RunRecord, rows: Rows) -> Rows:
        """The rows that are rejected. Raises Problem for the first other one that is not corrected in the same way."""
        try:
            async with asyncio.timeout(MOST_SECONDS):
                rejected = await self._rejected(record, [number for number, _ in rows])
                others = {number: fields for number, fields in rows if number not in rejected}
                corrected = await self.corrections.contents(record, others.keys()) if others else {}
        except TimeoutError:
            raise bad_request(f"the rows could not be found within {MOST_SECONDS:.0f} s; send fewer", "body") from None
        for number, fields in others.items():
            if corrected.get(number) != fields:
                raise _refused(record.id, number, number in corrected)
        return [(number, fields) for number, fields in rows if number in rejected]

    async def _rejected(self, record: RunRecord, numbers: Iterable[int]) -> set[int]:
        """Which rows are rejected, of the chunks of the input in which these lie and of all corrections."""
        chunks = dict(enumerate((await self.corrections.files.chunks(record)).chunks))

        async def of_chunk(number: int) -> set[int]:
            rejects = self.corrections.rejects(record, number)
            return {one.row async for one in rejects if one.code != NOT_LISTED}

        return set().union(*await bounded_gather(AT_ONCE, of_chunk, _holding(chunks, numbers)))


def _accepted(record: RunRecord, rows: Rows, new: int) -> func.HttpResponse:
    return answer(CorrectedRun(record.shown(), new, len(rows) - new), 202)


def _refused(run: str, number: int, corrected: bool) -> Problem:
    why = "is corrected already, with other content" if corrected else "is not among its rejects"
    still = f"GET /api/runs/{run}/rejects, or `outlast rejects {run} -o rejects.csv`, has the rows that still can be"
    text = f"row {number} of run {run} {why}, so it cannot be corrected; leave it out: {still}"
    return Problem(409, "Conflict", text, "row", row=number)


def _is_counted(record: RunRecord) -> bool:
    """Whether the receipt counts the newest correction."""
    return bool(record.result.receipt) and as_counted(record).status.corrections == record.status.corrections


def _holding(chunks: Mapping[int, Chunk], numbers: Iterable[int]) -> list[int]:
    """The chunks of the input that hold these rows, and the chunks of corrections."""
    firsts = [chunk.first_row for chunk in chunks.values() if not chunk.correction]
    holding = {bisect_right(firsts, number) - 1 for number in numbers}
    return [number for number, chunk in chunks.items() if number in holding or chunk.correction]
