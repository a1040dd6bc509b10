"""Requests for single documents."""

from collections.abc import Callable
from typing import Any

import pytest
from azure.core import MatchConditions
from azure.cosmos import PartitionKey
from azure.cosmos.documents import IndexingDirective
from azure.cosmos.exceptions import CosmosHttpResponseError
from azure.cosmos.partition_key import NonePartitionKeyValue

from local.cosmos.control import Control
from tests.contract.cosmos_emulator.clients import Raw, bulk_headers, operation
from tests.contract.cosmos_emulator.conftest import large
from tests.contract.cosmos_emulator.test_resources import refused

KEY = {"x-ms-documentdb-partitionkey": '["a"]', "content-type": "application/json"}


def sent(call: Callable[..., Any], *args: Any, **kwargs: Any) -> dict[str, str]:
    """Return the headers of the response to a call."""
    headers: dict[str, str] = {}
    call(*args, response_hook=lambda got, _: headers.update(got), **kwargs)
    return {name.lower(): value for name, value in headers.items()}


def status_of(raw: Raw, database: Any, container: Any, method: str, id_: str, body: Any, **headers: str) -> int:
    """Send a request for a document of partition key a; return the status."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs" + (f"/{id_}" if id_ else "")
    return raw.send(method, path, body, {**KEY, **{n.replace("_", "-"): v for n, v in headers.items()}})[0]


def test_a_document_is_created_read_replaced_and_deleted(container: Any) -> None:
    """A read after each write returns what was written, and after a delete it gets 404."""
    container.create_item({"id": "1", "pk": "a", "v": 1})
    assert container.read_item("1", "a")["v"] == 1
    container.replace_item("1", {"id": "1", "pk": "a", "v": 2})
    assert container.read_item("1", "a")["v"] == 2
    container.delete_item("1", "a")
    assert refused(lambda: container.read_item("1", "a")).status_code == 404


def test_each_kind_has_its_status(raw: Raw, database: Any, container: Any) -> None:
    """Each kind of operation has the service's statuses: 200, 201, 204, 404 and 409."""

    def status(method: str, id_: str, **headers: str) -> int:
        return status_of(raw, database, container, method, id_, {"id": "1", "pk": "a"}, **headers)

    assert status("POST", "") == 201
    assert status("POST", "") == 409
    assert status("POST", "", x_ms_documentdb_is_upsert="true") == 200
    assert status("GET", "1") == 200
    assert status("PUT", "1") == 200
    assert status("DELETE", "1") == 204
    assert status("DELETE", "1") == 404
    assert status("PUT", "1") == 404
    assert status("POST", "", x_ms_documentdb_is_upsert="true") == 201


def test_the_service_adds_its_properties(container: Any) -> None:
    """A document has resource id, link, ETag, attachments and time, whatever the client writes into them."""
    made = container.create_item({"id": "1", "pk": "a", "_ts": 1, "_etag": "mine"})
    assert made["_rid"] in made["_self"]
    assert made["_etag"].startswith('"')
    assert made["_attachments"] == "attachments/"
    assert made["_ts"] > 1_700_000_000
    assert container.read_item("1", "a") == made


def test_if_match_guards_a_change(container: Any) -> None:
    """A change with the current ETag succeeds once, and a change with an old ETag gets 412 and changes nothing."""
    first = container.create_item({"id": "1", "pk": "a", "v": 1})
    guard = {"etag": first["_etag"], "match_condition": MatchConditions.IfNotModified}
    container.replace_item("1", {"id": "1", "pk": "a", "v": 2}, **guard)
    assert refused(lambda: container.replace_item("1", {"id": "1", "pk": "a", "v": 3}, **guard)).status_code == 412
    assert refused(lambda: container.upsert_item({"id": "1", "pk": "a", "v": 3}, **guard)).status_code == 412
    assert refused(lambda: container.delete_item("1", "a", **guard)).status_code == 412
    patch = [{"op": "set", "path": "/v", "value": 3}]
    assert refused(lambda: container.patch_item("1", "a", patch, **guard)).status_code == 412
    assert container.read_item("1", "a")["v"] == 2


