"""Where run records are kept: the container `runs`, each change conditional on the record's ETag."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from outlast.cosmos.client import Cosmos
from outlast.cosmos.conditional import Conflict, change, delete_if_unchanged, read_or_none, write_if_unchanged
from outlast.cosmos.errors import translated
from outlast.models import RUNS_CONTAINER
from outlast.runs.listing import Listing
from outlast.runs.record import RunRecord
from outlast.runs.stale import Stale

PARTITION_KEY = "/id"
OPEN_RUNS = "SELECT * FROM c WHERE c.open = true ORDER BY c.updated"
"""An index serves it, so that it costs by the open runs and not by all that there ever were."""
MOST_COUNTED = 1000
"""Runs of others that are counted, because whoever asks for the health may ask often."""


class Runs(Protocol):
    """Where run records are kept."""

    async def create(self, record: RunRecord) -> bool:
        """Keep a new record; tell whether it is ours, or one with its id was there."""
        ...

    async def find(self, run: str) -> RunRecord | None: ...
    async def newest(self, asked: Listing) -> list[RunRecord]: ...
    async def open_runs(self) -> list[RunRecord]:
        """Every run that has not ended or to which something is pending, those longest without a change first."""
        ...

    async def queued(self, owner: str, most: int) -> list[RunRecord]:
        """The runs of an owner that have waited longest for a seat, at most that many."""
        ...

    async def of_others(self, owner: str) -> dict[str, int]:
        """How many open runs each other owner has; of a great many, at least so many."""
        ...

    async def ended(self, owner: str, before: str, most: int) -> list[RunRecord]:
        """Closed runs of an owner that changed last at `before` or earlier and have not been removed, oldest first."""
        ...

    async def change(self, run: str, edit: Callable[[RunRecord], RunRecord], *, confirm: bool = False) -> RunRecord: ...

    async def delete(self, record: RunRecord) -> None:
        """Delete the record if it is as it was read, or gone. Raises Stale where it has changed."""
        ...


async def need(runs: Runs, run: str) -> RunRecord:
    """The record of a run. Raises Stale where it is missing: a replica may not have it yet."""
    record = await runs.find(run)
    if record is None:
        raise Stale(
            f"run {run} has no record in the container {RUNS_CONTAINER}: the replica is behind, or the record was "
            "deleted; if that stays so, start a new run"
        )
    return record


class CosmosRuns:
    """Run records in Cosmos DB."""

    def __init__(self, cosmos: Cosmos, now: Callable[[], datetime]) -> None:
        self._cosmos = cosmos
        self._now = now

    async def create(self, record: RunRecord) -> bool:
        try:
            await self._write(record)
        except Conflict:
            return False
        return True

    async def find(self, run: str) -> RunRecord | None:
        with translated(f"run {run}'s record", RUNS_CONTAINER, PARTITION_KEY):
            found = await read_or_none(await self._cosmos.container(RUNS_CONTAINER), run, run)
        is_record = found is not None and "report" in found  # the app's own documents lie in the same container
        return RunRecord.from_document(found) if found is not None and is_record else None

    async def newest(self, asked: Listing) -> list[RunRecord]:
        return await self._query(*asked.query())

    async def open_runs(self) -> list[RunRecord]:
        return await self._query(OPEN_RUNS, {})

    async def queued(self, owner: str, most: int) -> list[RunRecord]:
        condition = "c.open = true AND c.state = 'queued' AND c.owner = @owner"
        return await self._query(f"SELECT TOP {most} * FROM c WHERE {condition} ORDER BY c.accepted", {"@owner": owner})

    async def of_others(self, owner: str) -> dict[str, int]:
        text = f"SELECT TOP {MOST_COUNTED} VALUE c.owner FROM c WHERE c.open = true AND c.owner != @owner"
        with translated("the run records", RUNS_CONTAINER, PARTITION_KEY):
            container = await self._cosmos.container(RUNS_CONTAINER)
            parameters: list[dict[str, object]] = [{"name": "@owner", "value": owner}]
            return dict(Counter([str(one) async for one in container.query_items(text, parameters=parameters)]))

    async def ended(self, owner: str, before: str, most: int) -> list[RunRecord]:
        condition = "c.open = false AND c.owner = @owner AND c.updated <= @before AND NOT IS_STRING(c.removed)"
        text = f"SELECT TOP {most} * FROM c WHERE {condition} ORDER BY c.updated"
        return await self._query(text, {"@owner": owner, "@before": before})

    async def _query(self, text: str, values: dict[str, Any]) -> list[RunRecord]:
        parameters = [{"name": name, "value": value} for name, value in values.items()]
        with translated("the run records", RUNS_CONTAINER, PARTITION_KEY):
            container = await self._cosmos.container(RUNS_CONTAINER)
            return [RunRecord.from_document(item) async for item in container.query_items(text, parameters=parameters)]

    async def change(self, run: str, edit: Callable[[RunRecord], RunRecord], *, confirm: bool = False) -> RunRecord:
        """Apply `edit` to the newest record until no other change comes between. `edit` may raise to refuse.

        With `confirm` a record that stays as it is is written, too, so that no stale one is returned.
        """
        return await change(
            read=lambda: need(self, run),
            edit=edit,
            write=lambda before, after: self._write(after, before.etag),
            confirm=confirm,
        )

    async def delete(self, record: RunRecord) -> None:
        with translated(f"run {record.id}'s record", RUNS_CONTAINER, PARTITION_KEY):
            container = await self._cosmos.container(RUNS_CONTAINER)
            try:
                await delete_if_unchanged(container, record.id, record.id, record.etag)
            except Conflict:
                raise Stale(f"run {record.id}'s record has changed since it was read") from None

    async def _write(self, record: RunRecord, etag: str | None = None) -> RunRecord:
        body = record.stamped(self._stamp()).to_document()
        with translated(f"run {record.id}'s record", RUNS_CONTAINER, PARTITION_KEY):
            container = await self._cosmos.container(RUNS_CONTAINER)
            return RunRecord.from_document(await write_if_unchanged(container, body, etag))

    def _stamp(self) -> str:
        return self._now().astimezone(UTC).isoformat(timespec="milliseconds")
