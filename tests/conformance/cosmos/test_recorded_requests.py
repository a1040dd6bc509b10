"""The emulator accepts every recorded request of the official JavaScript client."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.cosmos import EMULATOR_KEY, hashing
from local.cosmos.auth import Authorizer
from local.cosmos.emulator import Emulator
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from local.cosmos.parsing import read_key
from tests.contract.cosmos_emulator.clients import Raw

RECORDS = Path(__file__).parents[1] / "records/cosmos-wire/javascript-sdk-4.9.3.jsonl"
REQUESTS = [json.loads(line) for line in RECORDS.read_text().splitlines()]
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
NOW = 1767225600.0


@pytest.fixture
def ask() -> Callable[..., Response]:
    """A function that sends requests to an emulator with the recorded container."""
    gateway = Gateway(Emulator(clock=lambda: NOW), Authorizer(EMULATOR_KEY, lambda: NOW))
    signer = Raw("http://127.0.0.1", EMULATOR_KEY)

    def ask(method: str, path: str, headers: dict[str, str], body: Any) -> Response:
        signed = {"x-ms-date": DATE, "authorization": signer.sign(method, path, DATE)}
        data = b"" if body == "" else json.dumps(body).encode()
        return gateway.answer(Request(method, path, {**headers, **signed}, data))

    ask("POST", "/dbs", {}, {"id": "d"})
    definition = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
    assert ask("POST", "/dbs/d/colls", {"x-ms-offer-throughput": "40000"}, definition).status == 201
    return ask


def with_current_etags(ask: Callable[..., Response], request: dict[str, Any]) -> dict[str, str]:
    """The headers of a request, with its placeholder for an ETag replaced by the ETag of the document."""
    headers: dict[str, str] = dict(request["headers"])
    if "if-match" in headers:
        key = {"x-ms-documentdb-partitionkey": headers["x-ms-documentdb-partitionkey"]}
        headers["if-match"] = ask("GET", request["path"], key, "").headers["etag"]
    return headers


def test_every_recorded_request_is_served(ask: Callable[..., Response]) -> None:
    """Every recorded request succeeds in order, except a bulk operation with a placeholder for an ETag, and an
    aggregate over all partitions, for which clients fetch the plan."""
    for request in REQUESTS:
        response = ask(request["method"], request["path"], with_current_etags(ask, request), request["body"])
        if response.headers.get("x-ms-substatus") == "1004" and request["step"] == "query_cross_partition":
            continue
        assert response.status in {200, 201, 204, 207}, (request["step"], response.status, response.body)
        if response.status == 207:
            failed = [r["statusCode"] for r in json.loads(response.body) if r["statusCode"] >= 400]
            assert failed == [412], request["step"]


BULK = [r for r in REQUESTS if r["headers"].get("x-ms-documentdb-partitionkeyrangeid") is not None]


@pytest.mark.parametrize("request_", BULK, ids=[f"{r['step']}-{at}" for at, r in enumerate(BULK)])
def test_the_client_routed_as_we_do(request_: dict[str, Any]) -> None:
    """The client sent each operation to the range that its partition key hashes into."""
    edges = ["", *hashing.bounds(4, 2), "FF"]
    range_id = int(request_["headers"]["x-ms-documentdb-partitionkeyrangeid"])
    for operation in request_["body"]:
        effective = hashing.effective_v2(read_key(operation["partitionKey"])[0])
        assert edges[range_id] <= effective < edges[range_id + 1], operation["partitionKey"]
