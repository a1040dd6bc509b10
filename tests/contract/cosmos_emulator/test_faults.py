"""Faults that a test orders."""

import threading
import time
from typing import Any

import pytest
from azure.cosmos.exceptions import CosmosBatchOperationError

from local.cosmos import EMULATOR_KEY
from local.cosmos.control import Control, ControlError
from local.cosmos.process import CosmosProcess
from tests.contract.cosmos_emulator.clients import Raw, bulk_headers, operation
from tests.contract.cosmos_emulator.test_resources import refused

KEY = {"x-ms-documentdb-partitionkey": '["a"]'}


@pytest.fixture
def path(database: Any, container: Any) -> str:
    """The path of the container's documents."""
    return f"/dbs/{database.id}/colls/{container.id}/docs"


def read(raw: Raw, path: str, id_: str = "1") -> int:
    """Reads a document, and returns the status."""
    return raw.send("GET", f"{path}/{id_}", headers=KEY)[0]


def write(raw: Raw, path: str, id_: str = "1") -> int:
    """Creates a document, and returns the status."""
    return raw.send("POST", path, {"id": id_, "pk": "a"}, KEY)[0]


@pytest.mark.parametrize(("when", "there"), [("before", 404), ("after", 200)])
def test_a_write_fails_before_or_after_it_is_applied(
    raw: Raw, path: str, control: Control, when: str, there: int
) -> None:
    """A rule decides the status of a write and whether the write is applied."""
    control.add_fault(kind="create", status=503, substatus=21, retry_after_ms=7, when=when)
    status, headers, _ = raw.send("POST", path, {"id": "1", "pk": "a"}, KEY)
    assert (status, headers["x-ms-substatus"], headers["x-ms-retry-after-ms"]) == (503, "21", "7")
    assert read(raw, path) == there


@pytest.mark.parametrize(("when", "there"), [("before", 404), ("after", 200)])
def test_a_connection_is_cut_before_or_after(raw: Raw, path: str, control: Control, when: str, there: int) -> None:
    """A reset closes the connection instead of answering, before or after the write."""
    control.add_fault(kind="create", reset=True, when=when)
    with pytest.raises(OSError):  # noqa: PT011 - the system decides between reset, broken pipe and a closed connection
        write(raw, path)
    assert read(raw, path) == there


def test_rules_choose_what_fails(raw: Raw, path: str, control: Control, database: Any, container: Any) -> None:
    """A rule fails only what matches its kind, container, range, nth and times."""
    control.add_fault(
        kind="create", container=container.id, database=database.id, range="0", nth=2, times=1, status=503
    )
    assert [write(raw, path, str(at)) for at in range(4)] == [201, 503, 201, 201]
    control.remove_faults()
    control.add_fault(kind="read", container="another", status=503)
    control.add_fault(kind="delete", status=503)
    assert read(raw, path, "0") == 200


def test_a_range_is_known_by_its_partition_key(raw: Raw, path: str, control: Control, container: Any) -> None:
    """A rule on a range also matches batches and queries that name a partition key of it."""
    container.create_item({"id": "1", "pk": "a"})
    control.add_fault(range="7", status=503)
    assert list(container.query_items("SELECT VALUE 1 FROM c", partition_key="a")) == [1]
    control.add_fault(kind="query", range="0", status=400)
    assert refused(lambda: list(container.query_items("SELECT * FROM c", partition_key="a"))).status_code == 400
    control.add_fault(kind="batch", range="0", status=400)
    assert refused(lambda: container.execute_item_batch([("read", ("1",))], "a")).status_code == 400


def test_the_same_seed_gives_the_same_faults(raw: Raw, path: str, control: Control) -> None:
    """Rules of the same probability and seed fail the same operations."""

    def play(seed: int) -> list[int]:
        control.remove_faults()
        control.add_fault(kind="read", probability=0.5, seed=seed, status=503)
        return [read(raw, path) for _ in range(20)]

    assert play(1) == play(1)
    assert play(1) != play(2)
    assert set(play(3)) == {404, 503}


