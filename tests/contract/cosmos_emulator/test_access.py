"""Which requests the emulator lets in."""

import time
from email.utils import formatdate
from typing import Any

import pytest
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from local.cosmos.process import CosmosProcess
from tests.contract.cosmos_emulator.clients import Raw
from tests.contract.cosmos_emulator.conftest import Account

WRONG_KEY = "d3JvbmcgLSB0aGlzIGlzIG5vdCB0aGUga2V5IG9mIHRoZSBhY2NvdW50IQ=="


def test_the_account_names_its_own_address(raw: Raw, account: Account) -> None:
    """The account names as its endpoint the address that the client used."""
    status, _, body = raw.send("GET", "/")
    assert status == 200
    assert [place["databaseAccountEndpoint"] for place in body["writableLocations"]] == [f"{account.url}/"]
    assert body["readableLocations"] == body["writableLocations"]
    assert body["userConsistencyPolicy"]["defaultConsistencyLevel"] == "Session"


def test_an_answer_says_where_its_content_is(emulator: Account, raw: Raw, database: Any, container: Any) -> None:
    """A successful answer with a body has the URL of the request in content-location, and no other answer has it."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    key = {"x-ms-documentdb-partitionkey": '["a"]'}
    document = {"id": "1", "pk": "a"}
    for method, where, body in [("GET", "/", None), ("POST", path, document), ("GET", f"{path}/1", None)]:
        headers = raw.send(method, where, body, key)[1]
        assert headers["content-location"] == f"{emulator.url}{where}"
    for method, where in [("GET", f"{path}/2"), ("DELETE", f"{path}/1")]:
        assert "content-location" not in raw.send(method, where, headers=key)[1]


def test_a_wrong_key_is_refused(account: Account) -> None:
    """A request that is signed with another key gets 401."""
    with pytest.raises(CosmosHttpResponseError) as caught, CosmosClient(account.url, WRONG_KEY) as client:
        list(client.list_databases())
    assert caught.value.status_code == 401


def test_a_missing_key_is_refused(raw: Raw) -> None:
    """A request without Authorization gets 401."""
    status, _, body = raw.send("GET", "/dbs", headers={"Authorization": ""})
    assert (status, body["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_an_old_date_is_refused(raw: Raw, minutes: int) -> None:
    """A correctly signed date that is more than 15 minutes off gets 403."""
    status, _, body = raw.send("GET", "/dbs", date=formatdate(time.time() + 60 * minutes, usegmt=True))
    assert (status, body["code"]) == (403, "Forbidden")


@pytest.mark.parametrize(
    "date", ["now", "2026-01-01T00:00:00Z", "Thu, 32 Jan 2026 00:00:00 GMT", "9" * 50 + " Jan 0 0:0"]
)
def test_a_date_that_is_none_is_refused(raw: Raw, date: str) -> None:
    """A date header that is no HTTP date gets 401."""
    status, _, body = raw.send("GET", "/dbs", date=date)
    assert (status, body["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/dbs"), ("GET", "/dbs/other"), ("GET", "/offers")], ids=["verb", "link", "type"]
)
def test_a_signature_is_for_one_request(raw: Raw, method: str, path: str) -> None:
    """A signature of another verb, type, link or date gets 401."""
    date = formatdate(usegmt=True)
    for signed_at in (date, formatdate(time.time() - 60, usegmt=True)):
        signature = raw.sign("GET", "/dbs", signed_at)
        status, _, _ = raw.send(method, path, {"id": "never"}, {"Authorization": signature}, date)
        assert status == 401
        assert raw.send("GET", "/dbs", headers={"Authorization": signature}, date=date)[0] == (
            200 if signed_at == date else 401
        )


@pytest.mark.parametrize("kind", ["resource", "aad"])
def test_other_tokens_are_refused(raw: Raw, kind: str) -> None:
    """Resource tokens, and Entra tokens without --accept-aad, get 401 with the reason."""
    status, _, body = raw.send("GET", "/dbs", headers={"Authorization": f"type%3D{kind}%26ver%3D1.0%26sig%3Dabc"})
    assert status == 401
    assert "token" in body["message"]


def test_entra_tokens_are_accepted_on_request() -> None:
    """An emulator with --accept-aad accepts any Entra token."""
    with CosmosProcess(options=("--accept-aad",)) as process:
        raw = Raw(process.url, process.key)
        status, _, body = raw.send("GET", "/dbs", headers={"Authorization": "type%3Daad%26ver%3D1.0%26sig%3Dabc"})
    assert (status, body["_count"]) == (200, 0)
