"""What a query costs depends on what the index finds."""

from typing import Any

import orjson
import pytest

from tests.unit.local.cosmos.emulating import Emulated

SIZE = 10_240
COUNT = 20
POLICY = {
    "indexingMode": "consistent",
    "includedPaths": [{"path": "/*"}],
    "excludedPaths": [{"path": "/hidden/?"}, {"path": "/v/?"}],
}


@pytest.fixture(scope="module")
def emulated() -> Emulated:
    """Twenty documents of 10 KB, of which one is open."""
    emulated = Emulated(throughput=1_000_000, partitions=1)
    definition = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
    assert emulated.ask("PUT", "/dbs/d/colls/c", {**definition, "indexingPolicy": POLICY}).status == 200
    for at in range(COUNT):
        body = {"id": str(at), "pk": "a", "v": "x" * SIZE, "n": at, "hidden": at, "tags": [f"t{at}", "all"]}
        body |= {"open": True} if at == 7 else {}
        assert emulated.item("POST", "a", body=body).status == 201
    return emulated


def loaded(emulated: Emulated, text: str, **headers: str) -> int:
    """How many documents a page loads, by its charge."""
    response = emulated.query(text, **headers)
    assert response.status == 200, response.body
    return round((float(response.headers["x-ms-request-charge"]) - 2.3) / (0.05 * SIZE / 1024))


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("c.open = true", 1),
        ("c.open", 1),
        ("true = c.open", 1),
        ("c.n IN (1, 2)", 2),
        ("c.n BETWEEN 3 AND 5", 3),
        ("c.n > @n", 2),
        ("NOT c.n > 1", 2),
        ("c.n != 3", COUNT - 1),
        ("c.id LIKE '1_'", 10),
        ("STARTSWITH(c.id, '1')", 11),
        ("IS_DEFINED(c.open)", 1),
        ("ARRAY_CONTAINS(c.tags, 't3')", 1),
        ("c.n = 1 OR c.n = 2", 2),
        ("c.n < 4 AND LOWER(c.id) = '3'", 4),
        ("LOWER(c.id) = '3' AND c.n < 4", 4),
        ("c.n < 4 AND c.hidden = 3", 4),
        ("c.n < 4 AND true", 4),
        ("(c.n < 4 AND LOWER(c.id) = '3') OR c.n = 9", 5),
        ("c.hidden = 3", COUNT),
        ("LOWER(c.id) = '3'", COUNT),
        ("ARRAY_LENGTH(c.tags) > 5", COUNT),
        ("NOT ARRAY_CONTAINS(c.tags, 'all')", COUNT),
        ("NOT ARRAY_CONTAINS(c.tags, 'all') OR ARRAY_LENGTH(c.tags) > 5", COUNT),
        ("c.n = 1 OR LOWER(c.id) = '3'", COUNT),
        ("c.n = c.hidden AND c.n + 1 = 3", COUNT),
        ("false", 0),
    ],
)
def test_a_query_loads_what_the_index_finds(emulated: Emulated, condition: str, count: int) -> None:
    """A condition loads the documents that the index finds, or all where no index serves it."""
    more: Any = {"parameters": [{"name": "@n", "value": 17}]}
    assert loaded(emulated, f"SELECT * FROM c WHERE {condition}", **more) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("SELECT VALUE COUNT(1) FROM c WHERE c.hidden = 3", COUNT),
        ("SELECT VALUE COUNT(1) FROM c WHERE c.n > 3", 0),
        ("SELECT VALUE COUNT(1) FROM c", 0),
        ("SELECT VALUE COUNT(c.v) FROM c WHERE c.n < 3", 3),
        ("SELECT VALUE MAX(c.n) FROM c", COUNT),
        ("SELECT DISTINCT VALUE c.n FROM c WHERE c.hidden = 3", COUNT),
        ("SELECT * FROM c WHERE c.hidden < 2 ORDER BY c.n", COUNT),
        ("SELECT * FROM c WHERE c.n < 2 ORDER BY c.n", 2),
        ("SELECT TOP 1 * FROM c ORDER BY c.n DESC", 1),
    ],
)
def test_every_kind_of_query_counts_what_it_loads(emulated: Emulated, text: str, count: int) -> None:
    """Each kind loads what the index finds, the second time as the first, and the index alone counts documents."""
    assert [loaded(emulated, text), loaded(emulated, text)] == [count, count]


def test_a_scan_is_charged_once(emulated: Emulated) -> None:
    """The pages of a sorted query together load each document once."""
    text, sizes, token = "SELECT * FROM c WHERE c.hidden < 5 ORDER BY c.n", [], ""
    while True:
        headers = {"x_ms_max_item_count": "2", **({"x_ms_continuation": token} if token else {})}
        sizes.append(loaded(emulated, text, **headers))
        token = emulated.query(text, **headers).headers.get("x-ms-continuation", "")
        if not token:
            break
    assert (sizes, sum(sizes)) == ([COUNT - 5 + 2, 2, 1], COUNT)


def test_without_an_index_everything_is_loaded() -> None:
    """In a container with the indexing mode none every condition loads all documents."""
    emulated = Emulated(throughput=1_000_000, partitions=1)
    definition = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
    body: dict[str, Any] = {**definition, "indexingPolicy": {"indexingMode": "none", "automatic": False}}
    assert emulated.ask("PUT", "/dbs/d/colls/c", body).status == 200
    for at in range(5):
        emulated.item("POST", "a", body={"id": str(at), "pk": "a", "n": at, "v": "x" * SIZE})
    assert loaded(emulated, "SELECT * FROM c WHERE c.n = 1") == 5
    assert loaded(emulated, "SELECT VALUE COUNT(1) FROM c") == 5
    assert orjson.loads(emulated.query("SELECT VALUE c.id FROM c WHERE c.n = 1").body)["Documents"] == ["1"]
