import asyncio
import gzip
import hashlib
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from activities import read_input_file
from activities.publish_report import PublishReport
from outlast.errors import Permanent
from outlast.models import Json, Totals
from outlast.runs.fence import Gate
from outlast.runs.prices import Prices
from outlast.runs.receipt import Counted, InputRead, Receipts
from outlast.staging.digest import Stretch
from outlast.staging.paths import stored_path
from tests.fakes.reports import HEADER, SOURCE, WITH_SNAPSHOT, make_csv
from tests.fakes.world import World

PAGE = Path(__file__).parents[3] / "docs" / "receipt.md"
TOLD = Totals(replaced=3, bytes=100, ru=12.345, throttled=2, sends=4).to_dict()


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 100)


def prepare(body: bytes, poison: dict[str, int] | None = None, **fields: Any) -> World:
    """Return a run that is about to be published: generated and stored."""
    world = World(**fields)
    world.transport.poison = poison or {}
    asyncio.run(world.prepare(body, "publishing"))
    return world


def publish(world: World, cursor: Json | None = None) -> Json:
    answer: Json = asyncio.run(world.call("publish_report", totals=TOLD, cursor=cursor))
    return answer


def tamper(world: World, chunk: int, **changes: int) -> None:
    """Change the staged counts of a stored chunk."""
    path = stored_path("r1", chunk)

    async def run() -> None:
        stored = orjson.loads(await world.staging.need(path))
        await world.staging.put(path, orjson.dumps({**stored, **changes}))

    asyncio.run(run())


def test_the_receipt_names_columns_that_were_ignored() -> None:
    """Columns without a name are not read, and the receipt has their numbers."""
    assert publish(prepare(b",id,shop,amount,\n0,a,s,1,\n"))["receipt"]["unnamed_columns"] == [1, 5]
    assert "unnamed_columns" not in publish(prepare(make_csv(1)))["receipt"]


def test_the_receipt_counts_what_became_of_every_row() -> None:
    """The receipt's rows read are the rows stored plus those rejected by any activity, and it counts documents
    separately."""
    world = prepare(HEADER + make_csv(50, bad=[4, 40])[len(HEADER) :] + b"x,y,1,3\n", {"s0009.0": 400, "x.1": 400})
    receipt = publish(world)["receipt"]
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (51, 47, 4)
    assert receipt["documents_written"] == 49
    assert receipt["chunks"] > 5
    assert (receipt["run"], receipt["report"], receipt["container"]) == ("r1", "sales", "sales")


def test_the_receipt_tells_the_costs_as_the_run_counted_them() -> None:
    """The receipt has the run's request units, throttling, requests, bytes and replaced documents, and the seconds
    since it was accepted."""
    world = prepare(make_csv(3))
    world.clock.advance(12.5)
    receipt = publish(world)["receipt"]
    assert (receipt["documents_created"], receipt["documents_deleted"]) == (0, 0)
    assert (receipt["request_units"], receipt["throttled"], receipt["sends"]) == (12.35, 2, 4)
    assert (receipt["documents_replaced"], receipt["bytes"], receipt["seconds"]) == (3, 100, 12.5)


def test_the_receipt_hashes_the_input_the_documents_and_the_report() -> None:
    """The hashes are those of the bytes that were sent, of those that were read, and of the report's own file."""
    body, world = make_csv(50), prepare(make_csv(50))
    receipt = publish(world)["receipt"]
    assert receipt["input_sha256"] == receipt["input_read_sha256"] == hashlib.sha256(body).hexdigest()
    assert re.fullmatch("[0-9a-f]{64}", receipt["documents_sha256"])
    assert receipt["report_sha256"] == [SOURCE]


def test_the_receipt_hashes_a_gzipped_input_as_sent_and_as_read() -> None:
    """Of a gzipped reference one hash is of the file and the other of what it inflates to."""
    body, world = make_csv(50), World()
    sent = gzip.compress(body)
    asyncio.run(world.inputs.put("a.csv.gz", sent))
    asyncio.run(world.prepare(b"", "publishing", gzipped=True, reference="a.csv.gz"))
    receipt = publish(world)["receipt"]
    assert receipt["input_sha256"] == hashlib.sha256(sent).hexdigest()
    assert receipt["input_read_sha256"] == hashlib.sha256(body).hexdigest()


def test_an_input_that_several_calls_read_has_a_hash_of_each_stretch() -> None:
    """The receipt then has the stretches as they were listed, and no hash of the whole."""
    given = InputRead(["a"], 1, None, [Stretch(4, "a"), Stretch(5, "b")])
    record = prepare(make_csv(1)).runs.records["r1"]
    receipt = Receipts(lambda: datetime.now(UTC)).make(record, "sales", given, Counted(), Totals())
    assert receipt["input_read"] == [{"bytes": 4, "sha256": "a"}, {"bytes": 5, "sha256": "b"}]
    assert (receipt["input_sha256"], receipt["input_read_sha256"]) == (None, None)


def test_the_hash_of_the_documents_depends_on_each_of_them() -> None:
    """Inputs that differ in one document have different hashes, and equal inputs have equal ones."""
    one, same, other = (publish(prepare(make_csv(50, shops=n)))["receipt"]["documents_sha256"] for n in (3, 3, 2))
    assert one == same != other


