"""The emulator serves each recorded request of the .NET client, or refuses it by the name of what it lacks."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pytest

from local.cosmos import EMULATOR_KEY
from local.cosmos.exchange import KEY_HEADER
from local.cosmos.messages import Request, Response
from tests.contract.cosmos_emulator.clients import Raw
from tests.unit.local.cosmos.emulating import DATE, Emulated

RECORDS = Path(__file__).parents[1] / "records/cosmos-wire/dotnet-sdk-3.64.0.jsonl"
REQUESTS = [json.loads(line) for line in RECORDS.read_text().splitlines()]

LACKING = {
    "base64": "HybridRow",
    "udf.": "a user defined function",
    " ST_DISTANCE(": "ST_DISTANCE",
    " DOCUMENTID(": "DOCUMENTID",
}
"""What a request holds, and the words of its refusal."""
STATUS = {  # of requests that the client's program meant to fail
    "stream read 404": 404,
    "409": 409,
    "412": 412,
    "patch filter": 412,
    "query SELECT VALUE FROM c": 400,
    "query SELECT c.pk, c.n FROM c WHERE c.pk='p1' ORDER BY c.pk, c.n": 400,
}
ABSENT = {"/dbs/d/colls/hier", "/dbs/d/colls/leases", "/dbs/dshared"}


@pytest.fixture
def emulated() -> Emulated:
    """The container of the record: four partitions of which the last was split, with documents and high LSNs."""
    emulated = Emulated(partitions=4, throughput=40_000)
    emulated.emulator.account.lsn = 1000  # no recorded session token is ahead
    emulated.emulator.split(emulated.container, "3")
    for at in range(60):
        body = {"id": f"i{at}", "pk": f"p{at % 7}", "n": at, "s": f"Text {at}", "f": at / 3, "b": at % 2 == 0}
        body |= {
            "tags": [f"t{at % 3}", "u"],
            "sub": {"x": at % 4},
            "at": "2026-01-01T00:00:00Z",
            "opt": None,
            "extra": 1,
        }
        assert emulated.item("POST", f"p{at % 7}", body=body).status == 201
    for partition in emulated.container.partitions:
        partition.lsn = 2000
    emulated.now += 60
    return emulated


def prepare(emulated: Emulated, request: dict[str, Any]) -> None:
    """Makes what the recorded requests before this one had made."""
    if request["path"].startswith("/dbs/d/colls/leases/"):
        emulated.ask("POST", "/dbs/d/colls", {"id": "leases", "partitionKey": {"paths": ["/id"], "kind": "Hash"}})
    name = unquote(request["path"].rpartition("/")[2])
    if request["method"] in {"GET", "DELETE"} and name in {"a b", "nopk", "nullpk", "big", "st"}:
        key: dict[str, str] = {KEY_HEADER: request["headers"][KEY_HEADER]}
        value = orjson.loads(key[KEY_HEADER])[0]
        document = {"id": name} if value == {} else {"id": name, "pk": value}
        assert emulated.ask("POST", "/dbs/d/colls/c/docs", document, key).status == 201


def send(emulated: Emulated, request: dict[str, Any]) -> Response:
    body, path, method = request["body"], request["path"], request["method"]
    if (method, path) == ("PUT", "/dbs/d/colls/c"):  # the record has the container's later name in paths alone
        body = {**body, "id": "c", "partitionKey": emulated.container.properties["partitionKey"]}
    data = base64.b64decode(body["base64"]) if "base64" in body else b"" if body == "" else orjson.dumps(body)
    headers = {**request["headers"], "x-ms-date": DATE, "authorization": signature(method, unquote(path))}
    if headers.get("if-none-match", "").startswith('"0000'):  # an ETag that the recorded server gave
        key = {KEY_HEADER: headers[KEY_HEADER]}
        headers["if-none-match"] = emulated.ask("GET", path, headers=key).headers["etag"]
    return emulated.answer(Request(method, path, headers, data))


def signature(method: str, path: str) -> str:
    """The signature as the client makes it: over the last resource id in lower case where the path has resource ids."""
    signer = Raw("http://127.0.0.1", EMULATOR_KEY)
    parts = [part for part in path.split("/") if part]
    if not path.startswith(("/offers/", "/dbs/AAAAAQ==")):
        return signer.sign(method, path, DATE) if path != "/offers" else signer.token(method, "offers", "", DATE)
    kind, last = (parts[-1], parts[-2]) if len(parts) % 2 else (parts[-2], parts[-1])
    return signer.token(method, kind, last.lower(), DATE)


def refusal(request: dict[str, Any]) -> str | None:
    """The words with which the emulator refuses a request, or None."""
    text = f"{json.dumps(request['body'])} {' '.join(request['headers'])}"
    return next((words for mark, words in LACKING.items() if mark in text), None)


@pytest.mark.parametrize("request_", REQUESTS, ids=[f"{at}-{r['step'][:40]}" for at, r in enumerate(REQUESTS)])
def test_a_request_is_served_or_refused_by_name(emulated: Emulated, request_: dict[str, Any]) -> None:
    """A recorded request succeeds, fails as its program meant it to, or gets 501 with the name of what is lacking."""
    prepare(emulated, request_)
    response = send(emulated, request_)
    words = refusal(request_)
    if words is not None:
        assert (response.status, words in orjson.loads(response.body)["message"]) == (501, True), response.body
    elif request_["step"] in STATUS:
        assert response.status == STATUS[request_["step"]]
    elif request_["method"] == "GET" and request_["path"] in ABSENT:
        assert response.status == 404
    else:
        assert response.status in {200, 201, 204, 304}, response.body


def test_the_account_has_settings_of_the_query_engine(emulated: Emulated) -> None:
    """The account names the limits of queries, without which the client ends its process."""
    account = orjson.loads(emulated.ask("GET", "/").body)
    assert orjson.loads(account["queryEngineConfiguration"])["maxSqlQueryInputLength"] > 0


def test_a_sorted_query_resumes_on_every_range(emulated: Emulated) -> None:
    """A query that is resumed as the client does it gives every later row once, from all ranges."""
    found: list[int] = []
    text = "SELECT VALUE c.n FROM c WHERE (true) ORDER BY c.n"
    for partition in emulated.container.partitions:
        headers = {"x-ms-documentdb-isquery": "True", "x-ms-documentdb-partitionkeyrangeid": partition.id}
        body = {"query": text, "resumeFilter": {"value": [17], "exclude": True}}
        found += orjson.loads(emulated.ask("POST", "/dbs/d/colls/c/docs", body, headers).body)["Documents"]
    assert sorted(found) == list(range(18, 60))
