"""The process's way into the database: clients made on its event loop when first needed, kept until it ends."""

from typing import Any
from urllib.request import getproxies

from azure.core.pipeline.transport import AioHttpTransport
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from outlast.cosmos.errors import OWNER_MISSING
from outlast.errors import Permanent

NO_THROTTLE_RETRY = -1
"""For `retry_throttle_total`: the SDK takes 0 for "not given" and would retry nine times, past any deadline."""


class Cosmos:
    """Two clients, for the SDK sets retries per client: `database` waits out 429s as the SDK does, for small reads;
    `writing` leaves every 429 to the writer, which paces itself. Without a key the managed identity is used."""

    def __init__(self, endpoint: str, key: str, database: str) -> None:
        self._endpoint = endpoint
        self._key = key
        self._name = database
        self._clients: dict[str, CosmosClient] = {}
        self._known: set[str] = set()

    async def database(self) -> DatabaseProxy:
        """The database, for reading and for records; throttling is retried by the SDK."""
        return await self._database("waiting", {})

    async def container(self, name: str) -> ContainerProxy:
        """A container of `database`, looked up once: the SDK does so with the first request for a document, and what it
        raises then for a container that is missing cannot be told from a missing document."""
        container = (await self.database()).get_container_client(name)
        if name not in self._known:
            try:
                await container.read()
            except CosmosResourceNotFoundError as error:
                error.sub_status = OWNER_MISSING
                raise
            self._known.add(name)
        return container

    async def writing(self) -> DatabaseProxy:
        """The database, for the bulk writer; throttling comes back as 429."""
        return await self._database(
            "writing", {"retry_throttle_total": NO_THROTTLE_RETRY, "no_response_on_write": True}
        )

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()
        self._known.clear()

    async def _database(self, kind: str, options: dict[str, Any]) -> DatabaseProxy:
        if kind not in self._clients:
            self._clients[kind] = self._client(options)
        return self._clients[kind].get_database_client(self._name)

    def _client(self, options: dict[str, Any]) -> CosmosClient:
        if not self._endpoint:
            raise Permanent(
                "COSMOS_ENDPOINT is not set; give the account's URL, such as https://NAME.documents.azure.com"
            )
        credential = self._key or _managed_identity()
        return CosmosClient(self._endpoint, credential=credential, transport=make_transport(), **options)


def make_transport() -> AioHttpTransport:
    """Looks for a proxy only where the environment has one: the look-up hops to a thread twice for each request, which
    was a quarter of the CPU that writing takes."""
    return AioHttpTransport(use_env_settings=bool(getproxies()))


def _managed_identity() -> Any:
    """Imported here: it takes a tenth of the app's start, and where a key is set nobody needs it."""
    from azure.identity.aio import DefaultAzureCredential

    return DefaultAzureCredential()