def test_faults_reach_into_bulk(raw: Raw, path: str, control: Control) -> None:
    """A rule on a kind of operation fails such operations of a bulk request, and one on bulk fails the whole
    request."""
    control.add_fault(kind="upsert", nth=2, times=1, status=408)
    body = [operation("Upsert", "a", {"id": str(at), "pk": "a"}) for at in range(3)]
    status, _, results = raw.send("POST", path, body, bulk_headers("0"))
    assert (status, [r["statusCode"] for r in results]) == (207, [201, 408, 201])
    control.add_fault(kind="bulk", status=410, substatus=1002)
    status, headers, _ = raw.send("POST", path, body, bulk_headers("0"))
    assert (status, headers["x-ms-substatus"]) == (410, "1002")


def test_a_fault_in_a_batch_undoes_the_batch(container: Any, control: Control) -> None:
    """A fault on one operation undoes the whole batch."""
    control.add_fault(kind="upsert", nth=2, status=449)
    operations = [("upsert", ({"id": str(at), "pk": "a"},)) for at in range(3)]
    with pytest.raises(CosmosBatchOperationError) as caught:
        container.execute_item_batch(operations, "a")
    assert [r["statusCode"] for r in caught.value.operation_responses] == [424, 449, 424]
    assert list(container.read_all_items()) == []


def test_latency_holds_an_answer_back(raw: Raw, path: str, control: Control) -> None:
    """A rule with a latency delays the answer and does not fail it."""
    control.add_fault(kind="create", latency_ms=80)
    begun = time.monotonic()
    assert write(raw, path) == 201
    assert time.monotonic() - begun >= 0.08


def test_queries_and_ranges_can_fail(container: Any, raw: Raw, path: str, control: Control) -> None:
    """A rule fails queries, and another fails the reading of partition key ranges."""
    control.add_fault(kind="query", status=400)
    assert refused(lambda: list(container.read_all_items())).status_code == 400
    control.add_fault(kind="pkranges", status=503)
    assert raw.send("GET", path.removesuffix("docs") + "pkranges")[0] == 503


def test_reads_can_lag_behind_writes(raw: Raw, path: str, control: Control) -> None:
    """A rule makes reads and queries of a client miss the writes of others, and not a read with the write's session
    token."""
    control.add_fault(lag_seconds=600)
    _, written, document = raw.send("POST", path, {"id": "1", "pk": "a"}, KEY)
    assert read(raw, path) == 404
    assert raw.send("GET", path, headers=KEY)[2]["Documents"] == []
    token = {"x-ms-session-token": written["x-ms-session-token"]}
    assert raw.send("GET", f"{path}/1", headers=KEY | token)[2] == document
    assert raw.send("GET", path, headers=KEY | token)[2]["Documents"] == [document]
    guard = {"If-Match": document["_etag"]}
    assert raw.send("PUT", f"{path}/1", {"id": "1", "pk": "a", "v": 1}, KEY | guard)[0] == 200


def test_what_fired_is_counted_and_listed(raw: Raw, path: str, control: Control, container: Any) -> None:
    """Each rule counts its matches and faults, and the list of faults names the target of each."""
    rule = control.add_fault(kind="create", nth=2, status=503)
    before = len(control.fired())
    for at in range(3):
        write(raw, path, str(at))
    found = next(r for r in control.rules() if r["id"] == rule)
    assert (found["matched"], found["fired"]) == (3, 2)
    fired = control.fired()[before:]
    assert [(f["rule"], f["kind"], f["container"], f["status"]) for f in fired] == [
        (rule, "create", container.id, 503)
    ] * 2


def test_operations_are_counted(raw: Raw, path: str, control: Control, database: Any, container: Any) -> None:
    """The state counts every operation by range, kind and status, and the request units of each second."""
    write(raw, path)
    write(raw, path)
    state = control.container(database.id, container.id)
    counts = {(c["range"], c["kind"], c["status"]): c["count"] for c in state["counts"]}
    assert counts == {("0", "create", 201): 1, ("0", "create", 409): 1}
    assert sum(ru for _, ru in state["partitions"][0]["served"]) == pytest.approx(5.35 + 1)


