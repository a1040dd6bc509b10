"""What the definition of a container does to its documents: time to live, unique keys, computed properties."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.exceptions import CosmosBatchOperationError

from tests.contract.cosmos_emulator.test_resources import refused


def test_documents_live_as_long_as_they_should(new_container: Callable[..., Any]) -> None:
    """A document is gone after its own time to live, or else after the container's; -1 keeps it."""
    container = new_container(default_ttl=1)
    container.create_item({"id": "default", "pk": "a"})
    container.create_item({"id": "longer", "pk": "a", "ttl": 100})
    container.create_item({"id": "kept", "pk": "a", "ttl": -1})
    assert len(list(container.query_items("SELECT * FROM c", partition_key="a"))) == 3
    time.sleep(2.1)  # times are whole seconds
    assert list(container.query_items("SELECT VALUE c.id FROM c", partition_key="a")) == ["longer", "kept"]
    assert refused(lambda: container.read_item("default", "a")).status_code == 404
    container.create_item({"id": "default", "pk": "a"})


@pytest.mark.parametrize("ttl", [0, -10, None, "1", 1.5, True, 2**31])
def test_a_time_to_live_is_checked(database: Any, new_container: Callable[..., Any], ttl: Any) -> None:
    """A time to live other than -1 or a number of seconds above 0 gets 400, of a document and of a container."""
    container = new_container(default_ttl=-1)
    assert refused(lambda: container.create_item({"id": "1", "pk": "a", "ttl": ttl})).status_code == 400
    if ttl is not None:
        error = refused(lambda: database.create_container("never", PartitionKey("/pk"), default_ttl=ttl))
        assert error.status_code == 400


def test_unique_keys_are_unique(new_container: Callable[..., Any]) -> None:
    """A write that gives two documents of a partition key the same values under a unique key gets 409, in a batch
    too; other partition keys and the document itself may have them."""
    container = new_container(unique_key_policy={"uniqueKeys": [{"paths": ["/a/b", "/c"]}]})
    container.create_item({"id": "1", "pk": "a", "a": {"b": 1}, "c": 1})
    container.create_item({"id": "2", "pk": "b", "a": {"b": 1}, "c": 1})
    container.create_item({"id": "3", "pk": "a", "a": {"b": 1}})
    same = {"id": "4", "pk": "a", "a": {"b": 1.0}, "c": 1}
    step = [{"op": "set", "path": "/c", "value": 1}]
    refusals = [
        lambda: container.create_item(same),
        lambda: container.upsert_item(same),
        lambda: container.create_item({"id": "4", "pk": "a", "a": {"b": 1}, "c": None}),
        lambda: container.replace_item("3", {**same, "id": "3"}),
        lambda: container.patch_item("3", "a", step),
    ]
    assert [refused(call).status_code for call in refusals] == [409] * 5
    with pytest.raises(CosmosBatchOperationError) as caught:
        container.execute_item_batch([("create", (same,))], "a")
    assert caught.value.status_code == 409
    container.replace_item("1", {**same, "id": "1"})
    container.replace_item("1", {**same, "id": "renamed"})
    container.delete_item("renamed", "a")
    container.create_item(same)


@pytest.mark.parametrize(
    "keys", [{"paths": ["/a"]}, [{"paths": []}], [{"paths": ["a"]}], [{"path": "/a"}], [{"paths": ["/a"] * 17}]]
)
def test_malformed_unique_keys_are_refused(database: Any, keys: Any) -> None:
    """Unique keys that are no list of lists of paths get 400."""
    policy = {"uniqueKeys": keys}
    error = refused(lambda: database.create_container("never", PartitionKey("/pk"), unique_key_policy=policy))
    assert error.status_code == 400


def test_computed_properties_are_queried(new_container: Callable[..., Any]) -> None:
    """A computed property serves in conditions, projections and ORDER BY, over all partitions too; SELECT * leaves it
    out."""
    computed = [{"name": "lower", "query": "SELECT VALUE LOWER(d.name) FROM d"}]
    container = new_container(throughput=20_000, computed_properties=computed)
    for id_, name in (("1", "B"), ("2", "a"), ("3", "C")):
        container.create_item({"id": id_, "pk": id_, "name": name})

    def rows(text: str) -> list[Any]:
        return list(container.query_items(text, enable_cross_partition_query=True))

    assert container.read()["computedProperties"] == computed
    assert rows("SELECT VALUE c.id FROM c WHERE c.lower = 'b'") == ["1"]
    assert rows("SELECT VALUE c.lower FROM c ORDER BY c.lower") == ["a", "b", "c"]
    assert "lower" not in rows("SELECT * FROM c")[0]


@pytest.mark.parametrize(
    "computed",
    [
        {"name": "x", "query": "SELECT VALUE c.a FROM c"},
        [{"name": "x"}],
        [{"query": "SELECT VALUE c.a FROM c"}],
        [{"name": "x", "query": "SELECT c.a FROM c"}],
        [{"name": "x", "query": "SELECT VALUE c.a FROM c WHERE c.a = 1"}],
        [{"name": "x", "query": "no query"}],
    ],
    ids=["no list", "no query", "no name", "no value", "a condition", "bad syntax"],
)
def test_malformed_computed_properties_are_refused(database: Any, computed: Any) -> None:
    """Computed properties that are no names for SELECT VALUE get 400."""
    error = refused(lambda: database.create_container("never", PartitionKey("/pk"), computed_properties=computed))
    assert error.status_code == 400
