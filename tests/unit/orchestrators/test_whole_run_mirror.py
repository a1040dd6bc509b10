"""Whole runs of a mirror report, one after another, some of which fail while they store."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import read_input_file
from outlast import models
from outlast.errors import Permanent
from outlast.staging import comparing, resolved
from outlast.staging.mirrors import Mirrors
from tests.fakes.driver import Instance
from tests.fakes.records import make_record
from tests.fakes.reports import HEADER, WITH_MIRROR
from tests.fakes.world import World

CONTENTS = st.dictionaries(st.integers(0, 12), st.integers(0, 3), max_size=12)
"""Amount by the number of the id."""
NO_FAULT = ("", None)
FAULTS = st.sampled_from(
    [
        NO_FAULT,
        *((name, chunk) for name in ("store_data_to_db", "delete_gone") for chunk in range(3)),
        ("publish_report", None),
    ]
)
"""The activity of a run that fails for good, and the chunk or shard at which it does."""


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows, and shards of a few keys."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 40)
    monkeypatch.setattr(models, "SHARD", 5)


def encoded(contents: Mapping[int, int]) -> bytes:
    return HEADER + b"".join(b"s%d,x%d,%d,1\n" % (name, name % 2, amount) for name, amount in contents.items())


@dataclass
class Nightly:
    """The runs of one report. `documents` are those of others in the same container."""

    world: World = field(default_factory=lambda: World(reports=WITH_MIRROR))
    runs: int = 0

    def run(self, body: bytes, **fields: Any) -> Instance:
        """Run the report with this input."""
        self.runs += 1
        usual = {"report": "shelf", "mode": "mirror", "max_delete_percent": 100.0}
        self.world.transport.sent.clear()
        return asyncio.run(self.world.run(body, f"r{self.runs}", **{**usual, **fields}))

    def stored(self) -> dict[int, float]:
        found = self.world.transport.documents("shelf").values()
        return {int(one["id"][1:-2]): one["amount"] for one in found if one["id"] != "theirs"}

    def sent(self) -> int:
        """The operations of the last run."""
        return sum(map(len, self.world.transport.sent))

    def manifests(self) -> set[str]:
        """The runs whose manifests are kept."""
        listed = asyncio.run(self.world.staging.list("manifests/shelf"))
        return {path.split("/")[2] for path, _ in listed}


def test_the_next_run_writes_what_has_changed_alone() -> None:
    """Unchanged rows are counted and cost nothing; what is gone is deleted; the counts add up."""
    nightly = Nightly()
    first = nightly.run(encoded(dict.fromkeys(range(40), 0))).output
    assert (first["rows_stored"], first["rows_unchanged"], first["documents_deleted"]) == (40, 0, 0)
    second = nightly.run(encoded({n: n == 7 for n in range(2, 45)})).output
    assert (second["rows_read"], second["rows_stored"], second["rows_unchanged"]) == (43, 6, 37)
    assert (second["documents_written"], second["documents_deleted"]) == (6, 2)
    assert nightly.sent() == 8
    assert nightly.stored() == {n: float(n == 7) for n in range(2, 45)}
    assert nightly.manifests() == {"r2"}
    assert nightly.run(encoded({n: n == 7 for n in range(2, 45)})).output["rows_unchanged"] == 43
    assert nightly.sent() == 0


def test_a_row_is_unchanged_when_all_its_documents_are() -> None:
    """A row of which one document is written counts as stored."""
    nightly = Nightly()
    nightly.run(HEADER + b"s1,x,1,2\ns2,x,1,2\n")
    receipt = nightly.run(HEADER + b"s1,x,1,3\ns2,x,1,2\ns3,x,1,0\n").output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_unchanged"]) == (3, 2, 1)
    assert (receipt["documents_written"], nightly.sent()) == (1, 1)


def test_the_durable_status_counts_shards_by_a_number() -> None:
    """Also a mirror report of few documents tells of one shard, and not of true ones."""
    nightly = Nightly()
    nightly.run(HEADER + b"s1,x,1,1\n")
    told = [status["chunks"] for status in nightly.world.driver.instances["r1"].statuses if status.get("chunks")]
    assert (set(told), {type(chunks) for chunks in told}) == ({1}, {int})


def test_documents_of_others_stay() -> None:
    """What the report has not written is not deleted."""
    nightly = Nightly()
    theirs = {"id": "theirs", "shop": "x", "amount": 5}
    nightly.world.transport.documents("shelf")[b'"x"', "theirs"] = theirs
    nightly.run(encoded({1: 1, 2: 1}))
    nightly.run(encoded({1: 1}))
    assert nightly.world.transport.documents("shelf")[b'"x"', "theirs"] == theirs
    assert nightly.stored() == {1: 1.0}


@pytest.mark.parametrize("body", [encoded({}), encoded({1: 0})])
def test_too_many_deletions_fail_the_run_before_anything_is_written(body: bytes) -> None:
    """An input of a header alone does not empty a container, and the text names the numbers and the option."""
    nightly = Nightly()
    nightly.run(encoded(dict.fromkeys(range(10), 0)))
    failed = nightly.run(body, max_delete_percent=20.0, min_rows=0)
    gone = 10 if body == HEADER else 9
    assert failed.status == "Failed"
    assert f"{gone} of 10 documents of shelf are not in the input any more, and at most 20 %" in failed.output
    assert (nightly.sent(), len(nightly.stored())) == (0, 10)
    assert nightly.run(encoded(dict.fromkeys(range(8), 0)), max_delete_percent=20.0).status == "Completed"
    assert nightly.sent() == 2
    emptied = nightly.run(encoded({}), min_rows=0)
    assert (emptied.output["documents_deleted"], nightly.stored()) == (8, {})


def test_a_document_that_the_database_refused_is_written_again() -> None:
    """Its row is a reject, and the next run does not take it for unchanged."""
    nightly = Nightly()
    nightly.world.transport.poison = {"s3.0": 400}
    first = nightly.run(encoded(dict.fromkeys(range(6), 0)), tolerated_rejects=1).output
    assert (first["rows_rejected"], first["documents_written"]) == (1, 5)
    nightly.world.transport.poison = {}
    second = nightly.run(encoded(dict.fromkeys(range(6), 0))).output
    assert (second["rows_stored"], second["rows_unchanged"], nightly.sent()) == (1, 5, 1)


def test_a_run_that_fails_by_what_the_database_refused_deletes_nothing() -> None:
    """What is gone from the input is deleted only when everything else is stored."""
    nightly = Nightly()
    nightly.run(encoded(dict.fromkeys(range(6), 0)))
    nightly.world.transport.poison = {"s3.0": 400}
    failed = nightly.run(encoded(dict.fromkeys(range(1, 6), 1)))
    assert (failed.status, set(nightly.stored())) == ("Failed", set(range(6)))


def test_a_manifest_that_is_missing_fails_the_run_with_what_to_do() -> None:
    """Without it nobody knows what is to be deleted."""
    nightly = Nightly()
    nightly.run(encoded({1: 1}))
    asyncio.run(nightly.world.staging.delete("manifests/shelf/r1/summary.json"))
    failed = nightly.run(encoded({1: 1}))
    assert "the manifest of run r1 of the report shelf is missing" in failed.output
    assert "delete the document current:shelf under the partition key ~current" in failed.output


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(CONTENTS, FAULTS), min_size=1, max_size=6))
def test_runs_that_fail_while_storing_leave_no_trace_behind_the_next(
    nights: list[tuple[dict[int, int], tuple[str, int | None]]],
) -> None:
    """Whatever runs before it have written and deleted, a completed run leaves exactly its input, and a repeat of it
    writes nothing."""
    nightly, last = Nightly(), (nights[-1][0], NO_FAULT)
    for contents, (failing, chunk) in [*nights, last, last]:
        if failing:
            nightly.world.driver.fail(failing, Permanent("enough"), 1, chunk)
        ended = nightly.run(encoded(contents), min_rows=0)
        nightly.world.driver.failing.clear()
        if ended.status == "Completed":
            assert nightly.stored() == {name: float(amount) for name, amount in contents.items()}
            assert nightly.manifests() == {f"r{nightly.runs}"}
    assert (ended.status, nightly.sent()) == ("Completed", 0)


def test_a_run_that_only_deletes_and_fails_leaves_no_trace_behind_the_next() -> None:
    """A run that stores no row is in the header before it deletes, so the next run writes what it has deleted."""
    nightly = Nightly()
    nightly.run(encoded({0: 0}))
    nightly.world.driver.fail("publish_report", Permanent("enough"), 1, None)
    assert nightly.run(encoded({}), min_rows=0).status == "Failed"
    nightly.world.driver.failing.clear()
    assert nightly.run(encoded({0: 0})).status == "Completed"
    assert nightly.stored() == {0: 0.0}


def test_runs_with_many_keys_store_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where keys are compared as arrays, a run writes what is new or changed and deletes what is gone, also behind a
    run that failed."""
    monkeypatch.setattr(comparing, "MANY", 0)
    nightly, first = Nightly(), dict.fromkeys(range(30), 0)
    nightly.run(encoded(first))
    assert nightly.sent() == 30
    changed = {number: number % 5 for number in range(5, 35)}
    nightly.world.driver.fail("delete_gone", Permanent("enough"), 1, chunk=0)
    assert nightly.run(encoded(changed)).status == "Failed"
    assert nightly.run(encoded(changed)).status == "Completed"
    assert nightly.stored() == {number: float(amount) for number, amount in changed.items()}
    nightly.run(encoded(changed))
    assert nightly.sent() == 0