def test_the_receipt_says_which_programs_did_it_and_what_it_cost() -> None:
    """The receipt has the versions, the cost at the deployer's price, each attempt, and the seconds of each phase."""
    world = World()
    receipts = Receipts(world.clock.now, Prices(250.0, "EUR"), {"python": "3.11.7"})
    asyncio.run(world.prepare(make_csv(3), "publishing"))
    gate = Gate(world.runs, world.deadlines)
    step = PublishReport(world.reports, gate, world.files, world.snapshots, receipts).publish_report
    receipt = asyncio.run(step({"run": "r1", "attempt": 1, "totals": {**TOLD, "ru": 2_000_000.0}}))["receipt"]
    assert receipt["cost"] == {"amount": 500.0, "currency": "EUR", "per_million_ru": 250.0}
    assert receipt["versions"] == {"python": "3.11.7"}
    assert [(one["attempt"], one["by"]) for one in receipt["attempts"]] == [(1, "accepted")]


def test_the_receipt_counts_rows_that_were_replaced_by_later_ones() -> None:
    """A row that makes the same document as a later one is a reject, and is also counted as a duplicate."""
    receipt = publish(prepare(HEADER + b"a,s,1,1\na,s,2,1\nb,s,1,1\n"))["receipt"]
    assert (receipt["rows_rejected"], receipt["rows_duplicate"], receipt["rows_unchanged"]) == (1, 1, 0)


def test_the_page_explains_every_member_of_the_receipt() -> None:
    """docs/receipt.md has a row for each member that a receipt can have, and no other."""
    several = InputRead(["a", ""], 1, None, [(1, "x"), (2, "y")])
    record = prepare(make_csv(1)).runs.records["r1"]
    receipt = Receipts(lambda: datetime.now(UTC)).make(
        record, "sales", several, Counted(verified={"level": "counts"}), Totals()
    )
    named = re.findall(r"^\| `(\w+)` \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(named) == sorted([*receipt, "reading", "files", "superseded_by"])


def test_the_receipt_is_in_the_record() -> None:
    """The record keeps the receipt that the activity returns."""
    world = prepare(make_csv(3))
    assert world.runs.records["r1"].result.receipt is None
    assert publish(world)["receipt"] == world.runs.records["r1"].result.receipt


def test_a_repeat_answers_the_first_receipt() -> None:
    """A repeat returns the first receipt, however late it is."""
    world = prepare(make_csv(3))
    first = publish(world)
    world.clock.advance(100)
    assert publish(world) == first
    assert world.runs.records["r1"].result.receipt == first["receipt"]


def test_a_run_of_no_rows_has_a_receipt() -> None:
    """The receipt of a run without rows has zero counts."""
    receipt = publish(prepare(HEADER))["receipt"]
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["documents_written"], receipt["chunks"]) == (0,) * 4


def test_at_the_deadline_it_hands_over_a_cursor_and_goes_on_from_there() -> None:
    """Chunks that are counted in several calls give the same receipt as in one call."""
    body = make_csv(200, bad=[7])
    whole = publish(prepare(body))["receipt"]
    world = prepare(body)
    world.clock.tick = 20.0
    answers = [publish(world)]
    while answers[-1]["cursor"] is not None:
        assert answers[-1]["receipt"] is None
        answers.append(publish(world, answers[-1]["cursor"]))
    assert len(answers) > 3
    timeless = {"seconds": 0, "seconds_by_phase": {}}
    assert {**answers[-1]["receipt"], **timeless} == {**whole, **timeless}


@pytest.mark.parametrize("changes", [{"documents": 0}, {"documents": 99}, {"refused": 1}])
def test_counts_that_do_not_add_up_are_not_published(changes: dict[str, int]) -> None:
    """A chunk whose counts do not add up raises Permanent with its counts, and the run gets no receipt."""
    world = prepare(make_csv(50))
    tamper(world, 2, **changes)
    with pytest.raises(Permanent, match=r"chunk 2 of run r1: \d+ documents were generated, .* that does not add up"):
        publish(world)
    assert world.runs.records["r1"].result.receipt is None


def test_a_chunk_that_was_not_stored_is_not_published() -> None:
    """Publishing fails when the mark of a stored chunk is missing."""
    world = World()
    asyncio.run(world.prepare(make_csv(50), "storing"))
    world.runs.set("r1", state="publishing")
    with pytest.raises(Permanent, match=r"stored/000000\.json is missing"):
        publish(world)


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"state": "completed"}, {"attempt": 2}])
def test_a_run_that_has_moved_on_is_not_published(changes: dict[str, Any]) -> None:
    """A call of an earlier state or attempt raises Permanent and records no receipt."""
    world = prepare(make_csv(3))
    world.runs.set("r1", **changes)
    with pytest.raises(Permanent, match="belongs to publishing in attempt 1"):
        publish(world)
    assert world.runs.records["r1"].result.receipt is None


def test_a_run_that_moves_on_meanwhile_is_not_made_current() -> None:
    """A run that is fenced while its receipt is written does not become current."""
    world = World(reports=WITH_SNAPSHOT)
    asyncio.run(world.prepare(make_csv(30), "publishing", report="stock", mode="snapshot"))

    def fence() -> None:
        world.runs.before_write = lambda: None
        world.runs.set("r1", state="failing", outcome="cancelled")

    world.runs.before_write = fence
    with pytest.raises(Permanent, match="is failing in attempt 1"):
        publish(world)
    assert world.snapshots.headers == {}
