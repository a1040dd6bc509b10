"""Each senseless request gets a clear answer and harms no document."""

import json
import os
import random
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from tests.contract.cosmos_emulator.clients import operation
from tests.unit.local.cosmos.emulating import PATH, Emulated

REQUESTS = int(os.environ.get("SOAK_SEEDS", "500"))
SEEDS = 5
JUNK: list[Any] = [
    None, "", "x", 0, -1, 1.5, 2**63, True, [], {}, [[]], {"": {}}, [None], "\x00", "é", "a/b", '"', "\\", "[", "@p",
    {"query": "SELECT * FROM c"}, {"query": 1}, {"query": "SELECT", "parameters": "x"}, {"id": 1}, {"operations": [1]},
]  # fmt: skip
HEADERS = [
    "x-ms-documentdb-partitionkey", "x-ms-documentdb-partitionkeyrangeid", "x-ms-max-item-count", "x-ms-continuation",
    "x-ms-session-token", "if-match", "if-none-match", "x-ms-cosmos-is-batch-request", "x-ms-cosmos-batch-atomic",
    "x-ms-documentdb-isquery", "x-ms-documentdb-is-upsert", "x-ms-cosmos-is-query-plan-request", "x-ms-start-epk",
    "x-ms-documentdb-query-enablecrosspartition", "x-ms-offer-throughput", "x-ms-emulator-partitions", "a-im",
    "content-type", "x-ms-cosmos-intended-collection-rid", "x-ms-end-epk", "prefer", "x-ms-activity-id",
]  # fmt: skip
VALUES = [
    "true", "false", "True", "0", "-1", "99", "x", '["a"]', "[]", "[{}]", "[1,2]", "[[1]]", "{", '{"after":"x"}',
    '{"after":1}', '{"starts":[["FF",1]]}', '{"starts":[1]}', '{"keys":[],"number":1}', '{"keys":[[1]],"number":1}',
    "application/query+json", '"etag"', "*", "0:-1#1", "0:-1#999999", "é", "FF", "", "400", "1e9", "9" * 5000, "٣",
    "[" * 600 + "]" * 600, '{"keys":[[' + "[" * 400 + "]" * 400 + ']],"number":1}', "AAAAAYAAAAI=-" + "9" * 5000,
]  # fmt: skip
PATHS = [
    "/", "/dbs", "/dbs/d", "/dbs/none", "/dbs/d/colls", "/dbs/d/colls/c", "/dbs/d/colls/c/pkranges", PATH,
    f"{PATH}/1", f"{PATH}/none", "/offers", "/offers/x", "/dbs/d/colls/c/operations/partitionkeydelete", "/x", "//",
    "/dbs/d/colls/c/sprocs/s", "/dbs/%ff", "/dbs/d/colls/c/docs/%2F", "/_control/", "/_control/faults", "/_control/x",
    "/_control/split", "/_control/throughput", "/_control/partitions", "/_control/state", "/_control/faults/x",
    "/_control/faults/" + "9" * 5000,
]  # fmt: skip
WORDS = [
    "SELECT", "*", "VALUE", "FROM", "c", "WHERE", "ORDER", "BY", "c.n", "c.id", "=", "<", "(", ")", "[", "]", "{", "}",
    ",", "1", "'x'", "@p", "AND", "OR", "NOT", "IN", "BETWEEN", "LIKE", "COUNT(1)", "SUM(c.n)", "TOP 1", "OFFSET 1",
    "LIMIT 2", "DISTINCT", "LENGTH(", "??", "?", ":", ".", "-", "%", "||", "AS", "x", "GROUP BY", "JOIN", "UDF.f(1)",
]  # fmt: skip


