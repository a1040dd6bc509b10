"""Generations in Cosmos DB: the header replaced under its ETag, documents deleted in batches of one partition key."""

import asyncio
from itertools import groupby
from typing import Any

import orjson
from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import (
    CosmosBatchOperationError,
    CosmosHttpResponseError,
    CosmosResourceNotFoundError,
)

from outlast.cosmos.client import Cosmos
from outlast.cosmos.conditional import change_until_kept
from outlast.cosmos.errors import owner_is_missing, translated
from outlast.cosmos.snapshots.header import HEADERS, RUN, Edit, Header, header_document, header_id, read_header
from outlast.report import Report

FOUND = 1000
"""Documents of one look."""
BATCH = 100
AT_ONCE = 4
PASSING = frozenset({404, 408, 412, 424, 429, 449, 503})
"""Answers to a delete after which one looks again: gone already, or throttled for longer than the SDK waits."""


class CosmosSnapshots:
    """Generations of any report, each in its report's own container."""

    def __init__(self, cosmos: Cosmos) -> None:
        self._cosmos = cosmos

    async def header(self, report: Report[Any]) -> Header | None:
        try:
            container = await self._cosmos.container(report.container)
            return read_header(await container.read_item(header_id(report), HEADERS))
        except CosmosResourceNotFoundError as error:
            if owner_is_missing(error):
                raise translated(
                    error, report.container, f"the header of {report.name} in {report.container}"
                ) from error
            return None
        except AzureError as error:
            raise translated(error, report.container, f"the header of {report.name} in {report.container}") from error

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        async def write(before: Header | None, after: Header | None) -> Header | None:
            return await self._write(report, before, after) if after is not None else before

        try:
            return await change_until_kept(lambda: self.header(report), edit, write)
        except AzureError as error:
            raise translated(error, report.container, f"the header of {report.name} in {report.container}") from error

    async def _write(self, report: Report[Any], before: Header | None, after: Header) -> Header:
        container, body = await self._cosmos.container(report.container), header_document(report, after)
        if before is None:
            return read_header(await container.create_item(body))
        condition = MatchConditions.IfNotModified
        return read_header(
            await container.replace_item(header_id(report), body, etag=before.etag, match_condition=condition)
        )

    async def remove(self, report: Report[Any], run: str) -> int:
        key = "".join(f'["{name}"]' for name in report.partition_key[1:].split("/"))
        query = f"SELECT TOP {FOUND} c.id, c{key} AS pk FROM c WHERE c.{RUN} = @run"
        try:
            container = await self._cosmos.container(report.container)
            found = [
                (orjson.dumps(item.get("pk")), item["id"])
                async for item in container.query_items(query, parameters=[{"name": "@run", "value": run}])
            ]
            gate = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(*(_delete(container, key, ids, gate) for key, ids in _batches(found)))
        except AzureError as error:
            raise translated(error, report.container, f"the documents of run {run} in {report.container}") from error
        return len(found)


def _batches(found: list[tuple[bytes, str]]) -> list[tuple[Any, list[str]]]:
    grouped = groupby(sorted(found), key=lambda item: item[0])
    keys = [(key, [name for _, name in items]) for key, items in grouped]
    return [(orjson.loads(key), list(part)) for key, ids in keys for part in _parts(ids)]


def _parts(ids: list[str]) -> list[list[str]]:
    return [ids[n : n + BATCH] for n in range(0, len(ids), BATCH)]


async def _delete(container: ContainerProxy, key: Any, ids: list[str], gate: asyncio.Semaphore) -> None:
    """All of a batch or none: where one is gone already, each is deleted for itself."""
    async with gate:
        try:
            await container.execute_item_batch([("delete", (name,)) for name in ids], key)
        except CosmosBatchOperationError:
            for name in ids:
                await _delete_one(container, key, name)
        except CosmosHttpResponseError as error:
            if error.status_code not in PASSING:
                raise


async def _delete_one(container: ContainerProxy, key: Any, name: str) -> None:
    try:
        await container.delete_item(name, key)
    except CosmosHttpResponseError as error:
        if error.status_code not in PASSING:
            raise
