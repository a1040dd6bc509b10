"""Blob storage is opened by the app's identity and by nothing else."""

import asyncio
import hashlib
import ssl
import urllib.error
import urllib.request
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from outlast.errors import Permanent, Transient
from outlast.identity import STORAGE
from outlast.staging.store import Staging
from tests.cloud.azurite import Azurite
from tests.cloud.identity import CLIENT, IdentityEndpoint
from tests.contract.outlast.staging.conftest import CONTAINER

MEGABYTE = 1024 * 1024
LARGE = 210 * MEGABYTE
"""The largest body that the host passes on, and more."""
IN_PARTS = 20 * MEGABYTE
"""Enough for the store to send a file in parts."""
SHORT = 200
"""Seconds. The store asks for a new token before each request when one lives for less than five minutes."""
OTHER_WAYS = {
    "AZURE_STORAGE_ACCOUNT_KEY": "AAAA",
    "AZURE_STORAGE_ACCOUNT_NAME": "another",
    "AZURE_STORAGE_ENDPOINT": "https://127.0.0.1:1",
    "AZURE_STORAGE_SAS_KEY": "sig=another",
    "AZURE_STORAGE_TOKEN": "another",
    "AZURE_STORAGE_USE_EMULATOR": "true",
    "AZURE_SKIP_SIGNATURE": "true",
}
"""Variables that obstore reads, too."""


@pytest.fixture
def staging(azurite: Azurite, identity: IdentityEndpoint) -> Staging:
    return Staging(azurite.url(CONTAINER, str(uuid.uuid4())))


def test_one_token_of_the_apps_identity_opens_the_storage(staging: Staging, identity: IdentityEndpoint) -> None:
    """Many requests need one token, which is asked for the storage and for the identity that AZURE_CLIENT_ID names."""

    async def check() -> None:
        await asyncio.gather(*(staging.put(f"a/{n}", b"x") for n in range(20)))
        assert len(await staging.list("a")) == 20

    asyncio.run(check())
    assert f"{identity.asked[0]['resource']}/.default" == STORAGE
    assert [query["client_id"] for query in identity.asked] == [CLIENT]


def test_variables_of_the_environment_open_nothing(staging: Staging, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key, a signature, a token or an address in the environment changes nothing: only settings.py reads it."""
    for name, value in OTHER_WAYS.items():
        monkeypatch.setenv(name, value)

    async def check() -> None:
        await staging.put("x", b"x")
        assert await staging.get("x") == b"x"

    asyncio.run(check())


async def _ranges(staging: Staging, path: str, size: int, step: int) -> AsyncIterator[bytes]:
    for start in range(0, size, step):
        yield await staging.get_range(path, start, step)


def test_a_large_file_goes_and_comes_in_pieces(staging: Staging) -> None:
    """A file of 210 MB is sent in parts, and comes back whole in ranges of 32 MB."""
    data = b"".join(n.to_bytes(4, "big") * (MEGABYTE // 4) for n in range(LARGE // MEGABYTE))

    async def check() -> None:
        await staging.put("body", data)
        assert await staging.size("body") == LARGE
        found = hashlib.sha256()
        async for piece in _ranges(staging, "body", LARGE, 32 * MEGABYTE):
            found.update(piece)
        assert found.digest() == hashlib.sha256(data).digest()

    asyncio.run(check())


def test_a_token_is_renewed_while_a_file_is_sent_in_parts(staging: Staging, identity: IdentityEndpoint) -> None:
    """A token that expires soon is renewed, also in the middle of a file, where no event loop runs."""
    identity.seconds = SHORT

    async def check() -> None:
        await staging.put("body", bytes(IN_PARTS))
        assert await staging.size("body") == IN_PARTS

    asyncio.run(check())
    assert len(identity.asked) > 1


def test_an_identity_that_gives_no_token_may_give_one_later(staging: Staging, identity: IdentityEndpoint) -> None:
    """Without a token every call is Transient and says what to check; the next one after the outage works."""
    identity.answers = False

    async def check() -> None:
        for call in (staging.put("x", b""), staging.get("x"), staging.get_range("x", 0, 1), staging.size("x")):
            with pytest.raises(Transient, match=r"for x \(UnauthenticatedError\); check the app's identity"):
                await call
        for remove in (staging.delete("x"), staging.delete_all(["x"])):
            with pytest.raises(Transient, match="check the app's identity"):
                await remove
        with pytest.raises(Transient, match="check the app's identity"):
            await staging.list("x")
        with pytest.raises(Transient, match="check the app's identity"):
            await asyncio.to_thread(staging.get_range_now, "x", 0, 1)
        identity.answers = True
        await staging.put("x", b"x")

    asyncio.run(check())


def test_a_token_that_is_refused_says_what_to_check(staging: Staging, identity: IdentityEndpoint) -> None:
    """A token that the storage refuses is Transient, because a new role takes minutes until it holds."""
    identity.seconds = -3600

    with pytest.raises(Transient, match=r"\(PermissionDeniedError\); check the app's identity.* its role"):
        asyncio.run(staging.size("x"))


def test_a_container_that_is_missing_is_permanent(azurite: Azurite, identity: IdentityEndpoint) -> None:
    """A write into a container that is missing raises Permanent: the app may not make one."""
    staging = Staging(azurite.url("elsewhere"))

    async def check() -> None:
        with pytest.raises(Permanent, match="the storage does not take x, because its container is missing"):
            await staging.put("x", b"")
        with pytest.raises(Permanent, match="make the container that STAGING_URL names"):
            await staging.put_if_absent("x", b"")

    asyncio.run(check())


def _asked(azurite: Azurite, method: str, url: str, data: bytes | None = None) -> int:
    """The status of a request without a token."""
    trusting = ssl.create_default_context(cafile=str(azurite.certificate.certificate))
    request = urllib.request.Request(url, data, {"x-ms-blob-type": "BlockBlob"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30, context=trusting) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_a_signed_address_writes_its_file_and_nothing_else(azurite: Azurite, staging: Staging) -> None:
    """Whoever has the address writes this file; it does not read, delete or list, and opens no other file."""
    url = asyncio.run(staging.signed_put("uploads/0-a.csv", timedelta(hours=1))) or ""
    assert _asked(azurite, "PUT", url, b"a\n1\n") == 201
    assert asyncio.run(staging.get("uploads/0-a.csv")) == b"a\n1\n"
    for method, address in (
        ("GET", url),
        ("DELETE", url),
        ("PUT", url.replace("0-a.csv", "1-a.csv")),
        ("GET", url.replace("uploads/0-a.csv", "") + "&restype=container&comp=list"),
    ):
        assert _asked(azurite, method, address, b"x" if method == "PUT" else None) == 403
    assert azurite.files(CONTAINER).count("1-a.csv") == 0


def test_a_signed_address_ends(staging: Staging) -> None:
    """An address is signed for the time that was asked for."""
    query = parse_qs(urlsplit(asyncio.run(staging.signed_put("x", timedelta(hours=1))) or "").query)
    [begins], [ends] = query["st"], query["se"]
    assert datetime.fromisoformat(ends) - datetime.fromisoformat(begins) == timedelta(hours=1)


def test_a_folder_that_no_signature_covers_is_refused(azurite: Azurite, identity: IdentityEndpoint) -> None:
    """A location whose name has blanks or letters beyond ASCII signs nothing, because Azure would refuse it."""
    staging = Staging(azurite.url(CONTAINER, "a%20b"))
    with pytest.raises(Permanent, match="give INPUTS_URL plain letters"):
        asyncio.run(staging.signed_put("x", timedelta(hours=1)))
