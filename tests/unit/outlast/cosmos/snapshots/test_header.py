from itertools import permutations
from typing import Any

import pytest

from outlast.cosmos.document import DocumentRefused, staged, staged_under
from outlast.cosmos.snapshots.header import (
    HEADERS,
    Generation,
    Header,
    as_generation,
    header_document,
    header_key,
    published,
    read_header,
)
from outlast.key_paths import members_of
from tests.fakes.reports import WITH_SNAPSHOT

RUNS = [Generation("b", "2026-01-01"), Generation("a", "2026-01-02"), Generation("c", "2026-01-02")]


def test_a_document_carries_its_run() -> None:
    """A document has its run in its id and as a member, and keeps its own id as another."""
    assert as_generation({"id": "x", "n": 1}, "r1") == {"id": "x:r1", "n": 1, "snapshot_run": "r1", "snapshot_id": "x"}


@pytest.mark.parametrize("name", ["snapshot_run", "snapshot_id", "snapshot_header"])
def test_a_document_with_our_names_is_refused(name: str) -> None:
    """A document with a reserved member is refused, and the error names the member."""
    with pytest.raises(DocumentRefused, match=name) as refused:
        as_generation({"id": "x", name: 1}, "r1")
    assert (refused.value.code, refused.value.field) == ("reserved", name)


@pytest.mark.parametrize("document", [None, [1], {"n": 1}, {"id": ""}, {"id": 7}])
def test_what_is_no_document_stays_none(document: Any) -> None:
    """A value that is no document keeps what is wrong with it, so that the check of documents refuses it."""
    after = as_generation(document, "r1")
    assert after == document or after["id"] == document.get("id")


@pytest.mark.parametrize("order", list(permutations(RUNS)))
def test_the_newest_run_is_current_in_whatever_order_they_publish(order: tuple[Generation, ...]) -> None:
    """The run that was accepted last is current in every order of publishing, and equal times go by id."""
    header: Header | None = None
    for run in order:
        header = published(header, "stock", run, 1, "now") or header
    assert header is not None
    assert header.current == RUNS[2]


def test_publishing_again_changes_nothing() -> None:
    """A repeated publishing changes nothing, also when another run was published since."""
    first = published(None, "stock", RUNS[0], 1, "t1")
    assert published(first, "stock", RUNS[0], 1, "t2") is None
    second = published(first, "stock", RUNS[1], 2, "t2")
    assert second is not None
    assert published(second, "stock", RUNS[0], 1, "t3") is None
    assert (second.holds("b"), second.previous[0].replaced, second.documents) == (True, "t2", 2)
    assert second.without("b").previous == ()


def test_the_header_of_a_hierarchical_key_has_its_name_at_each_level() -> None:
    """A header is stored under its own partition key at each level of a hierarchical key, and read by all of them."""
    report = type("Stock", (type(WITH_SNAPSHOT["stock"]),), {"partition_key": ("/of/tenant", "/of/user", "/day")})()
    document = header_document(report, Header("stock", RUNS[1], 5, "now"))
    assert staged_under(document, members_of(report.partition_key), 1).key == header_key(report) == [HEADERS] * 3


@pytest.mark.parametrize("key", ["/shop", "/place/shop", "/run", "/current", "/previous", "/documents/x"])
def test_a_header_is_read_as_it_was_written(key: str) -> None:
    """A stored header has the partition key at the container's path and reads back unchanged."""
    report = type("Stock", (type(WITH_SNAPSHOT["stock"]),), {"partition_key": key})()
    header = Header("stock", RUNS[1], 5, "now", (Generation("b", "2026-01-01", "now"),))
    document = header_document(report, header)
    assert read_header({"id": document["id"], **document["snapshot_header"]}) == header
    assert read_header({**document, "_etag": "7"}) == header
    assert (document["id"], document["snapshot_header"]["run"]) == ("current:stock", "a")
    assert staged(document, key[1:].split("/"), 1).partition_key == b'"~current"'
