import asyncio
from typing import Self
from urllib.request import getproxies

import pytest

from outlast.cosmos import client
from outlast.cosmos.client import Cosmos, make_transport
from outlast.errors import Permanent


def test_without_an_endpoint_the_setting_is_named() -> None:
    """A missing endpoint is an error only when the database is needed, and the error names the setting."""
    with pytest.raises(Permanent, match="COSMOS_ENDPOINT is not set; give the account's URL"):
        asyncio.run(Cosmos("", "a2V5", "outlast").database())


PROXY = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("proxies", "looked_for"),
    [
        ({}, False),
        ({"HTTPS_PROXY": PROXY}, True),
        ({"HTTP_PROXY": PROXY}, False),
        ({"NO_PROXY": "127.0.0.1"}, False),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "127.0.0.1"}, True),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "documents.azure.com"}, False),
    ],
)
def test_a_proxy_of_the_environment_is_used(
    proxies: dict[str, str], looked_for: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transport looks for a proxy only when the environment names one for its endpoint."""
    for name in getproxies():
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_PROXY".upper(), raising=False)
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)

    async def run() -> bool:
        async with make_transport("https://x.documents.azure.com:443/") as transport:
            assert transport.session is not None
            return bool(transport.session.trust_env)

    assert asyncio.run(run()) is looked_for


def test_clients_are_made_once_and_closed() -> None:
    """Each of the two clients is created once, and closing the database closes both."""

    async def run() -> None:
        cosmos = Cosmos("https://x.documents.azure.com", "a2V5", "outlast")
        first, second = await cosmos.database(), await cosmos.database()
        writing = await cosmos.writing()
        assert first.client_connection is second.client_connection
        assert writing.client_connection is not first.client_connection
        assert (first.id, writing.id) == ("outlast", "outlast")
        await cosmos.close()

    asyncio.run(run())


def test_a_key_that_is_no_base64_is_refused_by_name() -> None:
    """The SDK would fail at each request with an error that names no setting; the text does not repeat the key."""
    with pytest.raises(Permanent, match="COSMOS_KEY is no base64 text") as caught:
        asyncio.run(Cosmos("https://localhost", "s3cret!", "outlast").database())
    assert "s3cret" not in str(caught.value)


class Identity:
    """A credential that is never asked for a token, and says whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def get_token(self, *scopes: str) -> None:
        raise AssertionError(scopes)

    async def close(self) -> None:
        self.closed = True


def test_one_identity_opens_both_clients_and_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key both clients have one credential, which is closed with them: the SDK leaves it open."""
    made: list[Identity] = []

    def make() -> Identity:
        made.append(Identity())
        return made[-1]

    monkeypatch.setattr(client, "database_identity", make)

    async def run() -> None:
        cosmos = Cosmos("https://127.0.0.1:9", "", "outlast")
        for _ in range(2):
            await cosmos.database()
            await cosmos.writing()
            await cosmos.close()

    asyncio.run(run())
    assert [each.closed for each in made] == [True, True]
