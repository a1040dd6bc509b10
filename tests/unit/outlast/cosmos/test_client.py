import asyncio

import pytest

from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent


def test_without_an_endpoint_the_setting_is_named() -> None:
    """Only when the database is needed."""
    with pytest.raises(Permanent, match="COSMOS_ENDPOINT is not set; give the account's URL"):
        asyncio.run(Cosmos("", "a2V5", "outlast").database())


def test_clients_are_made_once_and_closed() -> None:
    """One that waits out throttling, one that leaves it to the writer."""

    async def run() -> None:
        cosmos = Cosmos("https://x.documents.azure.com", "a2V5", "outlast")
        first, second = await cosmos.database(), await cosmos.database()
        writing = await cosmos.writing()
        assert first.client_connection is second.client_connection
        assert writing.client_connection is not first.client_connection
        assert (first.id, writing.id) == ("outlast", "outlast")
        await cosmos.close()

    asyncio.run(run())