def test_if_none_match_saves_a_read(raw: Raw, database: Any, container: Any) -> None:
    """A read with the current ETag gets 304, and with another one the document."""
    made = container.create_item({"id": "1", "pk": "a"})
    assert status_of(raw, database, container, "GET", "1", None, if_none_match=made["_etag"]) == 304
    assert status_of(raw, database, container, "GET", "1", None, if_none_match='"other"') == 200


def test_every_write_has_its_own_etag(container: Any) -> None:
    """Every write changes the ETag, even if it changes nothing else."""
    body = {"id": "1", "pk": "a"}
    assert len({container.upsert_item(body)["_etag"] for _ in range(5)}) == 5


def test_session_tokens_advance(container: Any) -> None:
    """Every write returns a later session token."""
    tokens = [sent(container.upsert_item, {"id": "1", "pk": "a"})["x-ms-session-token"] for _ in range(3)]
    versions = [int(token.split("#")[1]) for token in tokens]
    assert versions == sorted(set(versions))


def test_a_session_token_ahead_gets_404(raw: Raw, database: Any, container: Any) -> None:
    """A read with a session token ahead of the partition gets 404 with substatus 1002."""
    container.create_item({"id": "1", "pk": "a"})
    path = f"/dbs/{database.id}/colls/{container.id}/docs/1"
    status, headers, _ = raw.send("GET", path, headers={**KEY, "x-ms-session-token": "0:-1#99999999"})
    assert (status, headers["x-ms-substatus"]) == (404, "1002")


def test_a_stronger_consistency_is_refused(raw: Raw, database: Any, container: Any) -> None:
    """A read at session consistency or less succeeds, and one at a stronger level gets 400."""
    container.create_item({"id": "1", "pk": "a"})
    levels = ["Session", "Eventual", "ConsistentPrefix", "BoundedStaleness", "Strong", "Whatever"]
    found = [status_of(raw, database, container, "GET", "1", None, x_ms_consistency_level=level) for level in levels]
    assert found == [200, 200, 200, 400, 400, 400]


def test_writes_can_be_answered_without_the_document(container: Any) -> None:
    """A write with no_response returns the ETag and no body."""
    headers: dict[str, str] = {}
    body = {"id": "1", "pk": "a"}
    made = container.create_item(body, no_response=True, response_hook=lambda got, _: headers.update(got))
    assert not dict(made)
    assert {name.lower() for name in headers} >= {"etag", "x-ms-request-charge"}


@pytest.mark.parametrize("key", ["a", "é ü", "", 0, -1.5, 1e21, True, False, None, NonePartitionKeyValue])
def test_every_kind_of_partition_key_works(container: Any, key: Any) -> None:
    """A partition key can be a string, number, boolean, null or missing."""
    body = {"id": "1"} if key is NonePartitionKeyValue else {"id": "1", "pk": key}
    container.create_item(body)
    assert container.read_item("1", key)["id"] == "1"


def test_the_partition_key_may_be_nested(new_container: Callable[..., Any]) -> None:
    """A partition key path can have several names."""
    container = new_container("/a/b")
    container.create_item({"id": "1", "a": {"b": "x"}})
    assert container.read_item("1", "x")["a"] == {"b": "x"}


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ('/"a b"/"c/d"', {"a b": {"c/d": "x"}}),
        ("/'it\"s'", {'it"s': "x"}),
        (r'/"say \"hi\""/b', {'say "hi"': {"b": "x"}}),
    ],
    ids=["a slash", "quotes", "escaped quotes"],
)
def test_the_partition_key_may_have_quoted_names(
    raw: Raw, database: Any, new_container: Callable[..., Any], path: str, document: dict[str, Any]
) -> None:
    """A partition key path may quote names that hold spaces, slashes and quotes."""
    container = new_container(path)
    documents, key = f"/dbs/{database.id}/colls/{container.id}/docs", {**KEY, "x-ms-documentdb-partitionkey": '["x"]'}
    assert raw.send("POST", documents, {"id": "1", **document}, key)[0] == 201
    assert container.read_item("1", "x").items() >= document.items()


