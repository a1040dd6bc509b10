"""Databases, containers, throughput and partition key ranges."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceExistsError, CosmosResourceNotFoundError

from local.cosmos.control import Control
from tests.contract.cosmos_emulator.clients import Raw


def refused(call: Callable[[], Any]) -> CosmosHttpResponseError:
    """Return the error that a call raises."""
    with pytest.raises(CosmosHttpResponseError) as caught:
        call()
    return caught.value


def test_databases_come_and_go(client: Any) -> None:
    """A database can be created once, read, listed, queried and deleted."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    database = client.create_database(name)
    assert isinstance(refused(lambda: client.create_database(name)), CosmosResourceExistsError)
    assert database.read()["id"] == name
    assert name in [found["id"] for found in client.list_databases()]
    found = client.query_databases(
        query="SELECT * FROM d WHERE d.id = @id", parameters=[{"name": "@id", "value": name}]
    )
    assert [one["id"] for one in found] == [name]
    client.delete_database(name)
    assert isinstance(refused(database.read), CosmosResourceNotFoundError)


def test_containers_come_and_go(database: Any) -> None:
    """A container can be created once, read, listed, queried and deleted."""
    name = f"c-{uuid.uuid4().hex[:12]}"
    container = database.create_container(name, PartitionKey("/pk"))
    assert isinstance(refused(lambda: database.create_container(name, PartitionKey("/pk"))), CosmosResourceExistsError)
    properties = container.read()
    assert properties["partitionKey"] == {"paths": ["/pk"], "kind": "Hash", "version": 2}
    assert properties["indexingPolicy"]["indexingMode"] == "consistent"
    assert name in [found["id"] for found in database.list_containers()]
    assert [c["id"] for c in database.query_containers(f"SELECT * FROM c WHERE c.id = '{name}'")] == [name]
    database.delete_container(name)
    assert refused(container.read).status_code == 404


def test_resources_are_addressed_by_resource_id(raw: Raw, database: Any, container: Any) -> None:
    """Databases, containers, their documents and ranges are found by resource ids, with the last id in lower case
    signed; an id that no resource has gets 404."""
    properties, owner = container.read(), database.read()["_rid"]
    container.create_item({"id": "1", "pk": "a"})
    base, rid = f"/dbs/{owner}", properties["_rid"]
    paths = [
        (base, "dbs", owner, owner),
        (f"{base}/colls/{rid}", "colls", rid, rid),
        (f"{base}/colls/{rid}/docs", "docs", rid, rid),
        (f"{base}/colls/{rid}/pkranges", "pkranges", rid, rid),
    ]
    for path, kind, last, found in paths:
        status, _, body = raw.send("GET", path, headers=raw.signed("GET", kind, last.lower()))
        assert (status, body["_rid"]) == (200, found)
        assert raw.send("GET", path, headers=raw.signed("GET", kind, "other"))[0] == 401
    signed = raw.signed("GET", "colls", "zzzzakzzzzy=")
    assert raw.send("GET", f"{base}/colls/ZZZZAKZZZZY=", headers=signed)[0] == 404


def test_offers_are_found_by_their_exact_id(raw: Raw, new_container: Any) -> None:
    """The offers of 70 containers are told apart, although some ids differ only in their case."""
    for _ in range(70):  # at least 65 in a row have two that differ only in case
        new_container()
    offers = raw.send("GET", "/offers", headers={"x-ms-max-item-count": "-1"})[2]["Offers"]
    for offer in offers:
        path = f"/offers/{offer['id']}"
        headers = raw.signed("GET", "offers", offer["id"].lower())
        assert raw.send("GET", path, headers=headers)[2]["offerResourceId"] == offer["offerResourceId"]
    assert len({offer["id"].lower() for offer in offers}) < len(offers)


def test_direct_mode_gets_501(raw: Raw) -> None:
    """The addresses of replicas, which a client in direct mode asks for, get 501 with the setting that helps."""
    path = "//addresses/?$resolveFor=dbs%2fd%2fcolls%2fc%2fdocs&$filter=protocol%20eq%20rntbd"
    status, _, body = raw.send("GET", path)
    assert (status, "connection mode to Gateway" in body["message"]) == (501, True)


