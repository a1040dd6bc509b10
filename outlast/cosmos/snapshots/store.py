"""Generations in Cosmos DB. The header is replaced under its ETag; a batch deletes documents of one partition key."""

import asyncio
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Any

import orjson
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from outlast.cosmos.client import Cosmos
from outlast.cosmos.conditional import change, read_or_none, write_if_unchanged
from outlast.cosmos.errors import translated
from outlast.cosmos.snapshots.header import HEADERS, RUN, Edit, Header, header_document, header_id, read_header
from outlast.report import Report

FOUND = 1000
"""Documents that one call of `remove` finds at most."""
BATCH = 100
AT_ONCE = 4
SKIPPED = frozenset({404, 408, 412, 424, 429, 449, 503})
"""Statuses of a delete that are no error, because the next query finds what is left: the document is gone already, or
it was throttled for longer than the SDK waits."""


class CosmosSnapshots:
    """The generations of every report, each in the container of its report."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def header(self, report: Report[Any]) -> Header | None:
        with _translated(report):
            container = await self._cosmos.container(report.container)
            found = await read_or_none(container, header_id(report), HEADERS)
        return None if found is None else read_header(found)

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        async def write(before: Header | None, after: Header) -> Header:
            return await self._write(report, after, before.etag if before else None)

        return await change(read=lambda: self.header(report), edit=edit, write=write)

    async def _write(self, report: Report[Any], header: Header, etag: str | None) -> Header:
        with _translated(report):
            container = await self._cosmos.container(report.container)
            return read_header(await write_if_unchanged(container, header_document(report, header), etag))

    async def remove(self, report: Report[Any], run: str) -> int:
        key = "".join(f'["{name}"]' for name in report.partition_key[1:].split("/"))
        query = f"SELECT TOP {FOUND} c.id, c{key} AS pk FROM c WHERE c.{RUN} = @run"
        with _translated(report):
            container = await self._cosmos.container(report.container)
            found = [
                (orjson.dumps(item.get("pk")), item["id"])
                async for item in container.query_items(query, parameters=[{"name": "@run", "value": run}])
            ]
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(_delete(container, key, ids, gate) for key, ids in _batches(found)))
        return len(found)


def _batches(found: list[tuple[bytes, str]]) -> list[tuple[Any, list[str]]]:
    grouped = groupby(sorted(found), key=lambda item: item[0])
    keys = [(key, [name for _, name in items]) for key, items in grouped]
    return [(orjson.loads(key), list(part)) for key, ids in keys for part in _parts(ids)]


def _parts(ids: list[str]) -> list[list[str]]:
    return [ids[n : n + BATCH] for n in range(0, len(ids), BATCH)]


async def _delete(container: ContainerProxy, key: Any, ids: list[str], gate: asyncio.Semaphore) -> None:
    """Delete all documents of a batch or none. When one is gone already, delete each alone."""
    async with gate:
        try:
            await container.execute_item_batch([("delete", (name,)) for name in ids], key)
        except CosmosBatchOperationError:
            for name in ids:
                await _delete_one(container, key, name)
        except CosmosHttpResponseError as error:
            if error.status_code not in SKIPPED:
                raise


async def _delete_one(container: ContainerProxy, key: Any, name: str) -> None:
    try:
        await container.delete_item(name, key)
    except CosmosHttpResponseError as error:
        if error.status_code not in SKIPPED:
            raise


def _translated(report: Report[Any]) -> AbstractContextManager[None]:
    return translated(report.container, report.container, report.partition_key)