def test_a_replace_under_another_id_renames(container: Any) -> None:
    """A replace whose body has another id renames the document, also in a batch, unless that id exists."""
    before = container.create_item({"id": "1", "pk": "a", "v": 1})
    container.create_item({"id": "taken", "pk": "a"})
    after = container.replace_item("1", {"id": "2", "pk": "a", "v": 2})
    assert (after["id"], after["v"], after["_rid"]) == ("2", 2, before["_rid"])
    assert refused(lambda: container.read_item("1", "a")).status_code == 404
    assert refused(lambda: container.replace_item("2", {"id": "taken", "pk": "a"})).status_code == 409
    container.execute_item_batch([("replace", ("2", {"id": "3", "pk": "a", "v": 3}))], "a")
    assert sorted(found["id"] for found in container.read_all_items()) == ["3", "taken"]


def test_every_answer_has_a_content_type(raw: Raw, database: Any, container: Any) -> None:
    """An answer without a body names JSON as its type."""
    container.create_item({"id": "1", "pk": "a"})
    path = f"/dbs/{database.id}/colls/{container.id}/docs/1"
    status, headers, _ = raw.send("DELETE", path, headers=KEY)
    assert (status, headers["content-type"]) == (204, "application/json")


def test_the_same_id_lives_once_a_partition_key(container: Any) -> None:
    """A second document with the same id is created in another partition key and refused with 409 in the same one."""
    container.create_item({"id": "1", "pk": "a"})
    container.create_item({"id": "1", "pk": "b"})
    assert refused(lambda: container.create_item({"id": "1", "pk": "a"})).status_code == 409


@pytest.mark.parametrize("id_", ["a/b", "a\\b", "a?b", "a#b", "x" * 1024, ""])
def test_bad_ids_are_refused(raw: Raw, database: Any, container: Any, id_: str) -> None:
    """An id that is empty, too long or contains a separator gets 400."""
    assert status_of(raw, database, container, "POST", "", {"id": id_, "pk": "a"}) == 400


@pytest.mark.parametrize("id_", ["with space", "ümläut", "per%cent", "quote'", "a+b", "x" * 255])
def test_unusual_ids_work(container: Any, id_: str) -> None:
    """An id can contain every character that a URL can carry escaped."""
    container.create_item({"id": id_, "pk": "a"})
    assert container.read_item(id_, "a")["id"] == id_


def test_a_missing_id_is_refused(raw: Raw, database: Any, container: Any) -> None:
    """A document without an id gets 400 with the service's message."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    status, _, body = raw.send("POST", path, {"pk": "a"}, KEY)
    assert status == 400
    assert "required properties - 'id; ' - are missing" in body["message"]


def test_another_partition_key_is_refused(raw: Raw, database: Any, container: Any) -> None:
    """A document with another key than the header's gets 400 with substatus 1001."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    status, headers, body = raw.send("POST", path, {"id": "1", "pk": "b"}, KEY)
    assert (status, headers["x-ms-substatus"]) == (400, "1001")
    assert "PartitionKey extracted from document doesn't match" in body["message"]