def test_a_container_without_throughput_gets_400(database: Any) -> None:
    """A container that is created without throughput has 400 RU/s."""
    name = f"c-{uuid.uuid4().hex[:12]}"
    container = database.create_container(name, PartitionKey("/pk"))
    assert container.get_throughput().offer_throughput == 400
    database.delete_container(name)


@pytest.mark.parametrize("throughput", [300, 450, 2_000_000])
def test_impossible_throughput_is_refused(database: Any, throughput: int) -> None:
    """Throughput that is too low, too high or not in steps of 100 gets 400."""
    error = refused(lambda: database.create_container("never", PartitionKey("/pk"), offer_throughput=throughput))
    assert error.status_code == 400


def test_throughput_is_read_and_changed(new_container: Callable[..., Any]) -> None:
    """The throughput of a container can be read and changed through its offer."""
    container = new_container(throughput=400)
    assert container.get_throughput().offer_throughput == 400
    container.replace_throughput(700)
    assert container.get_throughput().offer_throughput == 700


def test_throughput_keeps_a_hundredth_of_the_most(raw: Raw, new_container: Callable[..., Any]) -> None:
    """A container that once had 100,000 RU/s cannot go below 1,000, and its offer names that minimum."""
    container = new_container(throughput=400)
    container.replace_throughput(100_000)
    container.replace_throughput(1_000)
    assert refused(lambda: container.replace_throughput(900)).status_code == 400
    offer = container.get_throughput().properties
    _, headers, _ = raw.send("GET", f"/offers/{offer['id']}", headers=raw.signed("GET", "offers", offer["id"].lower()))
    assert headers["x-ms-cosmos-min-throughput"] == "1000"


@pytest.mark.parametrize(
    ("included", "excluded"),
    [([{"path": "/a/?"}], []), ([], [{"path": "/a/*"}]), ([{"path": "/a"}], [{"path": "/*"}])],
    ids=["only a path", "only what is excluded", "a path without an end"],
)
def test_an_indexing_policy_names_the_root(database: Any, included: Any, excluded: Any) -> None:
    """A policy without `/*`, or with a path that ends with neither `/?` nor `/*`, gets 400."""
    policy = {"indexingMode": "consistent", "includedPaths": included, "excludedPaths": excluded}
    error = refused(lambda: database.create_container("never", PartitionKey("/pk"), indexing_policy=policy))
    assert error.status_code == 400


def test_an_indexing_policy_may_have_old_forms(database: Any, new_container: Callable[..., Any]) -> None:
    """The path `/` is read as `/*`, and the index kinds that old clients send are left out."""
    kinds = {"indexes": [{"kind": "Range", "dataType": "String", "precision": -1}]}
    policy = {"includedPaths": [{"path": "/", **kinds}], "excludedPaths": [{"path": '/"a/b"/*', **kinds}]}
    container = new_container(indexing_policy=policy)
    kept = container.read()["indexingPolicy"]
    assert kept["includedPaths"] == [{"path": "/*"}]
    assert kept["excludedPaths"] == [{"path": '/"a/b"/*'}, {"path": '/"_etag"/?'}]
    container.create_item({"id": "1", "pk": "a", "a/b": {"c": 1}, "n": 1})
    assert list(container.query_items("SELECT VALUE c.id FROM c ORDER BY c.n", partition_key="a")) == ["1"]
    excluded = refused(lambda: list(container.query_items('SELECT * FROM c ORDER BY c["a/b"].c', partition_key="a")))
    assert excluded.status_code == 400


@pytest.mark.parametrize(
    "policy",
    [
        {"includedPaths": [{"path": '/"a/?'}, {"path": "/*"}]},
        {"compositeIndexes": [[{"order": "ascending"}]]},
        {"compositeIndexes": ["/a"]},
        {"compositeIndexes": [[{"path": "a"}]]},
    ],
    ids=["an open quote", "no path", "no list", "no slash"],
)
def test_malformed_index_paths_are_refused(database: Any, policy: dict[str, Any]) -> None:
    """An index path that cannot be read gets 400."""
    error = refused(lambda: database.create_container("never", PartitionKey("/pk"), indexing_policy=policy))
    assert error.status_code == 400


