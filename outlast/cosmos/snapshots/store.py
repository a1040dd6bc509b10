"""Generations in Cosmos DB. The header is replaced under its ETag; the bulk writer deletes documents."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.staged_document import Deletion
from outlast.cosmos.bulk.writer import Writer
from outlast.cosmos.client import Cosmos
from outlast.cosmos.conditional import change, read_or_none, write_if_unchanged
from outlast.cosmos.errors import translated
from outlast.cosmos.partition_key import Levels
from outlast.cosmos.snapshots.header import (
    HEADER,
    RUN,
    Edit,
    Header,
    Removed,
    header_document,
    header_id,
    header_key,
    read_header,
)
from outlast.errors import Permanent
from outlast.key_paths import members_of
from outlast.report import Report

FOUND = 20_000
"""Documents that one call of `remove` finds at most. The more, the better they fill the requests that delete them."""
PAGE = 5000
"""Documents of one answer to the query at most."""
LEAST = 100
"""Documents that a call of `remove` finds with however small a share."""
DELETE_UNITS = 5.0
"""Request units of a delete, about."""


class CosmosSnapshots:
    """The generations of every report, each in the container of its report."""

    def __init__(self, cosmos: Cosmos, writer: Writer) -> None:
        self._cosmos = cosmos
        self._writer = writer

    async def header(self, report: Report[Any]) -> Header | None:
        with _translated(report):
            container = await self._cosmos.container(report.container)
            found = await read_or_none(container, header_id(report), header_key(report))
        return None if found is None else read_header(found)

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        async def write(before: Header | None, after: Header) -> Header:
            return await self._write(report, after, before.etag if before else None)

        return await change(read=lambda: self.header(report), edit=edit, write=write)

    async def _write(self, report: Report[Any], header: Header, etag: str | None) -> Header:
        with _translated(report):
            container = await self._cosmos.container(report.container)
            return read_header(await write_if_unchanged(container, header_document(report, header), etag))

    async def remove(self, report: Report[Any], run: str, limits: Limits) -> Removed:
        """The query's request units are spent after the deletes: before them they could use up a small share."""
        found, charge = await self._find(report, run, _most(limits))
        if not found:
            return Removed(0, 0)
        progress = await self._writer.write(report.container, found, limits)
        if progress.refused:
            document, result = progress.refused[0]
            raise Permanent(f"the database refuses to delete {document.body.decode()} ({result.status}) of run {run}")
        wait = progress.wait
        if limits.bucket is not None:
            limits.bucket.spend(charge)
            wait = max(wait, limits.bucket.wait())
        return Removed(len(found), progress.totals.documents, wait)

    async def count(self, report: Report[Any]) -> tuple[int, float]:
        """See Snapshots."""
        charges: list[float] = []

        def note(headers: Any, _: Any) -> None:
            charges.append(float(headers.get("x-ms-request-charge", 0)))

        with _translated(report):
            container = await self._cosmos.container(report.container)
            query = f"SELECT VALUE COUNT(1) FROM c WHERE NOT IS_DEFINED(c.{HEADER})"
            counts: list[Any] = [one async for one in container.query_items(query, response_hook=note)]
        return sum(counts), sum(charges)

    async def _find(self, report: Report[Any], run: str, most: int) -> tuple[list[Deletion], float]:
        """Return documents of the run and the request units that it took to find them."""
        paths = ["".join(f'["{name}"]' for name in names) for names in members_of(report.partition_key)]
        levels = ", ".join(f"c{path} AS pk{number}" for number, path in enumerate(paths))
        query = f"SELECT c.id, {levels} FROM c WHERE c.{RUN} = @run"
        found: list[Deletion] = []
        charges: list[float] = []

        def note(headers: Any, _: Any) -> None:
            charges.append(float(headers.get("x-ms-request-charge", 0)))

        with _translated(report):
            container = await self._cosmos.container(report.container)
            given: list[dict[str, object]] = [{"name": "@run", "value": run}]
            size = min(PAGE, most)
            items = container.query_items(query, parameters=given, max_item_count=size, response_hook=note)
            async for page in items.by_page():
                found += [Deletion.of(_levels(item, len(paths)), item["id"]) async for item in page]
                if len(found) >= most:
                    break
        return found[:most], sum(charges)


def _levels(item: Mapping[str, Any], levels: int) -> Levels:
    return tuple(item.get(f"pk{number}") for number in range(levels))


def _most(limits: Limits) -> int:
    """How many documents a look may find: with a small share no more than a call can delete."""
    if limits.bucket is None:
        return FOUND
    return min(FOUND, max(LEAST, int(limits.bucket.rate * limits.deadline.remaining() / DELETE_UNITS)))


def _translated(report: Report[Any]) -> AbstractContextManager[None]:
    return translated(report.container, report.container, report.partition_key)