def test_a_missing_partition_key_is_refused(raw: Raw, database: Any, container: Any) -> None:
    """A point operation without a partition key header gets 400."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs/1"
    assert raw.send("GET", path)[0] == 400


@large
def test_documents_of_2_mb_are_the_largest(container: Any) -> None:
    """A document of 2 MB is written, and a larger one gets 413."""
    container.create_item({"id": "1", "pk": "a", "v": "x" * (2 * 1024 * 1024 - 200)})
    error = refused(lambda: container.create_item({"id": "2", "pk": "a", "v": "x" * (2 * 1024 * 1024)}))
    assert error.status_code == 413


def test_nesting_has_a_limit(emulator: Any, container: Any) -> None:
    """A document of 128 levels is written, and one of 129 gets 400."""
    value: Any = 1
    for _ in range(127):
        value = {"v": value}
    container.create_item({"id": "1", "pk": "a", "v": value})
    deeper = {"id": "2", "pk": "a", "v": {"v": value}}
    assert refused(lambda: container.create_item(deeper)).status_code == 400


def test_a_missing_container_gets_404_of_its_own(raw: Raw, database: Any) -> None:
    """A document in a missing container gets 404 with substatus 1003."""
    status, headers, _ = raw.send("GET", f"/dbs/{database.id}/colls/nowhere/docs/1", headers=KEY)
    assert (status, headers["x-ms-substatus"]) == (404, "1003")


def test_a_container_made_anew_is_noticed(raw: Raw, database: Any, container: Any, control: Control) -> None:
    """A request of any kind that names the resource id of a deleted container of the same name gets 400 with substatus
    1024, does nothing, and is counted."""
    old = container.read()["_rid"]
    database.delete_container(container.id)
    database.create_container(container.id, PartitionKey("/pk"))
    path = f"/dbs/{database.id}/colls/{container.id}"
    intended = {"x-ms-cosmos-intended-collection-rid": old}
    body = {"id": "1", "pk": "a"}
    requests: list[tuple[str, str, Any, dict[str, str]]] = [
        ("GET", "/docs/1", None, KEY),
        ("POST", "/docs", body, KEY),
        ("POST", "/docs", [operation("Upsert", "a", body)], bulk_headers("0")),
        ("POST", "/docs", {"query": "SELECT * FROM c"}, {**KEY, "x-ms-documentdb-isquery": "true"}),
        ("GET", "/docs", None, KEY),
        ("GET", "/pkranges", None, {}),
    ]
    answers = [raw.send(method, path + more, body, {**headers, **intended}) for method, more, body, headers in requests]
    assert {(status, headers["x-ms-substatus"]) for status, headers, _ in answers} == {(400, "1024")}
    assert raw.send("GET", f"{path}/docs/1", headers=KEY)[0] == 404
    counts = control.requests(database.id, container.id)
    assert {kind: count for (kind, *status), count in counts.items() if status == [400, 1024]} == {
        "document": 2, "bulk": 1, "query": 2, "pkranges": 1,
    }  # fmt: skip


def test_documents_are_addressed_by_their_link(container: Any) -> None:
    """A document itself, which names its `_self` link, serves as its address for read, replace, patch and delete."""
    document = container.create_item({"id": "an id", "pk": "a", "v": 1})
    container.create_item({"id": "other", "pk": "a", "v": 1})
    assert container.read_item(document, "a") == document
    replaced = container.replace_item(document, {**document, "v": 2})
    assert replaced["v"] == 2
    steps = [{"op": "incr", "path": "/v", "value": 1}]
    assert container.patch_item(replaced, "a", steps)["v"] == 3
    container.delete_item(document, "a")
    assert refused(lambda: container.read_item(document, "a")).status_code == 404
    assert [found["id"] for found in container.read_all_items()] == ["other"]


def test_a_deleted_container_is_named_to_clients(raw: Raw, database: Any, container: Any) -> None:
    """The answer to a delete of a container has its resource id, by which clients forget its session tokens."""
    rid = container.read()["_rid"]
    path = f"/dbs/{database.id}/colls/{container.id}"
    status, headers, _ = raw.send("DELETE", path)
    assert (status, headers["x-ms-content-path"], headers["x-ms-alt-content-path"]) == (204, rid, f"dbs/{database.id}")
    database.create_container(container.id, PartitionKey("/pk"))


def test_a_patch_says_what_is_missing(container: Any) -> None:
    """A patch of a missing path gets the service's message with the number of the operation and the missing part."""
    container.create_item({"id": "1", "pk": "a"})
    steps = [{"op": "set", "path": "/v", "value": 1}, {"op": "add", "path": "/none/x", "value": 1}]
    error = refused(lambda: container.patch_item("1", "a", steps))
    assert "For Operation(2): Add Operation can only create a child object of an existing node" in str(error)
    assert "no path found beyond: 'none'" in str(error)


