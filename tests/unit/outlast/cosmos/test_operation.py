from datetime import date
from typing import Any

import orjson
import pytest

from outlast.cosmos.bulk.request import body_of
from outlast.cosmos.bulk.staged_document import Patch, StagedDocument, read_staged
from outlast.cosmos.document import DocumentRefused, staged
from outlast.cosmos.operation import staged_as

DOCUMENT = {"id": "a", "shop": "s", "n": 1}


def read(mode: str, document: Any, key: str = "shop") -> StagedDocument:
    """Return a document as it is staged in this mode and read again."""
    (one,) = read_staged(staged_as(mode, document, [key.split("/")], 7).encoded(), mode)
    return one


def set_by(document: Any, key: str = "shop") -> list[dict[str, Any]]:
    """Return the paths and values that the patches of a document set, one dictionary a patch."""
    patch = read("patch", document, key)
    assert isinstance(patch, Patch)
    assert all(step["op"] == "set" for _, steps in patch.patches() for step in steps)
    return [{step["path"]: step["value"] for step in steps} for _, steps in patch.patches()]


@pytest.mark.parametrize("mode", ["upsert", "create", "mirror", "snapshot"])
def test_modes_that_write_stage_the_document(mode: str) -> None:
    """In a mode that writes whole documents, the staged text is the document."""
    assert staged_as(mode, DOCUMENT, [["shop"]], 7) == staged(DOCUMENT, ["shop"], 7)


@pytest.mark.parametrize("mode", ["upsert", "create", "patch", "delete"])
def test_row_partition_key_and_id_are_the_same_in_each_mode(mode: str) -> None:
    """Whatever is to be done with a document, its staged line names its row, partition key and id."""
    one, plain = read(mode, DOCUMENT), staged(DOCUMENT, ["shop"], 7)
    assert (one.row, one.partition_key, one.effective_partition_key, one.id) == (
        7,
        plain.partition_key,
        plain.effective_partition_key,
        "a",
    )


def test_a_deletion_names_the_document_and_no_more() -> None:
    """A deletion sends id and partition key; other members are left out."""
    [operation] = orjson.loads(body_of([read("delete", {**DOCUMENT, "id": 'say "a"'})]))
    assert operation == {"operationType": "Delete", "partitionKey": '["s"]', "id": 'say "a"'}


def test_a_patch_sets_each_member_but_id_and_partition_key() -> None:
    """Every other member is set, null and nested values too, as JSON says them."""
    document = {**DOCUMENT, "none": None, "day": date(2026, 1, 2), "set": {"b", "a"}, "deep": {"id": 1, "shop": 2}}
    assert set_by(document) == [
        {"/n": 1, "/none": None, "/day": "2026-01-02", "/set": ["a", "b"], "/deep": {"id": 1, "shop": 2}}
    ]


def test_a_member_beside_a_nested_partition_key_is_set_alone() -> None:
    """Of a member that holds the partition key, the other members are set one by one, because the key cannot be."""
    document = {"id": "a", "place": {"shop": "s", "x/y": 1, "in": {"shop": 2}}, "n": 3}
    assert set_by(document, "place/shop") == [{"/place/x~1y": 1, "/place/in": {"shop": 2}, "/n": 3}]


def test_no_level_of_a_hierarchical_key_is_set() -> None:
    """Of a hierarchical key each level stays, and what stands beside them is set."""
    document = {"id": "a", "tenant": "t", "of": {"user": 1, "team": {"id": 2, "lead": 3}}, "n": 4}
    one = staged_as("patch", document, [["tenant"], ["of", "user"], ["of", "team", "id"]], 2)
    assert (one.partition_key, b"/tenant" in one.body, b"/of/user" in one.body) == (b'"t",1,2', False, False)
    assert b'{"op":"set","path":"/of/team/lead","value":3},{"op":"set","path":"/n","value":4}' in one.body


@pytest.mark.parametrize(("members", "patches"), [(1, [1]), (10, [10]), (11, [10, 1]), (1000, [10] * 100)])
def test_a_patch_sets_at_most_ten_members(members: int, patches: list[int]) -> None:
    """More than ten members are set by several patches, in their order."""
    made = set_by({"id": "a", "shop": "s", **{f"m{n}": n for n in range(members)}})
    assert [len(one) for one in made] == patches
    assert {path: value for one in made for path, value in one.items()} == {f"/m{n}": n for n in range(members)}


def test_a_document_counts_as_many_operations_as_it_has_patches() -> None:
    """A patch says how many operations of a request it takes, and each is in the request."""
    patch = read("patch", {"id": "a", "shop": "s", **{f"m{n}": n for n in range(25)}})
    operations = orjson.loads(body_of([patch, read("patch", DOCUMENT)]))
    assert (patch.operations, len(operations)) == (3, 4)
    assert [operation["id"] for operation in operations] == ["a"] * 4
    assert {operation["operationType"] for operation in operations} == {"Patch"}
    assert operations[3]["resourceBody"] == {"operations": [{"op": "set", "path": "/n", "value": 1}]}


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"id": "a", "shop": "s"}, "must have a member to set"),
        ({"id": "a", "shop": "s", **{f"m{n}": n for n in range(1001)}}, "sets 1,001 members and 1,000 are allowed"),
        ({**DOCUMENT, "_etag": "x"}, "cannot set a member of the name '_etag'"),
        ({**DOCUMENT, "": 1}, "cannot set a member of the name ''"),
    ],
)
def test_a_patch_that_the_database_would_refuse_is_refused(document: dict[str, Any], text: str) -> None:
    """A document that no patch can express is refused before it is staged."""
    with pytest.raises(DocumentRefused, match=text) as caught:
        staged_as("patch", document, [["shop"]], 2)
    assert caught.value.code == "patch"


@pytest.mark.parametrize("mode", ["create", "patch", "delete"])
def test_every_mode_checks_the_document(mode: str) -> None:
    """A document without id or partition key is refused in each mode."""
    for document in ({"shop": "s", "n": 1}, {"id": "a", "n": 1}):
        with pytest.raises(DocumentRefused):
            staged_as(mode, document, [["shop"]], 2)
