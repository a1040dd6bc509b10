"""Run records whose changes are told as events: each change of state, each step that becomes pending or ends.

An event is logged after the record is written, so a worker that dies between the two leaves a change without an event.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from outlast.models import Json
from outlast.runs.listing import Listing
from outlast.runs.record import ENDED, RunRecord, differs
from outlast.runs.store import Runs
from outlast.telemetry import emit

Told = tuple[str, Json]


class Watch(Protocol):
    """Is told of records beside the log."""

    def changed(self, before: RunRecord, after: RunRecord, now: datetime) -> None:
        """A record was written. Must not raise or wait."""
        ...

    def listed(self, open_runs: Sequence[RunRecord]) -> None:
        """All open runs were read."""
        ...


class _Unwatched:
    def changed(self, before: RunRecord, after: RunRecord, now: datetime) -> None:
        pass

    def listed(self, open_runs: Sequence[RunRecord]) -> None:
        pass


UNWATCHED: Watch = _Unwatched()


@dataclass(frozen=True, slots=True)
class ObservedRuns:
    """Keeps records in `runs`, and notes in each record since when it is in its state."""

    runs: Runs
    now: Callable[[], datetime]
    watch: Watch = UNWATCHED

    async def create(self, record: RunRecord) -> bool:
        created = await self.runs.create(record.changed(since=self._stamp()))
        if created:
            emit("run_accepted", **_who(record), **_asked(record))
        return created

    async def change(self, run: str, edit: Callable[[RunRecord], RunRecord], *, confirm: bool = False) -> RunRecord:
        seen: list[RunRecord] = []

        def noted(found: RunRecord) -> RunRecord:
            after = edit(found)
            seen[:] = [found]
            return after if after.status.state == found.status.state else after.changed(since=self._stamp())

        written = await self.runs.change(run, noted, confirm=confirm)
        now = self.now()
        for event, fields in told(seen[0], written, now):
            emit(event, **_who(written), **fields)
        self.watch.changed(seen[0], written, now)
        return written

    async def find(self, run: str) -> RunRecord | None:
        return await self.runs.find(run)

    async def newest(self, asked: Listing) -> list[RunRecord]:
        return await self.runs.newest(asked)

    async def open_runs(self) -> list[RunRecord]:
        found = await self.runs.open_runs()
        self.watch.listed(found)
        return found

    async def queued(self, owner: str, most: int) -> list[RunRecord]:
        return await self.runs.queued(owner, most)

    async def of_others(self, owner: str) -> dict[str, int]:
        return await self.runs.of_others(owner)

    async def ended(self, owner: str, before: str, most: int) -> list[RunRecord]:
        return await self.runs.ended(owner, before, most)

    async def delete(self, record: RunRecord) -> None:
        await self.runs.delete(record)

    def _stamp(self) -> str:
        return self.now().astimezone(UTC).isoformat(timespec="milliseconds")


def told(before: RunRecord, after: RunRecord, now: datetime) -> Iterator[Told]:
    """Yield the events of one change of a record, without the fields that name the run."""
    was, state = before.status.state, after.status.state
    if after.status.attempt > before.status.attempt:
        yield "run_restarted", {"state": state}
    if was != state and state not in ENDED:
        yield "run_phase", _phase(before, after, now)
    for step in after.status.pending:
        if step not in before.status.pending:
            yield "step_pending", {"step": step}
    for step in before.status.pending:
        if step not in after.status.pending:
            yield "step_ended", {"step": step, "how": _how(before, after)}
    if was != state == "completed" and (found := (after.result.receipt or {}).get("verified")):
        result = "differs" if differs(after.result.receipt) else "equal"
        yield "verification", {"result": result, "expected": found["documents"], "found": found["equal"]}
    if was != state and state in ENDED:
        yield "run_ended", _end(before, after, now)


def _who(record: RunRecord) -> Json:
    return {"run": record.id, "report": record.request.report, "attempt": record.status.attempt}


def _asked(record: RunRecord) -> Json:
    request = record.request
    return {"mode": request.mode, "format": request.format, "by_reference": request.reference is not None}


def _phase(before: RunRecord, after: RunRecord, now: datetime) -> Json:
    was, state = before.status.state, after.status.state
    begins = state == "reading" and was in ("queued", "accepted")
    return {
        "ended": was,
        "seconds": _seconds(before.status.since, now),
        "begun": state,
        "queue_wait": _seconds(after.request.accepted, now) if begins else None,
        **_totals(after),
    }


def _end(before: RunRecord, after: RunRecord, now: datetime) -> Json:
    """The receipt in short, or what was counted so far; of a failure the step and the chunk, never the text."""
    failure, receipt = after.result.failure or {}, after.result.receipt or {}
    return {
        "state": after.status.state,
        "ended": before.status.state,
        "phase_seconds": _seconds(before.status.since, now),
        "seconds": _seconds(after.request.accepted, now),
        **_totals(after),
        **(_short(receipt) if receipt else {}),
        **({} if after.status.wrote else {"documents": 0}),
        "step": failure.get("step"),
        "chunk": failure.get("chunk"),
        "pending": after.status.pending,
    }


def _short(receipt: Json) -> Json:
    return {
        "rows": receipt.get("rows_read"),
        "rejected": receipt.get("rows_rejected"),
        "documents": receipt.get("documents_written"),
        "request_units": receipt.get("request_units"),
        "throttled": receipt.get("throttled"),
        "replaced": receipt.get("documents_replaced"),
        "bytes": receipt.get("bytes"),
        "sends": receipt.get("sends"),
        "chunks": receipt.get("chunks"),
    }


def _totals(record: RunRecord) -> Json:
    totals = record.result.totals or {}
    counted = {name: totals.get(name, 0) for name in ("rows", "rejected", "documents", "throttled")}
    return {**counted, "request_units": round(totals.get("ru", 0.0), 2)}


def _how(before: RunRecord, after: RunRecord) -> str:
    """`done`; `waived` by a person; `dropped`, because nobody can send it; `published`: nothing was to be undone."""
    if after.result.waived != before.result.waived:
        return "waived"
    if after.status.compensations > before.status.compensations:
        return "dropped"
    ended_well = before.status.state != after.status.state == "completed"
    return "published" if ended_well else "done"


def _seconds(since: str | None, now: datetime) -> float | None:
    return None if since is None else round((now - datetime.fromisoformat(since)).total_seconds(), 3)