PATCHES: list[tuple[str, dict[str, Any], Any]] = [
    ("add", {"op": "add", "path": "/n", "value": 1}, {"v": 1, "l": [1, 2], "n": 1}),
    ("add into an array", {"op": "add", "path": "/l/0", "value": 0}, {"v": 1, "l": [0, 1, 2]}),
    ("append", {"op": "add", "path": "/l/-", "value": 3}, {"v": 1, "l": [1, 2, 3]}),
    ("set", {"op": "set", "path": "/l/0", "value": 9}, {"v": 1, "l": [9, 2]}),
    ("replace", {"op": "replace", "path": "/v", "value": "x"}, {"v": "x", "l": [1, 2]}),
    ("remove", {"op": "remove", "path": "/l/1"}, {"v": 1, "l": [1]}),
    ("incr", {"op": "incr", "path": "/v", "value": 2.5}, {"v": 3.5, "l": [1, 2]}),
    ("move", {"op": "move", "from": "/v", "path": "/w"}, {"w": 1, "l": [1, 2]}),
    ("add over", {"op": "add", "path": "/v", "value": None}, {"v": None, "l": [1, 2]}),
    ("add at the end", {"op": "add", "path": "/l/2", "value": 3}, {"v": 1, "l": [1, 2, 3]}),
    ("set at the end", {"op": "set", "path": "/l/2", "value": 3}, {"v": 1, "l": [1, 2, 3]}),
    ("incr of nothing", {"op": "incr", "path": "/n", "value": -2}, {"v": 1, "l": [1, 2], "n": -2}),
    ("incr an element", {"op": "incr", "path": "/l/1", "value": 1}, {"v": 1, "l": [1, 3]}),
    ("move an element", {"op": "move", "from": "/l/0", "path": "/l/1"}, {"v": 1, "l": [2, 1]}),
    ("move over", {"op": "move", "from": "/l", "path": "/v"}, {"v": [1, 2]}),
    ("escapes", {"op": "set", "path": "/a~1b~0c~01", "value": 1}, {"v": 1, "l": [1, 2], "a/b~c~1": 1}),
]


@pytest.mark.parametrize(("step", "expected"), [p[1:] for p in PATCHES], ids=[p[0] for p in PATCHES])
def test_patch_does_each_operation(container: Any, step: dict[str, Any], expected: dict[str, Any]) -> None:
    """Each patch operation has its effect."""
    container.create_item({"id": "1", "pk": "a", "v": 1, "l": [1, 2]})
    patched = container.patch_item("1", "a", [step])
    assert {n: v for n, v in patched.items() if n[0] != "_" and n not in {"id", "pk"}} == expected