def test_requests_are_counted(raw: Raw, path: str, control: Control, database: Any, container: Any) -> None:
    """Every request for a container is counted by kind, status and substatus, a batch once and a refused one too."""
    write(raw, path)
    write(raw, path)
    raw.send("POST", path, [operation("Upsert", "a", {"id": str(at), "pk": "a"}) for at in range(3)], bulk_headers("0"))
    raw.send("POST", path, [], bulk_headers("77"))
    counts = control.requests(database.id, container.id)
    wanted = {("document", 201, 0): 1, ("document", 409, 0): 1, ("bulk", 200, 0): 1, ("bulk", 410, 1002): 1}
    assert wanted.items() <= counts.items()


def test_a_split_can_wait_for_operations(raw: Raw, path: str, control: Control, database: Any, container: Any) -> None:
    """A split that is ordered for after two operations happens after the second one."""
    assert control.split(database.id, container.id, "0", after=2) == []
    write(raw, path, "0")
    assert len(control.container(database.id, container.id)["partitions"]) == 1
    write(raw, path, "1")
    assert len(control.container(database.id, container.id)["partitions"]) == 2


def test_splits_of_the_same_range_may_be_due_together(
    raw: Raw, path: str, control: Control, database: Any, container: Any
) -> None:
    """A pending split of a range that is already split is dropped, and the write succeeds."""
    for _ in range(2):
        control.split(database.id, container.id, "0", after=1)
    assert write(raw, path) == 201
    assert read(raw, path) == 200
    assert len(control.container(database.id, container.id)["partitions"]) == 2


def test_pause_holds_requests_until_resume(raw: Raw, path: str, control: Control) -> None:
    """A request that is sent during a pause is answered after the pause."""
    control.pause()
    answers: list[int] = []
    thread = threading.Thread(target=lambda: answers.append(write(raw, path)))
    thread.start()
    thread.join(0.05)
    assert answers == []
    control.resume()
    thread.join(10)
    assert answers == [201]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"status": 200},
        {"status": 503, "kind": "nothing"},
        {"status": 503, "when": "never"},
        {"sttus": 503},
        {"status": 503, "nth": "second"},
        {"status": 503, "probability": 2},
        {"lag_seconds": 3, "kind": "upsert"},
        {"lag_seconds": -1},
    ],
    ids=[
        "nothing to do",
        "no failure",
        "no kind",
        "no time",
        "no field",
        "no number",
        "no probability",
        "no read",
        "no time back",
    ],
)
def test_bad_rules_are_refused(control: Control, rule: dict[str, Any]) -> None:
    """An impossible rule is refused with a message that names what is allowed."""
    with pytest.raises(ControlError, match="fault rule"):
        control.add_fault(**rule)


def test_the_control_api_needs_the_key_in_a_network() -> None:
    """An emulator that other machines can reach answers its control API only with the account key."""
    key = "b3RoZXIga2V5IG9mIHRoZSBlbXVsYXRvcg=="
    with CosmosProcess(options=("--bind", "0.0.0.0", "--key", key)) as process:
        for wrong in ("", "é", "b3RoZXI=", EMULATOR_KEY):
            status, _, body = Raw(process.url, key).send("GET", "/_control/state", headers={"x-emulator-key": wrong})
            assert (status, "x-emulator-key" in body["message"]) == (401, True)
        assert Control(process.url, key).state() == []
        with pytest.raises(ControlError, match="account key"):
            Control(process.url).pause()


@pytest.mark.parametrize("headers", [{"Origin": "http://example.org"}, {"Host": "example.org"}])
def test_pages_in_a_browser_are_kept_out(raw: Raw, headers: dict[str, str]) -> None:
    """The control API refuses requests of a page from another site or under a rebound name."""
    status, _, body = raw.send("POST", "/_control/pause", {}, headers)
    assert (status, body["code"]) == (403, "Forbidden")
