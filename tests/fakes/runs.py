"""Run records in memory, changed under an ETag as in the database."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from outlast.cosmos.conditional import Conflict, change
from outlast.runs.listing import Listing
from outlast.runs.record import RunRecord
from outlast.runs.stale import Stale
from outlast.runs.store import need
from tests.fakes.clock import START
from tests.fakes.records import altered


@dataclass(slots=True)
class FakeRuns:
    """`when_read` is called after a record is read and `before_write` before one is written, so that a test can change
    it between."""

    now: Callable[[], datetime] = lambda: START
    records: dict[str, RunRecord] = field(default_factory=dict)
    reads: int = 0
    writes: int = 0
    when_read: Callable[[], None] = lambda: None
    before_write: Callable[[], None] = lambda: None

    async def create(self, record: RunRecord) -> bool:
        await asyncio.sleep(0)
        if record.id in self.records:
            return False
        self._write(record)
        return True

    async def find(self, run: str) -> RunRecord | None:
        await asyncio.sleep(0)
        self.reads += 1
        found = self.records.get(run)
        self.when_read()
        return found

    async def newest(self, asked: Listing) -> list[RunRecord]:
        found = [record for record in self.records.values() if _is_asked_for(record, asked)]
        return sorted(found, key=lambda record: record.request.accepted, reverse=True)[: asked.most]

    async def open_runs(self) -> list[RunRecord]:
        found = [record for record in self.records.values() if record.open]
        return sorted(found, key=lambda record: record.status.updated or "")

    async def queued(self, owner: str, most: int) -> list[RunRecord]:
        found = [one for one in self.records.values() if (one.status.state, one.status.owner) == ("queued", owner)]
        return sorted(found, key=lambda record: record.request.accepted)[:most]

    async def of_others(self, owner: str) -> dict[str, int]:
        owners = [record.status.owner for record in self.records.values() if record.open]
        return dict(Counter(other for other in owners if other != owner))

    async def ended(self, owner: str, before: str, most: int) -> list[RunRecord]:
        closed = [one for one in self.records.values() if not one.open and one.status.owner == owner]
        found = [one for one in closed if (one.status.updated or "") <= before and one.status.removed is None]
        return sorted(found, key=lambda record: record.status.updated or "")[:most]

    async def delete(self, record: RunRecord) -> None:
        self.before_write()
        found = self.records.get(record.id)
        if found is not None and found.etag != record.etag:
            raise Stale(f"run {record.id}'s record has changed since it was read")
        self.records.pop(record.id, None)

    async def change(self, run: str, edit: Callable[[RunRecord], RunRecord], *, confirm: bool = False) -> RunRecord:
        async def write(before: RunRecord, after: RunRecord) -> RunRecord:
            self.before_write()
            if self.records[run].etag != before.etag:
                raise Conflict
            return self._write(after)

        return await change(read=lambda: need(self, run), edit=edit, write=write, confirm=confirm)

    def set(self, run: str, **changes: object) -> RunRecord:
        """Change a record as another process would, without a check of its ETag."""
        return self._write(altered(self.records[run], **changes))

    def _write(self, record: RunRecord) -> RunRecord:
        self.writes += 1
        stamp = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
        self.records[record.id] = replace(record.stamped(stamp), etag=f'"{self.writes}"')
        return self.records[record.id]


def _is_asked_for(record: RunRecord, asked: Listing) -> bool:
    """Whether a record fulfils all conditions that are not None."""
    request = record.request
    wanted = [
        (asked.report, (request.report,)),
        (asked.state, (record.status.state,)),
        (asked.open, (record.open,)),
        (asked.label, (request.label,)),
        (asked.input, (request.filename, request.reference)),
    ]
    if not all(value is None or value in found for value, found in wanted):
        return False
    since, until, before = asked.since or "", asked.until or "~", asked.before or "~"
    is_listed = record.id not in asked.seen and (asked.ids is None or record.id in asked.ids)
    return is_listed and since <= request.accepted < until and request.accepted <= before
