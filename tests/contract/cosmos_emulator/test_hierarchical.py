from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError

from tests.contract.cosmos_emulator.clients import Raw

PATHS = ["/tenant", "/user", "/session"]
TENANTS, USERS = ("a", "b", 7), ("x", None)


@pytest.fixture
def nested(database: Any, new_container: Callable[..., Any]) -> Any:
    """A container of three levels and several ranges, with a document for each key."""
    made = new_container(PATHS, throughput=40_000)
    for tenant in TENANTS:
        for user in USERS:
            for session in range(2):
                made.create_item(document(tenant, user, session))
    return made


def document(tenant: Any, user: Any, session: Any) -> dict[str, Any]:
    return {"id": "1", "tenant": tenant, "user": user, "session": session}


def refused(call: Callable[[], Any]) -> CosmosHttpResponseError:
    with pytest.raises(CosmosHttpResponseError) as caught:
        call()
    return caught.value


def keys(rows: Any) -> set[tuple[Any, ...]]:
    return {(row["tenant"], row["user"], row["session"]) for row in rows}


def test_a_hierarchical_key_has_up_to_three_paths(database: Any, new_container: Callable[..., Any]) -> None:
    """A container of the kind MultiHash keeps its paths; one with four paths, a path twice, version 1, or several
    paths of the kind Hash is refused."""
    kept = new_container(PATHS[:2]).read()["partitionKey"]
    assert kept == {"paths": PATHS[:2], "kind": "MultiHash", "version": 2}
    one_kind: Any = PartitionKey
    for key, words in (
        (PartitionKey([*PATHS, "/more"]), "Too many partition key paths"),
        (PartitionKey(["/tenant", "/tenant"]), "same path twice"),
        (PartitionKey(PATHS, version=1), "version '1' is not valid"),
        (one_kind(PATHS, kind="Hash"), "Too many partition key paths"),
    ):
        error = refused(partial(database.create_container, "never", key))
        assert error.status_code == 400
        assert words in error.message


def test_documents_live_under_all_levels(nested: Any) -> None:
    """A document is read, replaced, patched and deleted under its whole key, and the same id lives once a key."""
    key = ["a", "x", 1]
    assert nested.read_item("1", key)["session"] == 1
    nested.upsert_item({**document(*key), "n": 1})
    assert nested.patch_item("1", key, [{"op": "incr", "path": "/n", "value": 4}])["n"] == 5
    nested.delete_item("1", key)
    assert refused(lambda: nested.read_item("1", key)).status_code == 404
    assert nested.read_item("1", ["a", "x", 0])["session"] == 0


def test_no_level_of_a_key_is_patched(nested: Any) -> None:
    """A patch of any level of the partition key is refused."""
    for path in PATHS:
        steps = [{"op": "set", "path": path, "value": "other"}]
        assert refused(partial(nested.patch_item, "1", ["a", "x", 1], steps)).status_code == 400


def test_a_partial_key_names_no_document(raw: Raw, database: Any, nested: Any) -> None:
    """A read, a write or a batch under the first levels of a key, or under too many, gets 400/1001."""
    path = f"/dbs/{database.id}/colls/{nested.id}/docs"
    for key in ('["a"]', '["a","x"]', '["a","x",1,2]', "[]"):
        named = {"x-ms-documentdb-partitionkey": key}
        atomic = {"x-ms-cosmos-is-batch-request": "true", "x-ms-cosmos-batch-atomic": "true"}
        for answer in (
            raw.send("GET", f"{path}/1", headers=named),
            raw.send("POST", path, document("a", "x", 9), named),
            raw.send("POST", path, [{"operationType": "Read", "id": "1"}], {**named, **atomic}),
        ):
            assert (answer[0], answer[1]["x-ms-substatus"]) == (400, "1001")


def test_a_level_may_be_missing(raw: Raw, database: Any, nested: Any) -> None:
    """A document without a level of its key lives under the empty object at that level."""
    path, named = f"/dbs/{database.id}/colls/{nested.id}/docs", {"x-ms-documentdb-partitionkey": '["a",{},1]'}
    assert raw.send("POST", path, {"id": "none", "tenant": "a", "session": 1}, named)[0] == 201
    assert raw.send("GET", f"{path}/none", headers=named)[0] == 200
    rows = nested.query_items("SELECT * FROM c WHERE c.id = 'none'", partition_key=["a"])
    assert [row["id"] for row in rows] == ["none"]


