"""Who may come in."""

import time
from email.utils import formatdate

import pytest
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from local.cosmos.process import CosmosProcess
from tests.contract.cosmos_emulator.clients import Raw
from tests.contract.cosmos_emulator.conftest import Account

WRONG_KEY = "d3JvbmcgLSB0aGlzIGlzIG5vdCB0aGUga2V5IG9mIHRoZSBhY2NvdW50IQ=="


def test_the_account_names_its_own_address(raw: Raw, account: Account) -> None:
    """The endpoint a client is told to use is the address it came to."""
    status, _, body = raw.send("GET", "/")
    assert status == 200
    assert [place["databaseAccountEndpoint"] for place in body["writableLocations"]] == [f"{account.url}/"]
    assert body["readableLocations"] == body["writableLocations"]
    assert body["userConsistencyPolicy"]["defaultConsistencyLevel"] == "Session"


def test_a_wrong_key_is_refused(account: Account) -> None:
    """Another key gets 401."""
    with pytest.raises(CosmosHttpResponseError) as caught, CosmosClient(account.url, WRONG_KEY) as client:
        list(client.list_databases())
    assert caught.value.status_code == 401


def test_a_missing_key_is_refused(raw: Raw) -> None:
    """No Authorization header gets 401."""
    status, _, body = raw.send("GET", "/dbs", headers={"Authorization": ""})
    assert (status, body["code"]) == (401, "Unauthorized")


@pytest.mark.parametrize("minutes", [-16, 16])
def test_an_old_date_is_refused(raw: Raw, minutes: int) -> None:
    """A date more than 15 minutes away gets 403, although its signature is right."""
    status, _, body = raw.send("GET", "/dbs", date=formatdate(time.time() + 60 * minutes, usegmt=True))
    assert (status, body["code"]) == (403, "Forbidden")


@pytest.mark.parametrize("kind", ["resource", "aad"])
def test_other_tokens_are_refused(raw: Raw, kind: str) -> None:
    """Resource tokens, and Entra tokens unless the emulator is told to take them, get 401 that says so."""
    status, _, body = raw.send("GET", "/dbs", headers={"Authorization": f"type%3D{kind}%26ver%3D1.0%26sig%3Dabc"})
    assert status == 401
    assert "token" in body["message"]


def test_entra_tokens_are_accepted_on_request() -> None:
    """--accept-aad lets any Entra token in."""
    with CosmosProcess(options=("--accept-aad",)) as process:
        raw = Raw(process.url, process.key)
        status, _, body = raw.send("GET", "/dbs", headers={"Authorization": "type%3Daad%26ver%3D1.0%26sig%3Dabc"})
    assert (status, body["_count"]) == (200, 0)
