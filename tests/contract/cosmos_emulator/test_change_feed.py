"""The change feed of the newest versions."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from local.cosmos.control import Control
from tests.contract.cosmos_emulator.clients import Raw
from tests.contract.cosmos_emulator.test_resources import refused

FEED = {"a-im": "Incremental Feed"}


def write(container: Any, *ids: str, key: str = "a") -> None:
    """Write documents, one after the other."""
    for id_ in ids:
        container.upsert_item({"id": id_, "pk": key})


def changed(container: Any, **options: Any) -> list[str]:
    """Return the ids in the change feed."""
    return [item["id"] for item in container.query_items_change_feed(**options)]


def test_the_change_feed_starts_where_it_is_told(container: Any) -> None:
    """The feed from the beginning has every document, the feed from now none, and the feed from a time those written
    since that second."""
    write(container, "1", "2")
    time.sleep(1.1)
    since = datetime.now(UTC)
    write(container, "3")
    assert changed(container, start_time="Beginning") == ["1", "2", "3"]
    assert changed(container, start_time="Now") == []
    assert changed(container, start_time=since) == ["3"]


def test_the_change_feed_has_a_scope(emulator: Any, raw: Raw, database: Any, new_container: Callable[..., Any]) -> None:
    """The feed of a partition key, a range or a feed range has only their documents; a request without any of them has
    all."""
    container = new_container(throughput=20_000)
    keys = ["a", "b", "c", "d"]
    for key in keys:
        write(container, key, key=key)
    assert changed(container, start_time="Beginning", partition_key="b") == ["b"]
    ranges = list(container.read_feed_ranges())
    found = [changed(container, start_time="Beginning", feed_range=one) for one in ranges]
    assert len(ranges) == 2
    assert sorted(found[0] + found[1]) == keys
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    assert [item["id"] for item in raw.send("GET", path, headers=FEED)[2]["Documents"]] == keys
    half = {"x-ms-start-epk": "", "x-ms-end-epk": "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"}
    first = raw.send("GET", path, headers={**FEED, **half, "x-ms-documentdb-partitionkeyrangeid": "0"})[2]
    assert [item["id"] for item in first["Documents"]] == found[0]


def test_the_change_feed_goes_on_from_its_token(
    emulator: Any, raw: Raw, database: Any, new_container: Callable[..., Any]
) -> None:
    """Each page begins behind the ETag of the one before; without new documents the answer is 304 with an ETag, which
    stays good."""
    container = new_container(throughput=400)
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    write(container, "1", "2", "3")
    seen, etag = [], ""
    while True:
        start = {"if-none-match": etag} if etag else {}
        status, headers, body = raw.send("GET", path, headers={**FEED, **start, "x-ms-max-item-count": "2"})
        etag = headers["etag"]
        if status == 304:
            break
        seen.append([item["id"] for item in body["Documents"]])
    assert seen == [["1", "2"], ["3"]]
    write(container, "4")
    documents = raw.send("GET", path, headers={**FEED, "if-none-match": etag})[2]["Documents"]
    assert [(item["id"], item["_lsn"] > 0) for item in documents] == [("4", True)]


def test_the_change_feed_has_the_newest_versions(container: Any) -> None:
    """A document is in the feed once, at its last write, and no longer when it is deleted."""
    write(container, "1", "2", "3")
    write(container, "1")
    container.delete_item("2", "a")
    assert changed(container, start_time="Beginning") == ["3", "1"]


def test_the_change_feed_keeps_a_batch_together(raw: Raw, database: Any, container: Any) -> None:
    """The documents of a transactional batch have one LSN, which is the next of the partition, and come in one page
    even where it asks for fewer."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    write(container, "1", "2")
    container.execute_item_batch([("upsert", ({"id": id_, "pk": "a"},)) for id_ in ("3", "4", "2")], "a")
    write(container, "5")
    pages, etag = [], ""
    for _ in range(3):
        start = {"if-none-match": etag} if etag else {}
        _, headers, body = raw.send("GET", path, headers={**FEED, **start, "x-ms-max-item-count": "1"})
        etag = headers["etag"]
        pages.append([(item["id"], item["_lsn"]) for item in body["Documents"]])
    first = pages[0][0][1]
    assert [sorted(page) for page in pages] == [
        [("1", first)],
        [("2", first + 2), ("3", first + 2), ("4", first + 2)],
        [("5", first + 3)],
    ]


def test_the_change_feed_survives_splits(control: Control, database: Any, new_container: Callable[..., Any]) -> None:
    """A continuation from before a split goes on in both children."""
    container = new_container(throughput=400)
    keys = [f"k{at}" for at in range(8)]
    write(container, "old")
    pages = container.query_items_change_feed(start_time="Beginning").by_page()
    assert [item["id"] for item in next(pages)] == ["old"]
    token = pages.continuation_token
    control.split(database.id, container.id, "0")
    for key in keys:
        write(container, key, key=key)
    assert sorted(changed(container, continuation=token)) == keys


@pytest.mark.parametrize("start", [{"if-none-match": '"x"'}, {"if-modified-since": "yesterday"}])
def test_a_malformed_start_is_refused(raw: Raw, database: Any, container: Any, start: dict[str, str]) -> None:
    """A continuation or a time that cannot be read gets 400."""
    path = f"/dbs/{database.id}/colls/{container.id}/docs"
    assert raw.send("GET", path, headers={**FEED, **start})[0] == 400


def test_all_versions_get_501(emulator: Any, container: Any) -> None:
    """The feed of all versions and deletes gets 501 with its name."""
    error = refused(lambda: changed(container, mode="AllVersionsAndDeletes"))
    assert (error.status_code, "all versions" in str(error)) == (501, True)
