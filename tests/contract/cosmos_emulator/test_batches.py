"""Many operations in one request."""

from typing import Any

import pytest
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from local.cosmos.control import Control
from tests.contract.cosmos_emulator.clients import Raw, bulk_headers, operation
from tests.contract.cosmos_emulator.conftest import large
from tests.contract.cosmos_emulator.test_resources import refused


def bulk(raw: Raw, database: Any, container: Any, operations: Any, range_id: str = "0", **headers: str) -> Any:
    """Send a bulk request; return status and results."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    status, _, body = raw.send("POST", path, operations, {**bulk_headers(range_id), **headers})
    return status, body


def ids(container: Any) -> list[str]:
    """Return the ids of all documents."""
    return sorted(item["id"] for item in container.read_all_items())


def test_a_batch_does_all_its_operations(container: Any) -> None:
    """A batch does create, upsert, replace, read, patch and delete in one transaction, each with its own result."""
    container.create_item({"id": "old", "pk": "a", "v": 1})
    results = container.execute_item_batch(
        [
            ("create", ({"id": "1", "pk": "a"},)),
            ("upsert", ({"id": "2", "pk": "a"},)),
            ("upsert", ({"id": "1", "pk": "a", "v": 1},)),
            ("replace", ("old", {"id": "old", "pk": "a", "v": 2})),
            ("patch", ("old", [{"op": "incr", "path": "/v", "value": 1}])),
            ("read", ("old",)),
            ("delete", ("2",)),
        ],
        "a",
    )
    assert [result["statusCode"] for result in results] == [201, 201, 200, 200, 200, 200, 204]
    assert results[5]["resourceBody"]["v"] == 3
    assert ids(container) == ["1", "old"]


def test_a_failing_batch_does_nothing(container: Any) -> None:
    """A failing batch changes nothing: the failed operation keeps its code and the others get 424."""
    before = container.create_item({"id": "there", "pk": "a"})
    operations = [
        ("upsert", ({"id": "there", "pk": "a", "v": 1},)),
        ("delete", ("there",)),
        ("create", ({"id": "new", "pk": "a"},)),
        ("read", ("none",)),
        ("create", ({"id": "newer", "pk": "a"},)),
    ]
    with pytest.raises(CosmosBatchOperationError) as caught:
        container.execute_item_batch(operations, "a")
    assert (caught.value.status_code, caught.value.error_index) == (404, 3)
    assert [r["statusCode"] for r in caught.value.operation_responses] == [424, 424, 424, 404, 424]
    assert list(container.read_all_items()) == [before]


def test_a_batch_obeys_etags(container: Any) -> None:
    """An operation of a batch with an old ETag fails with 412."""
    etag = container.create_item({"id": "1", "pk": "a"})["_etag"]

    def change() -> Any:  # a new list for each call, because the client removes the condition from it
        return ("replace", ("1", {"id": "1", "pk": "a", "v": 1}), {"if_match_etag": etag})

    container.execute_item_batch([change()], "a")
    with pytest.raises(CosmosBatchOperationError) as caught:
        container.execute_item_batch([change()], "a")
    assert caught.value.status_code == 412


def test_a_batch_has_at_most_100_operations(container: Any) -> None:
    """A batch of 100 operations is done, and one of 101 gets 400."""
    operations = [("create", ({"id": str(at), "pk": "a"},)) for at in range(101)]
    container.execute_item_batch(operations[:100], "a")
    error = refused(lambda: container.execute_item_batch(operations, "a"))
    assert (error.status_code, type(error)) == (400, CosmosHttpResponseError)


def test_an_empty_batch_is_refused(container: Any) -> None:
    """A batch without operations gets 400 in the service's words."""
    assert "Batch request has no operations." in str(refused(lambda: container.execute_item_batch([], "a")))


@pytest.mark.parametrize("atomic", ["true", "false"])
def test_a_binary_batch_gets_501(raw: Raw, database: Any, container: Any, atomic: str) -> None:
    """A batch in the binary form of the .NET client gets 501 that names the form and what to do."""
    headers = {**bulk_headers("0"), "x-ms-documentdb-partitionkey": '["a"]', "x-ms-cosmos-batch-atomic": atomic}
    body = bytes.fromhex("81f1d8ff7f010a000000")
    status, _, error = raw.send("POST", f"/dbs/{database.id}/colls/{container.id}/docs", body, headers)
    assert (status, "HybridRow" in error["message"], "one by one" in error["message"]) == (501, True, True)


@large
def test_a_batch_has_at_most_2_mb(container: Any) -> None:
    """A batch request of more than two megabytes gets 413."""
    operations = [("create", ({"id": str(at), "pk": "a", "v": "x" * 700_000},)) for at in range(3)]
    assert refused(lambda: container.execute_item_batch(operations, "a")).status_code == 413


@large
def test_the_results_of_a_batch_have_at_most_4_mb(container: Any) -> None:
    """A batch whose results exceed the size of a response gets 413/3402 and does nothing."""
    container.create_item({"id": "1", "pk": "a", "v": "x" * 1_500_000})
    reads: list[Any] = [("create", ({"id": "2", "pk": "a"},)), *[("read", ("1",)) for _ in range(3)]]
    with pytest.raises(CosmosBatchOperationError) as caught:
        container.execute_item_batch(reads, "a")
    assert (caught.value.status_code, caught.value.error_index) == (413, 3)
    assert ids(container) == ["1"]


