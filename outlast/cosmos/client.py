"""The clients of the database. A process creates them on its event loop when first needed and keeps them."""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from azure.core.pipeline.transport import AioHttpTransport
from azure.cosmos.aio import ContainerProxy, CosmosClient, DatabaseProxy
from azure.cosmos.exceptions import CosmosResourceNotFoundError

from outlast.cosmos.errors import OWNER_MISSING
from outlast.errors import Permanent
from outlast.identity import database_identity

NO_THROTTLE_RETRY = -1
"""Value of `retry_throttle_total`. The SDK takes 0 for "not given" and retries nine times, past any deadline."""


class Cosmos:
    """Two clients, because the SDK sets retries per client.

    The client of `database` retries 429s itself, which suits small requests. The client of `writing` leaves every 429
    to the writer and its rate controllers. Without a key both use the managed identity.
    """

    def __init__(self, endpoint: str, key: str, database: str) -> None:
        self._endpoint = endpoint
        self._key = key
        self._name = database
        self._clients: dict[str, CosmosClient] = {}
        self._known: set[str] = set()
        self._identity: Any = None

    async def database(self) -> DatabaseProxy:
        """Return the database for small requests. The SDK retries 429s."""
        return await self._database("waiting", {})

    async def container(self, name: str) -> ContainerProxy:
        """Return a container of `database`; raise CosmosResourceNotFoundError with OWNER_MISSING when it is missing.

        The first call reads the container. Without that the SDK reads it with the first request for a document, and
        then it raises the same error for a missing container as for a missing document.
        """
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
        """Return the database for the bulk writer. It sees every 429."""
        return await self._database(
            "writing", {"retry_throttle_total": NO_THROTTLE_RETRY, "no_response_on_write": True}
        )

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()
        self._known.clear()
        if self._identity is not None:
            await self._identity.close()
            self._identity = None

    async def _database(self, kind: str, options: dict[str, Any]) -> DatabaseProxy:
        if kind not in self._clients:
            self._clients[kind] = self._client(options)
        return self._clients[kind].get_database_client(self._name)

    def _client(self, options: dict[str, Any]) -> CosmosClient:
        if not self._endpoint:
            raise Permanent(
                "COSMOS_ENDPOINT is not set; give the account's URL, such as https://NAME.documents.azure.com"
            )
        _check_key(self._key)
        credential = self._key or self._shared_identity()
        return CosmosClient(self._endpoint, credential=credential, transport=make_transport(self._endpoint), **options)

    def _shared_identity(self) -> Any:
        """One for both clients, so that they share its tokens. They do not close what they are given."""
        if self._identity is None:
            self._identity = database_identity()
        return self._identity


def _check_key(key: str) -> None:
    """Raise Permanent for a key that the SDK could not sign with. The text does not repeat it."""
    try:
        base64.b64decode(key, validate=True)
    except binascii.Error:
        raise Permanent("COSMOS_KEY is no base64 text; copy it again from the account's page of keys") from None


def make_transport(endpoint: str) -> AioHttpTransport:
    """Return a transport that looks for a proxy only when the environment has one for this endpoint.

    The look-up hops to a thread twice for each request, which took a quarter of the CPU of writing. `NO_PROXY` alone
    makes no proxy.
    """
    address = urlsplit(endpoint)
    proxied = address.scheme in getproxies() and not proxy_bypass(address.hostname or "")
    return AioHttpTransport(use_env_settings=proxied)