def test_a_query_may_name_the_first_levels(nested: Any) -> None:
    """A query under one or two levels returns the documents under them and no others, and one under all levels those
    of one key."""
    everything = {(t, u, s) for t in TENANTS for u in USERS for s in range(2)}
    for prefix in (["a"], [7], ["b", "x"], ["b", None], ["a", "x", 1]):
        found = keys(nested.query_items("SELECT * FROM c", partition_key=prefix))
        assert found == {key for key in everything if list(key[: len(prefix)]) == prefix}
    assert list(nested.query_items("SELECT * FROM c", partition_key=["none"])) == []


def test_a_query_under_the_first_levels_may_count_and_sort(nested: Any) -> None:
    """Aggregates and ORDER BY under the first levels see the documents under them."""
    counted = nested.query_items("SELECT VALUE COUNT(1) FROM c", partition_key=["a"])
    assert sum(counted) == 4
    ordered = nested.query_items("SELECT VALUE c.session FROM c ORDER BY c.session", partition_key=["a", "x"])
    assert list(ordered) == [0, 1]


def test_a_header_may_name_the_first_levels(raw: Raw, database: Any, nested: Any) -> None:
    """A query or a list of documents whose header has the first levels of a key is served without cross partition, in
    pages."""
    path = f"/dbs/{database.id}/colls/{nested.id}/docs"
    named = {"x-ms-documentdb-partitionkey": '["b"]', "x-ms-max-item-count": "3"}
    asked = {**named, "x-ms-documentdb-isquery": "true", "content-type": "application/query+json"}
    for method, body, headers in (("GET", None, named), ("POST", {"query": "SELECT * FROM c"}, asked)):
        found, more = list[Any](), dict[str, str]()
        while True:
            status, answered, page = raw.send(method, path, body, headers | more)
            assert status == 200
            found += page["Documents"]
            more = {name: text for name, text in answered.items() if name == "x-ms-continuation"}
            if not more:
                break
        assert len(found) == 4
        assert {key[0] for key in keys(found)} == {"b"}


def test_a_condition_on_all_levels_needs_no_cross_partition(raw: Raw, database: Any, nested: Any) -> None:
    """A query whose condition has a value for each level is served without cross partition; one that lacks a level is
    not."""
    path = f"/dbs/{database.id}/colls/{nested.id}/docs"
    asked = {"x-ms-documentdb-isquery": "true", "content-type": "application/query+json"}
    query = "SELECT * FROM c WHERE c.tenant = 'a' AND c.user = 'x'"
    assert raw.send("POST", path, {"query": f"{query} AND c.session = 1"}, asked)[0] == 200
    assert raw.send("POST", path, {"query": query}, asked)[0] == 400


def test_batches_and_bulk_take_hierarchical_keys(raw: Raw, database: Any, nested: Any) -> None:
    """A transactional batch works under a whole key; a bulk request writes keys of its range."""
    made = nested.execute_item_batch([("create", ({**document("a", "x", 5), "id": "2"},))], ["a", "x", 5])
    assert made[0]["statusCode"] == 201
    one = document("bulk", "x", 1)
    path, statuses = f"/dbs/{database.id}/colls/{nested.id}", []
    operation = {"operationType": "Create", "partitionKey": '["bulk","x",1]', "resourceBody": one}
    for each in raw.send("GET", f"{path}/pkranges")[2]["PartitionKeyRanges"]:
        headers = {
            "x-ms-cosmos-is-batch-request": "true",
            "x-ms-cosmos-batch-continue-on-error": "true",
            "x-ms-documentdb-partitionkeyrangeid": each["id"],
        }
        statuses += [answer["statusCode"] for answer in raw.send("POST", f"{path}/docs", [operation], headers)[2]]
    assert sorted(statuses) == [201, 410, 410, 410]
    assert nested.read_item("1", ["bulk", "x", 1])["tenant"] == "bulk"


def test_hierarchical_keys_survive_splits(control: Any, database: Any, nested: Any) -> None:
    """After a split each document is found under its key and under its first levels."""
    for number in ("0", "1", "2", "3"):
        control.split(database.id, nested.id, number)
    assert nested.read_item("1", ["b", None, 1])["session"] == 1
    assert len(list(nested.query_items("SELECT * FROM c", partition_key=["b"]))) == 4
