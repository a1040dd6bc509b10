"""The filter with which clients go on in a sorted query."""

from typing import Any

import orjson
import pytest

from tests.unit.local.cosmos.emulating import PATH, Emulated

VALUES: list[Any] = [None, True, 1, 1, 1, 2, "a", "b"]
RANGE = {"x-ms-documentdb-isquery": "true", "x-ms-documentdb-partitionkeyrangeid": "0"}


@pytest.fixture(scope="module")
def emulated() -> Emulated:
    """One document for each value, and one without, in ascending order."""
    emulated = Emulated(throughput=1_000_000, partitions=1)
    assert emulated.item("POST", "a", body={"id": "none", "pk": "a"}).status == 201
    for at, value in enumerate(VALUES):
        assert emulated.item("POST", "a", body={"id": str(at), "pk": "a", "v": value}).status == 201
    return emulated


def ask(emulated: Emulated, filter_: Any, order: str = "c.v", **headers: str) -> Any:
    body = {"query": f"SELECT VALUE c.id FROM c ORDER BY {order}", "resumeFilter": filter_}
    return emulated.ask("POST", PATH, body, {**RANGE, **{n.replace("_", "-"): v for n, v in headers.items()}})


def rows(emulated: Emulated, filter_: Any, order: str = "c.v") -> list[str]:
    response = ask(emulated, filter_, order)
    assert response.status == 200, response.body
    found: list[str] = orjson.loads(response.body)["Documents"]
    return found


def rid(emulated: Emulated, id_: str) -> str:
    found: str = orjson.loads(emulated.item("GET", "a", id_).body)["_rid"]
    return found


@pytest.mark.parametrize("at", range(len(VALUES)))
def test_a_filter_goes_on_from_a_value(emulated: Emulated, at: int) -> None:
    """The rows begin with the first of the value, or with `exclude` behind its last."""
    everything = rows(emulated, None)
    first, last = VALUES.index(VALUES[at]), len(VALUES) - 1 - VALUES[::-1].index(VALUES[at])
    if VALUES[at] is True:
        first = last = 1
    if VALUES[at] == 1 and VALUES[at] is not True:
        first, last = 2, 4
    assert rows(emulated, {"value": [VALUES[at]], "exclude": False}) == everything[first + 1 :]
    assert rows(emulated, {"value": [VALUES[at]], "exclude": True}) == everything[last + 2 :]
    backwards = rows(emulated, {"value": [VALUES[at]], "exclude": True}, "c.v DESC")
    assert sorted(backwards) == sorted(everything[: first + 1])


def test_a_filter_goes_on_from_a_document(emulated: Emulated) -> None:
    """Among rows of one value a filter with a resource id begins with that document, or behind it with `exclude`."""
    third = rid(emulated, "3")
    assert rows(emulated, {"value": [1], "rid": third, "exclude": False}) == ["3", "4", "5", "6", "7"]
    assert rows(emulated, {"value": [1], "rid": third, "exclude": True}) == ["4", "5", "6", "7"]
    assert rows(emulated, {"value": [1], "rid": third, "exclude": False}, "c.v DESC") == ["3", "4", "1", "0", "none"]


def test_an_undefined_value_is_an_empty_list(emulated: Emulated) -> None:
    """A filter after the undefined value leaves out the document without the property."""
    assert rows(emulated, {"value": [[]], "exclude": True}) == [str(at) for at in range(len(VALUES))]


def test_pages_of_a_filtered_query_go_on(emulated: Emulated) -> None:
    """The pages after the first of a filtered query have each row once."""
    filter_, found, token = {"value": [1], "exclude": False}, [], ""
    while True:
        headers = {"x_ms_continuation": token} if token else {}
        page = ask(emulated, filter_, x_ms_max_item_count="2", **headers)
        found += orjson.loads(page.body)["Documents"]
        token = page.headers.get("x-ms-continuation", "")
        if not token:
            break
    assert found == ["2", "3", "4", "5", "6", "7"]


@pytest.mark.parametrize(
    ("filter_", "status"),
    [
        (7, 400),
        ({}, 400),
        ({"value": 1}, 400),
        ({"value": []}, 400),
        ({"value": [1, 2], "exclude": True}, 400),
        ({"value": [1], "exclude": "yes"}, 400),
        ({"value": [1], "rid": "x"}, 400),
        ({"value": [1], "rid": 7}, 400),
        ({"value": [1], "more": 7}, 400),
        ({"value": [{"type": "array", "low": 1, "high": 2}]}, 501),
    ],
)
def test_broken_filters_are_refused(emulated: Emulated, filter_: Any, status: int) -> None:
    """A filter that cannot be read gets 400, and one at an array or object 501."""
    assert ask(emulated, filter_).status == status


def test_a_filter_needs_an_order(emulated: Emulated) -> None:
    """A filter for a query without ORDER BY gets 400."""
    body = {"query": "SELECT * FROM c", "resumeFilter": {"value": [1], "exclude": True}}
    assert emulated.ask("POST", PATH, body, RANGE).status == 400