def test_etags_guard_resources(raw: Raw, client: Any, new_container: Callable[..., Any], database: Any) -> None:
    """Changes of containers, databases and offers with an old ETag get 412 and change nothing; reads with the current
    one get 304."""
    container, other = new_container(), client.create_database(f"contract-{uuid.uuid4().hex[:12]}")
    offer = container.get_throughput().properties
    base = f"/dbs/{database.id}/colls/{container.id}"
    signed = {method: raw.signed(method, "offers", offer["id"].lower()) for method in ("GET", "PUT")}
    changes: list[tuple[str, str, Any, dict[str, str]]] = [
        ("PUT", base, {"id": container.id, "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}, {}),
        ("DELETE", base, None, {}),
        ("DELETE", f"/dbs/{other.id}", None, {}),
        ("PUT", f"/offers/{offer['id']}", offer, signed["PUT"]),
    ]
    for method, path, body, headers in changes:
        read = signed["GET"] if "offers" in path else {}
        etag = raw.send("GET", path, headers=read)[1]["etag"]
        assert raw.send(method, path, body, {**headers, "if-match": '"old"'})[0] == 412
        assert raw.send(method, path, body, {**headers, "if-none-match": etag})[0] == 412
        assert raw.send("GET", path, headers={**read, "if-none-match": etag})[0] == 304
    assert raw.send("DELETE", f"/dbs/{other.id}", headers={"if-match": other.read()["_etag"]})[0] == 204


@pytest.mark.parametrize("name", ["x" * 256, "a/b", "a?b", "a#b", "a\\b", "ends with a space ", "", None, 1])
@pytest.mark.parametrize("path", ["/dbs", "/dbs/{d}/colls"])
def test_bad_names_are_refused(raw: Raw, database: Any, path: str, name: Any) -> None:
    """A name of a database or container that is empty, longer than 255 characters, or has a separator or a space at its
    end gets 400."""
    body = {"id": name, "partitionKey": {"paths": ["/pk"], "kind": "Hash"}}
    assert raw.send("POST", path.format(d=database.id), body)[0] == 400


def test_the_error_for_a_long_name_is_the_services(raw: Raw, database: Any, container: Any) -> None:
    """The error for a long name of a database or container, or a long id of a document, says the limit in the service's
    words."""
    said = "Ensure to provide a unique non-empty string less than '{}' characters."
    body = {"id": "x" * 2000, "pk": "a", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}}
    key = {"x-ms-documentdb-partitionkey": '["a"]'}
    below = f"/dbs/{database.id}/colls"
    for path, limit in [("/dbs", 255), (below, 255), (f"{below}/{container.id}/docs", 1024)]:
        assert said.format(limit) in raw.send("POST", path, body, key)[2]["message"]


def test_lists_come_in_pages(client: Any) -> None:
    """Databases and containers are listed in pages of the requested size."""
    name = f"contract-{uuid.uuid4().hex[:12]}"
    database = client.create_database(name)
    for at in range(5):
        database.create_container(f"c{at}", PartitionKey("/pk"))
    pages = [[c["id"] for c in page] for page in database.list_containers(max_item_count=2).by_page()]
    assert pages == [["c0", "c1"], ["c2", "c3"], ["c4"]]
    client.delete_database(name)


def test_the_indexing_policy_can_be_replaced(database: Any, container: Any) -> None:
    """Replacing a container changes its indexing policy and keeps its partition key."""
    policy = {"indexingMode": "consistent", "includedPaths": [{"path": "/a/?"}], "excludedPaths": [{"path": "/*"}]}
    database.replace_container(container, PartitionKey("/pk"), indexing_policy=policy)
    assert container.read()["indexingPolicy"]["includedPaths"][0]["path"] == "/a/?"


def test_the_partition_key_cannot_be_changed(database: Any, container: Any) -> None:
    """Replacing a container with another partition key gets 400."""
    assert refused(lambda: database.replace_container(container, PartitionKey("/other"))).status_code == 400


def test_a_container_says_what_it_holds(raw: Raw, database: Any, new_container: Callable[..., Any]) -> None:
    """A container's properties come with quota, usage, and the statistics of its partitions where a client asks."""
    container = new_container(throughput=20_000)
    for at in range(10):
        container.create_item({"id": str(at), "pk": f"k{at}", "v": "x" * 1024})
    headers = {"x-ms-documentdb-populatequotainfo": "true", "x-ms-documentdb-populatepartitionstatistics": "true"}
    _, answered, body = raw.send("GET", f"/dbs/{database.id}/colls/{container.id}", headers=headers)
    usage = dict(entry.split("=") for entry in answered["x-ms-resource-usage"].split(";"))
    assert (usage["documentsCount"], usage["documentsSize"]) == ("10", "10")
    assert answered["x-ms-documentdb-collection-index-transformation-progress"] == "100"
    assert sum(part["documentCount"] for part in body["statistics"]) == 10
    assert [part["id"] for part in body["statistics"]] == ["0", "1"]
    assert "statistics" not in container.read()
    status, document, _ = raw.send(
        "GET",
        f"/dbs/{database.id}/colls/{container.id}/docs/1",
        headers={"x-ms-documentdb-partitionkey": '["k1"]'},
    )
    assert (status, document["lsn"]) == (200, document["x-ms-session-token"].rpartition("#")[2])


@pytest.mark.parametrize(("throughput", "expected"), [(400, 1), (10_000, 1), (10_100, 2), (40_000, 4)])
def test_partitions_follow_the_throughput(
    emulator: Any, new_container: Callable[..., Any], throughput: int, expected: int
) -> None:
    """A container has one physical partition for each started 10,000 RU/s."""
    assert len(list(new_container(throughput=throughput).read_feed_ranges())) == expected


def test_partitions_can_be_told(new_container: Callable[..., Any], database: Any, control: Control, raw: Raw) -> None:
    """A header at creation, or the control API before the first write, sets the number of partitions."""
    container = new_container(throughput=400)
    control.set_partitions(database.id, container.id, 5)
    assert len(list(container.read_feed_ranges())) == 5
    body = {"id": "told", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}
    raw.send("POST", f"/dbs/{database.id}/colls", body, {"x-ms-emulator-partitions": "3"})
    assert len(control.container(database.id, "told")["partitions"]) == 3


@pytest.mark.parametrize("version", [1, 2])
def test_both_hash_versions_route_as_the_client_does(
    new_container: Callable[..., Any], database: Any, control: Control, version: int
) -> None:
    """A document is found through the feed range that the client calculates from its partition key."""
    container = new_container(version=version)
    control.set_partitions(database.id, container.id, 4)
    keys: list[Any] = ["a", "b", "é", "", 0, -1.5, 1e21, True, False, None, "x" * 150]
    for at, key in enumerate(keys):
        container.create_item({"id": str(at), "pk": key})
    for at, key in enumerate(keys):
        feed_range = container.feed_range_from_partition_key(key)
        found = container.query_items("SELECT VALUE c.id FROM c", feed_range=feed_range)
        assert list(found) == [str(at)], key


def test_ranges_are_read_as_a_feed(raw: Raw, container: Any, database: Any) -> None:
    """Partition key ranges come with an ETag, and a request with that ETag gets 304."""
    path = f"/dbs/{database.id}/colls/{container.id}/pkranges"
    status, headers, body = raw.send("GET", path)
    assert (status, body["_count"]) == (200, 1)
    assert (body["PartitionKeyRanges"][0]["minInclusive"], body["PartitionKeyRanges"][0]["maxExclusive"]) == ("", "FF")
    status, again, _ = raw.send("GET", path, headers={"If-None-Match": headers["etag"], "A-IM": "Incremental Feed"})
    assert (status, again["etag"]) == (304, headers["etag"])


def test_a_split_gives_children_with_parents(raw: Raw, container: Any, database: Any, control: Control) -> None:
    """After a split, the feed of ranges has two children that name their parents."""
    path = f"/dbs/{database.id}/colls/{container.id}/pkranges"
    _, headers, _ = raw.send("GET", path)
    children = control.split(database.id, container.id, "0")
    _, _, body = raw.send("GET", path, headers={"If-None-Match": headers["etag"]})
    ranges = body["PartitionKeyRanges"]
    assert [(r["id"], r["parents"]) for r in ranges] == [(child, ["0"]) for child in children]
    assert ranges[0]["maxExclusive"] == ranges[1]["minInclusive"]


@pytest.mark.parametrize("version", [1, 2])
def test_documents_survive_splits(
    emulator: Any, new_container: Callable[..., Any], database: Any, control: Control, version: int
) -> None:
    """A client that knows nothing of a split reads and writes as before."""
    container = new_container(version=version)
    for at in range(40):
        container.create_item({"id": str(at), "pk": f"k{at}"})
    for child in control.split(database.id, container.id, "0"):
        control.split(database.id, container.id, child)
    container.upsert_item({"id": "40", "pk": "k40"})
    found = container.query_items("SELECT VALUE c.id FROM c", enable_cross_partition_query=True, max_item_count=7)
    assert sorted(found, key=int) == [str(at) for at in range(41)]
    assert container.read_item("7", "k7")["id"] == "7"
    assert len(control.container(database.id, container.id)["partitions"]) == 4


LACKING_DEFINITIONS: list[tuple[str, dict[str, Any]]] = [
    ("analytical", {"analytical_storage_ttl": -1}),
    ("vector", {"vector_embedding_policy": {"vectorEmbeddings": [{"path": "/v"}]}}),
    ("full text", {"full_text_policy": {"defaultLanguage": "en-US"}}),
    ("vector indexes", {"indexing_policy": {"vectorIndexes": [{"path": "/v", "type": "flat"}]}}),
    ("full text indexes", {"indexing_policy": {"fullTextIndexes": [{"path": "/t"}]}}),
]


@pytest.mark.parametrize(("feature", "options"), LACKING_DEFINITIONS, ids=[name for name, _ in LACKING_DEFINITIONS])
def test_containers_with_what_is_lacking_get_501(
    emulator: Any, database: Any, feature: str, options: dict[str, Any]
) -> None:
    """A container with a feature that the emulator lacks gets 501 with the name of the feature."""
    error = refused(lambda: database.create_container("never", PartitionKey("/pk"), **options))
    assert error.status_code == 501
    assert feature in str(error)


@pytest.mark.parametrize(
    ("feature", "path"),
    [
        ("stored procedures", "/dbs/{d}/colls/{c}/sprocs"),
        ("triggers", "/dbs/{d}/colls/{c}/triggers"),
        ("user defined functions", "/dbs/{d}/colls/{c}/udfs"),
        ("encryption keys", "/dbs/{d}/clientencryptionkeys"),
    ],
)
def test_resources_that_are_lacking_get_501(raw: Raw, container: Any, database: Any, feature: str, path: str) -> None:
    """A kind of resource that the emulator lacks gets 501 with its name."""
    status, _, body = raw.send("GET", path.format(d=database.id, c=container.id))
    assert (status, body["code"]) == (501, "NotImplemented")
    assert feature in body["message"]


def test_there_are_no_conflicts(raw: Raw, database: Any, container: Any) -> None:
    """The conflict feed is empty, and a conflict by its id gets 404; a query of it says which partition keys."""
    assert list(container.list_conflicts()) == []
    query = container.query_conflicts("SELECT * FROM c", enable_cross_partition_query=True)
    assert list(query) == []
    headers = {"x-ms-documentdb-isquery": "true"}
    path = f"/dbs/{database.id}/colls/{container.id}/conflicts"
    assert raw.send("POST", path, {"query": "SELECT * FROM c"}, headers)[0] == 400
    assert raw.send("GET", f"/dbs/{database.id}/colls/{container.id}/conflicts/1")[0] == 404


def test_a_replaced_definition_replaces_all_of_it(raw: Raw, database: Any, new_container: Callable[..., Any]) -> None:
    """What a replaced definition does not name is gone; the unique keys have to be the same."""
    unique = {"uniqueKeys": [{"paths": ["/a"]}]}
    container = new_container(default_ttl=60, unique_key_policy=unique)
    error = refused(lambda: database.replace_container(container, PartitionKey("/pk"), default_ttl=70))
    assert error.status_code == 400
    old = container.read()
    body = {"id": container.id, "partitionKey": old["partitionKey"], "uniqueKeyPolicy": unique}
    assert raw.send("PUT", f"/dbs/{database.id}/colls/{container.id}", body)[0] == 200
    found = container.read()
    assert (found.get("defaultTtl"), found["_rid"], found["uniqueKeyPolicy"]) == (None, old["_rid"], unique)