@pytest.mark.parametrize(
    "steps",
    [
        [{"op": "replace", "path": "/none", "value": 1}],
        [{"op": "remove", "path": "/none"}],
        [{"op": "incr", "path": "/t", "value": 1}],
        [{"op": "set", "path": "/id", "value": "2"}],
        [{"op": "set", "path": "/pk", "value": "b"}],
        [{"op": "set", "path": "/_ts", "value": 1}],
        [{"op": "set", "path": "/v", "value": 1}] * 11,
        [{"op": "add", "path": "/none/x", "value": 1}],
        [{"op": "set", "path": "/l/3", "value": 1}],
        [{"op": "add", "path": "/l/x", "value": 1}],
        [{"op": "replace", "path": "/l/2", "value": 1}],
        [{"op": "remove", "path": "/l/-"}],
        [{"op": "set", "path": "/l/" + "9" * 5000, "value": 1}],
        [{"op": "incr", "path": "/max", "value": 1.7e308}],
        [{"op": "incr", "path": "/v", "value": "1"}],
        [{"op": "move", "from": "/none", "path": "/w"}],
        [{"op": "move", "from": "/o", "path": "/o/x"}],
        [{"op": "move", "from": "/pk", "path": "/w"}],
        [{"op": "test", "path": "/v", "value": 1}],
        [{"op": "set", "path": "v", "value": 1}],
        [{"op": "set", "path": "/w"}],
    ],
    ids=[
        "no such path",
        "nothing to remove",
        "no number",
        "the id",
        "the key",
        "a system property",
        "11 operations",
        "no parent",
        "beyond the end",
        "no index",
        "no element",
        "no last element",
        "far beyond the end",
        "a sum without end",
        "by a text",
        "nothing to move",
        "into itself",
        "the key away",
        "no operation",
        "no path",
        "no value",
    ],
)
def test_bad_patches_change_nothing(container: Any, steps: list[dict[str, Any]]) -> None:
    """A patch that fails gets 400 and changes nothing."""
    body = {"id": "1", "pk": "a", "v": 1, "t": "text", "l": [1, 2], "o": {}, "max": 1.7e308}
    before = container.create_item(body)
    error = refused(lambda: container.patch_item("1", "a", [{"op": "set", "path": "/v", "value": 2}, *steps][-11:]))
    assert error.status_code == 400
    assert container.read_item("1", "a") == before


def test_a_patch_may_have_a_condition(container: Any) -> None:
    """A patch whose condition does not hold gets 412."""
    container.create_item({"id": "1", "pk": "a", "v": 1})
    step = [{"op": "incr", "path": "/v", "value": 1}]
    assert container.patch_item("1", "a", step, filter_predicate="from c where c.v = 1")["v"] == 2
    error = refused(lambda: container.patch_item("1", "a", step, filter_predicate="from c where c.v = 1"))
    assert error.status_code == 412


def test_all_documents_are_listed_in_pages(container: Any) -> None:
    """The feed of documents comes in pages of the requested size."""
    for at in range(7):
        container.create_item({"id": str(at), "pk": f"k{at}"})
    pages = [[item["id"] for item in page] for page in container.read_all_items(max_item_count=3).by_page()]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(id_ for page in pages for id_ in page) == [str(at) for at in range(7)]


def test_many_documents_are_read_at_once(container: Any) -> None:
    """read_items returns the documents that exist, however many ids it gets."""
    for at in range(5):
        container.create_item({"id": str(at), "pk": f"k{at}"})
    found = container.read_items([(str(at), f"k{at}") for at in range(1200)])
    assert [item["id"] for item in found] == [str(at) for at in range(5)]


def test_a_partition_key_can_be_emptied(emulator: Any, container: Any) -> None:
    """delete_all_items_by_partition_key deletes all documents of one key and no other."""
    for at in range(4):
        container.create_item({"id": str(at), "pk": "a" if at % 2 else "b"})
    container.delete_all_items_by_partition_key("a")
    assert sorted(item["id"] for item in container.read_all_items()) == ["0", "2"]


def test_errors_are_the_clients_own(container: Any) -> None:
    """The exception of the client carries the service's status and code."""
    with pytest.raises(CosmosHttpResponseError) as caught:
        container.read_item("none", "a")
    assert caught.value.status_code == 404
    assert "NotFound" in str(caught.value)


def test_an_item_outside_the_index_gets_501(container: Any) -> None:
    """An item that shall not be indexed is refused by name, because queries here would find it; Include is taken."""
    error = refused(lambda: container.create_item({"id": "1", "pk": "a"}, indexing_directive=IndexingDirective.Exclude))
    assert (error.status_code, "indexing directive" in str(error)) == (501, True)
    container.create_item({"id": "1", "pk": "a"}, indexing_directive=IndexingDirective.Include)
    assert container.read_item("1", "a")["id"] == "1"
