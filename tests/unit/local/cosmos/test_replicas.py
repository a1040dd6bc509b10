"""Reads that a fault rule lets lag."""

from typing import Any

import orjson
import pytest

from tests.unit.local.cosmos.emulating import PATH, Emulated

QUERY = "SELECT VALUE c.v FROM c"
ORDERED = "SELECT VALUE c.v FROM c ORDER BY c.v"


def lagging(seconds: float = 3, **rule: Any) -> Emulated:
    """An emulator whose reads lag, with the documents 1 and 2 from before the lag."""
    emulated = Emulated(throughput=100_000, partitions=1)
    emulated.emulator.faults.add({"lag_seconds": seconds, **rule})
    for id_ in ("1", "2"):
        write(emulated, id_, 10)
    emulated.now += seconds
    return emulated


def write(emulated: Emulated, id_: str, value: int, **headers: str) -> str:
    """Upserts a document and returns the session token of the write."""
    body = {"id": id_, "pk": "a", "v": value}
    response = emulated.item("POST", "a", body=body, x_ms_documentdb_is_upsert="true", **headers)
    assert response.status in {200, 201}, response.body
    return response.headers["x-ms-session-token"]


def value(emulated: Emulated, id_: str, **headers: str) -> int | None:
    """Reads the value of a document; None where it is missing."""
    response = emulated.item("GET", "a", id_, **headers)
    if response.status == 404:
        return None
    found: int = orjson.loads(response.body)["v"]
    return found


def values(emulated: Emulated, text: str, key: Any, **headers: str) -> list[int]:
    """The rows of a query that fits in one page."""
    found: list[int] = orjson.loads(emulated.query(text, key, **headers).body)["Documents"]
    return found


def test_a_read_lags_for_the_time_of_its_rule() -> None:
    """A point read shows the document from before a write until the seconds of the rule are over."""
    emulated = lagging(3)
    write(emulated, "1", 11)
    emulated.now += 2.9
    assert value(emulated, "1") == 10
    emulated.now += 0.1
    assert value(emulated, "1") == 11


def test_a_document_made_within_the_lag_is_missing() -> None:
    """A point read of a document that is younger than the lag gets 404, and one that was deleted meanwhile is found."""
    emulated = lagging()
    write(emulated, "3", 1)
    assert emulated.item("DELETE", "a", "2").status == 204
    assert (value(emulated, "3"), value(emulated, "2")) == (None, 10)
    emulated.now += 3
    assert (value(emulated, "3"), value(emulated, "2")) == (1, None)


def test_a_session_token_shows_its_write() -> None:
    """A read with the session token of a write sees it, and not the writes after it."""
    emulated = lagging()
    before = write(emulated, "1", 11)
    after = write(emulated, "1", 12)
    assert [value(emulated, "1", x_ms_session_token=token) for token in (before, after)] == [11, 12]
    assert values(emulated, QUERY, "a", x_ms_session_token=before) == [11, 10]
    assert values(emulated, QUERY, None, x_ms_session_token=after) == [12, 10]


def test_a_lagging_read_gives_the_token_of_what_it_saw() -> None:
    """The session token of a lagging answer is older than the write, so that it does not end the lag."""
    emulated = lagging()
    write(emulated, "1", 11)
    for response in (emulated.item("GET", "a", "1"), emulated.query(QUERY), emulated.query(QUERY, None)):
        assert value(emulated, "1", x_ms_session_token=response.headers["x-ms-session-token"]) == 10


@pytest.mark.parametrize("text", [QUERY, ORDERED, "SELECT DISTINCT VALUE c.v FROM c"])
@pytest.mark.parametrize("key", ["a", None])
def test_queries_lag(text: str, key: str | None) -> None:
    """A query shows changed, new and deleted documents as they were before."""
    emulated = lagging()
    write(emulated, "1", 11)
    write(emulated, "3", 30)
    emulated.item("DELETE", "a", "2")
    head = {} if key else {"x_ms_documentdb_partitionkeyrangeid": "0"}
    stale = [10] if "DISTINCT" in text else [10, 10]
    assert values(emulated, text, key, **head) == stale
    emulated.now += 3
    assert values(emulated, text, key, **head) == [11, 30]


