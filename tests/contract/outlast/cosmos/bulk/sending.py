"""What the suites of the transports share."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.bulk.transport import Result, Transport
from outlast.cosmos.operation import staged_as
from tests.contract.outlast.backends import Backend, BackendOpener, send

DEPENDENT = 424


def visit(open_backend: BackendOpener, check: Callable[[Backend], Awaitable[None]]) -> None:
    async def run() -> None:
        async with open_backend() as backend:
            await check(backend)

    asyncio.run(run())


def new_shop() -> str:
    """Return a partition key that no other test uses."""
    return uuid.uuid4().hex


def stage(mode: str, *contents: dict[str, Any]) -> list[StagedDocument]:
    """Return documents as a report of this mode stages them and a store reads them."""
    staged = [staged_as(mode, content, [["shop"]], row) for row, content in enumerate(contents, 2)]
    return read_staged(b"".join(one.encoded() for one in staged), mode)


async def send_all(transport: Transport, documents: Sequence[StagedDocument]) -> list[Result]:
    """Send documents, and again those whose batch failed because of another, until each has a result of its own."""
    results = await send(transport, "sales", documents)
    if len(documents) > 1 and any(result.status == DEPENDENT for result in results):
        return [(await send(transport, "sales", [one]))[0] for one in documents]
    return results
