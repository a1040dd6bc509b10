"""What operations cost in request units, and what happens above the rate."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.cosmos.control import Control
from tests.contract.cosmos_emulator.clients import Raw, bulk_headers, operation
from tests.contract.cosmos_emulator.test_items import sent

SLACK = 0.01


def charge(call: Callable[..., Any], *args: Any, **kwargs: Any) -> float:
    """Return the request units that a call costs."""
    return float(sent(call, *args, **kwargs)["x-ms-request-charge"])


def test_a_write_costs_by_size_and_terms(emulator: Any, container: Any) -> None:
    """A write of 1 KB costs 4.95 and 0.2 for each indexed term, and sizes between those of the table are
    interpolated."""
    body = {"id": "1", "pk": "a", "v": 1}
    assert charge(container.create_item, body) == pytest.approx(4.95 + 3 * 0.2, abs=SLACK)
    large = {"id": "2", "pk": "a", "v": "x" * (3 * 1024 - 30)}
    assert charge(container.create_item, large) == pytest.approx((6.29 + 6.67) / 2 + 3 * 0.2, abs=SLACK)


def test_each_kind_costs_its_factor(emulator: Any, container: Any) -> None:
    """A replace costs twice a create, a patch a little more, a delete about 7, and a read 1."""
    body = {"id": "1", "pk": "a", "v": 1}
    created = charge(container.create_item, body)
    replaced = charge(container.upsert_item, body)
    assert replaced == pytest.approx(2 * created, abs=SLACK)
    assert charge(container.replace_item, "1", body) == replaced
    step = [{"op": "incr", "path": "/v", "value": 1}]
    assert charge(container.patch_item, "1", "a", step) == pytest.approx(replaced + 0.4, abs=SLACK)
    assert charge(container.read_item, "1", "a") == 1
    assert charge(container.delete_item, "1", "a") == pytest.approx(7, abs=0.1)


def test_what_is_not_indexed_is_not_charged(emulator: Any, new_container: Callable[..., Any]) -> None:
    """A write is charged only for the terms that the indexing policy includes."""
    policy = {"indexingMode": "consistent", "includedPaths": [{"path": "/v/?"}], "excludedPaths": [{"path": "/*"}]}
    body = {"id": "1", "pk": "a", "v": 1, "w": [1, 2, {"x": 3}]}
    assert charge(new_container(indexing_policy=policy).create_item, body) == pytest.approx(5.15, abs=SLACK)
    assert charge(new_container().create_item, body) == pytest.approx(4.95 + 6 * 0.2, abs=SLACK)
    none = new_container(indexing_policy={"indexingMode": "none", "automatic": False})
    assert charge(none.create_item, body) == pytest.approx(4.95, abs=SLACK)


def test_a_batch_costs_what_its_operations_cost(emulator: Any, container: Any) -> None:
    """The charge of a batch is the sum of the charges of its operations."""
    operations = [("create", ({"id": str(at), "pk": "a"},)) for at in range(3)]
    assert charge(container.execute_item_batch, operations, "a") == pytest.approx(3 * (4.95 + 0.4), abs=SLACK)


def test_a_query_costs_by_what_it_read(emulator: Any, container: Any) -> None:
    """A query that finds nothing costs 2.3, and one that finds 100 KB costs 5 more."""
    container.create_item({"id": "1", "pk": "a", "v": "x" * 100 * 1024})
    seen: list[float] = []

    def hook(headers: Any, _: Any) -> None:
        seen.append(float(headers["x-ms-request-charge"]))

    for value in ("none", "1"):
        list(container.query_items(f"SELECT * FROM c WHERE c.id = '{value}'", partition_key="a", response_hook=hook))
    assert seen == [pytest.approx(2.3), pytest.approx(7.3, abs=0.1)]


def test_a_query_without_an_index_costs_by_all_documents(emulator: Any, container: Any) -> None:
    """A condition that no index serves costs by every document, and one that the index serves by those that match."""
    for at in range(20):
        container.create_item({"id": str(at), "pk": "a", "v": "x" * 10 * 1024, "open": at == 7, "owed": []})
    seen: list[float] = []

    def hook(headers: Any, _: Any) -> None:
        seen.append(float(headers["x-ms-request-charge"]))

    for where in ("c.open = true", "NOT ARRAY_CONTAINS(c.owed, 1) AND LOWER(c.id) = '7'"):
        found = container.query_items(f"SELECT VALUE c.id FROM c WHERE {where}", partition_key="a", response_hook=hook)
        assert list(found) == ["7"]
    assert seen == [pytest.approx(2.3 + 0.5, abs=0.1), pytest.approx(2.3 + 20 * 0.5, abs=0.2)]


def test_past_the_rate_operations_are_throttled(
    raw: Raw, database: Any, new_container: Callable[..., Any], control: Control
) -> None:
    """An operation larger than the rest of the second is served, and those after it get 429 with substatus and wait,
    and write nothing."""
    container = new_container(throughput=400)
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    big = [operation("Upsert", "a", {"id": str(at), "pk": "a", "v": 1}) for at in range(100)]
    status, _, results = raw.send("POST", path, big, bulk_headers("0"))
    assert status == 207
    served = [r for r in results if r["statusCode"] == 201]
    refused = [r for r in results if r["statusCode"] == 429]
    assert len(served) + len(refused) == 100
    assert sum(r["requestCharge"] for r in served[:-1]) < 400 <= sum(r["requestCharge"] for r in served)
    assert all(r["subStatusCode"] == 3200 and 0 < r["retryAfterMilliseconds"] <= 1000 for r in refused)
    status, headers, body = raw.send("POST", path, big, bulk_headers("0"))
    assert (status, headers["x-ms-substatus"], body["code"]) == (429, "3200", "TooManyRequests")
    assert 0 < int(headers["x-ms-retry-after-ms"]) <= 1000
    assert "Request rate is large" in body["message"]
    assert control.container(database.id, container.id)["partitions"][0]["documents"] == len(served)


def test_debt_is_carried_over_seconds(raw: Raw, database: Any, new_container: Callable[..., Any]) -> None:
    """Request units that an operation costs above the rate are taken from the following seconds."""
    container = new_container(throughput=400)
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    headers = {"x-ms-documentdb-partitionkey": '["a"]'}
    began = time.monotonic()
    status, answered, _ = raw.send("POST", path, {"id": "1", "pk": "a", "v": "x" * 2_000_000}, headers)
    assert (status, float(answered["x-ms-request-charge"]) > 1000) == (201, True)
    status, answered, _ = raw.send("GET", f"{path}/1", headers=headers)
    assert status == 429
    assert int(answered["x-ms-retry-after-ms"]) + (time.monotonic() - began) * 1000 > 1000


def test_the_client_waits_and_goes_on(emulator: Any, new_container: Callable[..., Any]) -> None:
    """azure-cosmos retries throttled operations until all are done."""
    container = new_container(throughput=400)
    for at in range(85):
        container.upsert_item({"id": str(at), "pk": "a"})
    assert len(list(container.read_all_items(max_item_count=1000))) == 85


def test_partitions_are_throttled_apart(
    raw: Raw, database: Any, new_container: Callable[..., Any], control: Control
) -> None:
    """A throttled partition does not keep another from serving."""
    container = new_container(throughput=400)
    left, right = control.split(database.id, container.id, "0")
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    many = [operation("Upsert", "a", {"id": str(at), "pk": "a"}) for at in range(60)]  # this key is in the right half
    raw.send("POST", path, many, bulk_headers(right))
    assert raw.send("POST", path, many[:1], bulk_headers(right))[0] == 429
    other = [operation("Upsert", "d", {"id": "1", "pk": "d"})]
    assert raw.send("POST", path, other, bulk_headers(left))[0] == 200


def test_more_throughput_helps_at_once(
    raw: Raw, database: Any, new_container: Callable[..., Any], control: Control
) -> None:
    """A throttled container serves again as soon as its RU/s are raised."""
    container = new_container(throughput=400)
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    many = [operation("Upsert", "a", {"id": str(at), "pk": "a"}) for at in range(100)]
    raw.send("POST", path, many, bulk_headers("0"))
    control.set_throughput(database.id, container.id, 10_000)
    assert raw.send("POST", path, many, bulk_headers("0"))[0] == 200


def test_more_throughput_than_fits_splits(database: Any, new_container: Callable[..., Any], control: Control) -> None:
    """Raising the RU/s above 10,000 for each partition splits partitions."""
    container = new_container(throughput=400)
    container.replace_throughput(25_000)
    partitions = control.container(database.id, container.id)["partitions"]
    assert len(partitions) == 3
    assert sum(p["rate"] for p in partitions) == pytest.approx(25_000)