def test_an_aggregate_lags() -> None:
    """COUNT does not count what is younger than the lag."""
    emulated = lagging()
    write(emulated, "3", 30)
    assert values(emulated, "SELECT VALUE COUNT(1) FROM c", "a") == [2]


def test_pages_of_a_lagging_query_go_on() -> None:
    """The pages of a lagging query have each document once."""
    emulated = lagging()
    for at in range(3, 8):
        write(emulated, str(at), at)
    emulated.now += 3
    for at in range(1, 8):
        write(emulated, str(at), 100)
    found: list[int] = []
    token = ""
    while True:
        more = {"x_ms_continuation": token} if token else {}
        page = emulated.query(QUERY, "a", x_ms_max_item_count="2", **more)
        found += orjson.loads(page.body)["Documents"]
        token = page.headers.get("x-ms-continuation", "")
        if not token:
            break
    assert found == [10, 10, 3, 4, 5, 6, 7]


def test_writes_meet_the_newest_state() -> None:
    """If-Match is compared with the newest ETag, and a create of a document that reads do not show yet gets 409."""
    emulated = lagging()
    stale = emulated.item("GET", "a", "1").headers["etag"]
    write(emulated, "1", 11)
    assert emulated.item("GET", "a", "1").headers["etag"] == stale
    replaced = emulated.item("PUT", "a", "1", {"id": "1", "pk": "a", "v": 12}, if_match=stale)
    assert replaced.status == 412
    write(emulated, "3", 1)
    assert emulated.item("POST", "a", body={"id": "3", "pk": "a", "v": 2}).status == 409
    assert emulated.item("DELETE", "a", "3").status == 204


def test_batches_read_the_newest_state() -> None:
    """A read in a transactional batch or a bulk request does not lag."""
    emulated = lagging()
    write(emulated, "1", 11)
    read = {"operationType": "Read", "id": "1", "partitionKey": '["a"]'}
    for response in (emulated.batch("a", [read]), emulated.bulk([read])):
        assert orjson.loads(response.body)[0]["resourceBody"]["v"] == 11


def test_a_lag_holds_through_a_split() -> None:
    """The children of a split lag, and the parent's session token ends the lag on both."""
    emulated = Emulated(throughput=100_000)
    emulated.emulator.faults.add({"lag_seconds": 3})
    keys = [str(at) for at in range(16)]
    for key in keys:
        emulated.item("POST", key, body={"id": "1", "pk": key})
    token = emulated.item("POST", "last", body={"id": "1", "pk": "last"}).headers["x-ms-session-token"]
    emulated.emulator.split(emulated.container, emulated.container.partitions[0].id)
    assert [emulated.item("GET", key, "1").status for key in keys] == [404] * 16
    assert [emulated.item("GET", key, "1", x_ms_session_token=token).status for key in keys] == [200] * 16


def test_a_rule_lags_some_reads_by_its_seed() -> None:
    """A rule with a probability lets the same reads lag for the same seed."""

    def play(seed: int) -> list[int | None]:
        emulated = lagging(probability=0.5, seed=seed)
        write(emulated, "1", 11)
        return [value(emulated, "1") for _ in range(20)]

    assert play(1) == play(1)
    assert set(play(1)) == {10, 11}


def test_other_operations_do_not_match_a_rule_with_a_lag() -> None:
    """A rule with a lag and without a kind leaves writes and the container's properties alone."""
    emulated = lagging()
    write(emulated, "1", 11)
    assert emulated.ask("GET", PATH.removesuffix("/docs")).status == 200
    assert emulated.emulator.faults.rules[0].matched == 0


def test_the_history_ends_with_the_lag() -> None:
    """Writes older than the longest lag are not kept."""
    emulated = lagging(3)
    for _ in range(50):
        write(emulated, "1", 11)
        emulated.now += 1
    assert len(list(emulated.container.history.since(0, 0))) <= 4