def test_a_failed_run_waits_until_nothing_writes_any_more() -> None:
    """Its undo deletes nothing, but passes the time of a call that was given up and may still write."""
    nightly = Nightly()
    nightly.run(encoded({1: 1}))
    nightly.world.driver.fail("delete_gone", Permanent("enough"), 1, chunk=0, after=False)
    before = nightly.world.clock.now()
    assert nightly.run(encoded({2: 1})).status == "Failed"
    assert (nightly.world.clock.now() - before).total_seconds() > nightly.world.timeout
    assert nightly.stored() == {1: 1.0, 2: 1.0}
    assert nightly.world.runs.records["r2"].status.pending == []


def test_a_next_attempt_decides_nothing_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a run writes is fixed before its first write, and its counts are those of an undisturbed run."""
    nightly, undisturbed = Nightly(), Nightly()
    contents = dict.fromkeys(range(30), 0)
    changed = {n: n % 5 for n in range(5, 40)}
    for each in (nightly, undisturbed):
        each.run(encoded(contents))
    kept = list[Any]()
    keep = resolved.Resolved.keep

    async def noted(self: Any, decided: Any, *tables: Any) -> None:
        kept.append((self.run, decided.stretch))
        await keep(self, decided, *tables)

    monkeypatch.setattr(resolved.Resolved, "keep", noted)
    nightly.world.driver.dying["run_wave"] = 1
    expected = undisturbed.run(encoded(changed)).output
    kept.clear()
    receipt = nightly.run(encoded(changed)).output
    assert nightly.world.runs.records["r2"].status.attempt == 2
    assert len(kept) == len(set(kept))
    times = {"seconds": 0, "seconds_by_phase": {}, "attempts": []}
    assert {**receipt, **times} == {**expected, **times}


def test_a_later_run_of_the_same_id_is_in_the_header_before_it_writes() -> None:
    """A process that has noted a failed run, which was removed since, notes the run that its key starts again."""
    world = World(reports=WITH_MIRROR)
    mirrors, report = Mirrors(world.snapshots, world.staging, world.clock.now), WITH_MIRROR["shelf"]
    removed, again = (make_record(id="r1", accepted=f"202{year}-01-01T00:00:00+00:00") for year in range(2))
    asyncio.run(mirrors.begin(removed, report))
    asyncio.run(mirrors.publish(make_record(id="r2"), report, 1))
    asyncio.run(mirrors.begin(again, report))
    header = world.snapshots.headers["shelf"]
    assert (header.current.run, [one.run for one in header.previous]) == ("r2", ["r1"])