def junk_body(chance: random.Random) -> Any:
    """Return broken bytes, some JSON, operations, or a query of random words."""
    kind = chance.randrange(6)
    if kind == 5:
        return deep_body(chance)
    if kind == 0:
        return bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
    if kind == 1:
        return {"query": " ".join(chance.choices(WORDS, k=chance.randrange(1, 14))), "parameters": []}
    if kind == 2:
        value = {name: chance.choice(JUNK) for name in chance.sample(["id", "pk", "v", "_ts", "partitionKey"], 3)}
        return {**value, **chance.choice([{"id": "1", "pk": "a"}, {}])}
    if kind == 3:
        return [junk_operation(chance) for _ in range(chance.randrange(4))]
    return chance.choice(JUNK)


def deep_body(chance: random.Random) -> bytes:
    """Return a document, patch or query with deep nesting, or with a path or number of thousands of characters."""
    depth = chance.choice([100, 200, 600, 1100])
    deep = b"[" * depth + b"]" * depth
    return chance.choice(
        [
            b'{"id":"1","pk":"a","v":%b}' % deep,
            b'[{"op":"set","path":"/v","value":%b}]' % deep,
            b'[{"op":"set","path":"/v/%b","value":1}]' % (b"9" * 5000),
            b'{"query":"SELECT VALUE @p","parameters":[{"name":"@p","value":%b}]}' % deep,
            b'{"query":"SELECT VALUE %b"}' % deep,
            b'{"query":"SELECT VALUE 1 FROM c WHERE %b true"}' % (b"NOT " * depth),
            b'{"query":"SELECT VALUE %b"}' % (b"9" * 5000),
            b'{"content":{"offerThroughput":%b}}' % (b"9" * 300),
        ]
    )


def junk_operation(chance: random.Random) -> Any:
    """Return an operation of a bulk request with senseless members."""
    kind = chance.choice(["Create", "Upsert", "Read", "Replace", "Patch", "Delete", "Junk", None])
    made: Any = operation(kind or "", chance.choice(JUNK), chance.choice([*JUNK, {"id": "9", "pk": "a"}]))
    made["id"] = chance.choice(JUNK)
    return chance.choice([made, made, chance.choice(JUNK)])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_request_gets_a_clear_answer(seed: int) -> None:
    """Any request is answered without an exception or a 500, and each error is JSON with code and message."""
    chance = random.Random(seed)
    emulated = Emulated(throughput=1_000_000)
    kept = {"id": "kept", "pk": "untouched", "v": [1, {"x": 2}]}
    emulated.item("POST", "untouched", body=kept)
    for _ in range(REQUESTS // SEEDS):
        headers = {name: chance.choice(VALUES) for name in chance.sample(HEADERS, chance.randrange(6))}
        method = chance.choice(["GET", "POST", "POST", "POST", "PUT", "PATCH", "DELETE", "HEAD"])
        path = chance.choice([*PATHS, *[PATH] * 12])
        if (method, path) in {("DELETE", "/dbs/d"), ("DELETE", "/dbs/d/colls/c")}:
            continue
        response = emulated.ask(method, path, junk_body(chance), headers)
        described = (method, path, headers, response.status, response.body)
        assert response.status < 500 or response.status == 501, described
        if response.status >= 400:
            assert {"code", "message"} <= orjson.loads(response.body).keys(), described
    emulated.now += 100
    assert orjson.loads(emulated.item("GET", "untouched", "kept").body).items() >= kept.items()


def test_documents_at_the_limits() -> None:
    """Deep, long, wide and odd documents are kept as they were or refused with 400 or 413."""

    def nested(depth: int, make: Callable[[Any], Any]) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = make(value)
        return value

    emulated = Emulated(throughput=1_000_000)
    for at, value in enumerate(
        [nested(126, lambda v: [v]), nested(500, lambda v: {"x": v}), {str(i): i for i in range(5000)}, "x" * 3_000_000]
    ):
        emulated.now += 10
        body = {"id": str(at), "pk": "a", "v": value}
        response = emulated.item("POST", "a", body=json.dumps(body).encode())
        assert response.status in {201, 400, 413}
        if response.status == 201:
            assert emulated.documents()["a", str(at)] == body