def test_a_batch_keeps_to_its_partition_key(container: Any) -> None:
    """A document of another partition key fails the batch with 400."""
    with pytest.raises(CosmosBatchOperationError) as caught:
        container.execute_item_batch([("create", ({"id": "1", "pk": "b"},))], "a")
    assert caught.value.status_code == 400


def test_bulk_does_each_operation_for_itself(raw: Raw, database: Any, container: Any) -> None:
    """Bulk continues after failures, reports each result, and gets 207."""
    status, results = bulk(
        raw,
        database,
        container,
        [
            operation("Create", "a", {"id": "1", "pk": "a"}),
            operation("Create", "a", {"id": "1", "pk": "a"}),
            operation("Upsert", "b", {"id": "1", "pk": "b"}),
            operation("Upsert", "b", {"id": "1", "pk": "b", "v": {"nested": 1}}),
            operation("Read", "b", id="none"),
            operation("Replace", "a", {"id": "1", "pk": "a", "v": 1}, id="1", ifMatch='"old"'),
            operation("Patch", "a", {"operations": [{"op": "set", "path": "/v", "value": 1}]}, id="1"),
            operation("Upsert", "a", {"id": "2", "pk": "b"}),
            operation("Upsert", "a", {"pk": "a"}),
            operation("Delete", "a", id="1"),
        ],
    )
    assert status == 207
    assert [r["statusCode"] for r in results] == [201, 409, 201, 200, 404, 412, 200, 400, 400, 204]
    assert results[7]["subStatusCode"] == 1001
    assert [item["pk"] for item in container.read_all_items()] == ["b"]


def test_bulk_without_failures_is_200(raw: Raw, database: Any, container: Any) -> None:
    """Bulk without failures gets 200, with ETag, charge and document of each operation."""
    status, results = bulk(raw, database, container, [operation("Upsert", 1, {"id": "1", "pk": 1})])
    assert status == 200
    assert results[0]["resourceBody"]["_etag"] == results[0]["eTag"]
    assert results[0]["requestCharge"] > 5


def test_bulk_can_leave_the_documents_out(raw: Raw, database: Any, container: Any) -> None:
    """minimalReturnPreference, or Prefer for the whole request, leaves documents out of the results of writes."""
    _, results = bulk(
        raw,
        database,
        container,
        [
            operation("Upsert", "a", {"id": "1", "pk": "a"}, minimalReturnPreference=True),
            operation("Read", "a", id="1"),
        ],
    )
    assert ["resourceBody" in result for result in results] == [False, True]
    _, results = bulk(
        raw, database, container, [operation("Upsert", "a", {"id": "1", "pk": "a"})], Prefer="return=minimal"
    )
    assert "resourceBody" not in results[0]


def test_bulk_stops_when_told(raw: Raw, database: Any, container: Any) -> None:
    """Without continue-on-error, the operations after a failure get 424."""
    headers = {"x-ms-cosmos-batch-continue-on-error": "false"}
    body = [operation("Read", "a", id="1"), operation("Create", "a", {"id": "1", "pk": "a"})]
    _, results = bulk(raw, database, container, body, **headers)
    assert [r["statusCode"] for r in results] == [404, 424]


def test_bulk_on_a_range_that_is_gone_gets_410(raw: Raw, database: Any, container: Any, control: Control) -> None:
    """After a split, a bulk request to the old range gets 410 with substatus 1002."""
    control.split(database.id, container.id, "0")
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    body = [operation("Upsert", "a", {"id": "1", "pk": "a"})]
    status, headers, _ = raw.send("POST", path, body, bulk_headers("0"))
    assert (status, headers["x-ms-substatus"]) == (410, "1002")


def test_bulk_in_the_wrong_range_gets_410_an_operation(
    raw: Raw, database: Any, container: Any, control: Control
) -> None:
    """An operation whose key belongs to another range gets 410/1002, and the others are done."""
    _, right = control.split(database.id, container.id, "0")
    body = [operation("Upsert", key, {"id": "1", "pk": key}) for key in ("a", "d")]  # of the right and the left half
    status, results = bulk(raw, database, container, body, right)
    assert status == 207
    assert [(r["statusCode"], r.get("subStatusCode")) for r in results] == [(201, None), (410, 1002)]


@large
def test_bulk_results_have_at_most_4_mb(raw: Raw, database: Any, container: Any) -> None:
    """Results that do not fit into the response get 413 with substatus 3402."""
    container.create_item({"id": "1", "pk": "a", "v": "x" * 1_500_000})
    _, results = bulk(raw, database, container, [operation("Read", "a", id="1") for _ in range(4)])
    assert [(r["statusCode"], r.get("subStatusCode")) for r in results] == [(200, None)] * 2 + [(413, 3402)] * 2


@pytest.mark.parametrize(
    "body",
    [[], {}, "text", [1], [{"operationType": "Create"}], [{"operationType": "Merge", "partitionKey": '["a"]'}]],
    ids=["none", "an object", "a string", "a number", "no key", "an unknown type"],
)
def test_bad_bulk_requests_get_400(raw: Raw, database: Any, container: Any, body: Any) -> None:
    """A bulk request that is no list of operations gets 400."""
    status, results = bulk(raw, database, container, body)
    assert status == 400 or [r["statusCode"] for r in results] == [400]
