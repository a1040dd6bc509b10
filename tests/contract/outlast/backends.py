"""The databases that the suite of the transports runs against: the fake, and the emulator that it imitates."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, Self

import orjson

from local.cosmos.control import Control
from local.cosmos.process import CosmosProcess
from outlast.cosmos.bulk.bulk_transport import BulkTransport
from outlast.cosmos.bulk.sdk_transport import SdkTransport
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Transport
from outlast.cosmos.client import Cosmos
from tests.fakes.transport import FakeTransport, Fault

DATABASE = "outlast"
EMPTY = "empty"
"""A database without containers."""
SLOW = "slow"


class Backend(Protocol):
    """A transport with its database."""

    @property
    def transport(self) -> Transport: ...
    async def documents(self, shop: Any) -> dict[str, Any]: ...
    def meet(self, fault: Fault) -> None: ...
    def heal(self) -> None: ...
    def spoil(self, document: StagedDocument) -> StagedDocument: ...


BackendOpener = Callable[[], AbstractAsyncContextManager[Backend]]


class FakeBackend:
    """The fake transport and its dictionaries."""

    def __init__(self) -> None:
        self.transport = FakeTransport()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass

    async def documents(self, shop: Any) -> dict[str, Any]:
        """Return the documents of one partition by id."""
        found = self.transport.documents("sales").items()
        return {key: document for (partition, key), document in found if partition == orjson.dumps(shop)}

    def meet(self, fault: Fault) -> None:
        """Let every later send meet this fault."""
        self.transport.always = fault

    def heal(self) -> None:
        """Let later sends meet no fault."""
        self.transport.always = None

    def spoil(self, document: StagedDocument) -> StagedDocument:
        """Return a document that the database refuses."""
        self.transport.poison[document.parsed()["id"]] = 400
        return document


class SdkBackend:
    """The emulator, reached by the SDK's public calls."""

    kind = "batch"

    def __init__(self, emulator: CosmosProcess) -> None:
        self._control = Control(emulator.url)
        self._cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        self.transport = self._transport()

    def _transport(self) -> Transport:
        return SdkTransport(self._cosmos)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        self._control.remove_faults()
        await self._cosmos.close()

    async def documents(self, shop: Any) -> dict[str, Any]:
        """Return the documents of one partition by id, without the members that the service adds."""
        container = (await self._cosmos.database()).get_container_client("sales")
        rows = container.query_items("SELECT * FROM c", partition_key=shop)
        return {row["id"]: {name: row[name] for name in row if not name.startswith("_")} async for row in rows}

    def meet(self, fault: Fault) -> None:
        """Let every later batch meet this fault."""
        when = "after" if fault.applied else "before"
        if fault.status == CONNECTION_LOST:
            self._control.add_fault(kind=self.kind, reset=True, when=when)
        else:
            wait = round(fault.retry_after * 1000)
            more = {"retry_after_ms": wait} if wait else {}
            self._control.add_fault(kind=self.kind, status=fault.status, substatus=fault.substatus, when=when, **more)

    def heal(self) -> None:
        """Let later batches meet no fault."""
        self._control.remove_faults()

    def spoil(self, document: StagedDocument) -> StagedDocument:
        """Return a document that the database refuses, because its partition key is not the one it is sent with."""
        return document._replace(body=orjson.dumps({**document.parsed(), "shop": "elsewhere"}))


class BulkBackend(SdkBackend):
    """The emulator, reached by the bulk request."""

    kind = "bulk"

    def _transport(self) -> Transport:
        return BulkTransport(self._cosmos)


async def send(transport: Transport, container: str, documents: Sequence[StagedDocument]) -> list[Result]:
    """Send documents that all go to one target. An answer that hides the route stands for each of them."""
    route = await transport.route(container)
    if isinstance(route, Result):
        return [route] * len(documents)
    (target,) = set(route.targets(documents))
    return await transport.send(container, target, documents)
