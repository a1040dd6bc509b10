"""What a verification compares in reports of each write mode and kind."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from activities import read_input_file
from outlast.models import Json
from tests.fakes.grouped_reports import Totals
from tests.fakes.reports import ALL_REPORTS, make_csv
from tests.fakes.world import World

ROWS = 60
Harm = Callable[[dict[Any, dict[str, Any]]], None]


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def make(report: str) -> World:
    world = World(reports={**ALL_REPORTS, "totals": Totals()})
    world.transport.partition_key = world.reports[report].partition_key
    return world


def there(world: World, report: str) -> None:
    """Store the documents of all rows beforehand, each with a member that no row has."""
    for number in range(ROWS):
        key = (b'"shop%d"' % (number % 3), f"s{number:04}.0")
        document = {"id": key[1], "shop": f"shop{number % 3}", "amount": 0.0, "other": 1}
        world.transport.documents(report)[key] = document
        world.transport.times[key] = 0.0


def receipt_of(world: World, report: str, harm: Harm | None = None, body: bytes = b"", run: str = "r1") -> Json:
    """Run the report and verify it. `harm` is done to its container before anything is read back."""
    verify, kind = world.steps["verify_report"], world.reports[report]

    async def after_harm(given: Json) -> Any:
        nonlocal harm
        if harm is not None:
            harm(world.transport.documents(kind.container))
            harm = None
        return await verify(given)

    world.steps["verify_report"] = after_harm
    fields: dict[str, Any] = {"mode": kind.mode, "grouped": kind.grouped, "verify": "content"}
    receipt: Json = asyncio.run(
        world.run(body or make_csv(ROWS), run, report=report, tolerated_rejects=ROWS, **fields)
    ).output
    return receipt


def differences(receipt: Json) -> list[tuple[str, str, str]]:
    return [(one["id"], one["what"], one["where"]) for one in receipt["verified"]["differences"]]


def set_member(name: str, member: str, value: Any) -> Harm:
    def harm(documents: dict[Any, dict[str, Any]]) -> None:
        for key, document in documents.items():
            if key[1] == name:
                document[member] = value

    return harm


@pytest.mark.parametrize("report", ["sales", "stock", "new_sales", "visits", "shelf", "totals"])
def test_what_was_written_is_equal_at_a_quarter_of_the_cost(report: str) -> None:
    """Every document that the run has written is found by id and partition key, whatever the report is."""
    receipt = receipt_of(make(report), report)
    verified = receipt["verified"]
    assert verified["equal"] == verified["documents"] == receipt["documents_written"] > 0
    assert verified["request_units"] <= receipt["request_units"] / 4


def test_a_patch_is_compared_by_what_it_sets() -> None:
    """Members that a patch does not set may be anything; one that it sets and somebody changed is named."""
    world = make("prices")
    there(world, "prices")
    receipt = receipt_of(world, "prices", set_member("s0007.0", "other", 2))
    assert (receipt["verified"]["equal"], receipt["documents_created"]) == (ROWS, 0)
    again = receipt_of(world, "prices", set_member("s0007.0", "m3", 2), run="r2")
    assert differences(again) == [("s0007.0", "different", "/m3")]


def test_a_deletion_is_verified_by_what_is_gone() -> None:
    """Deleted documents, and those that were not there, are equal; one that somebody has put back is named."""
    world = make("returns")
    there(world, "returns")
    body = make_csv(ROWS + 1)

    def put_back(documents: dict[Any, dict[str, Any]]) -> None:
        documents[b'"shop1"', "s0007.0"] = {"id": "s0007.0", "shop": "shop1"}
        world.transport.times[b'"shop1"', "s0007.0"] = 0.0

    receipt = receipt_of(world, "returns", put_back, body)
    assert (receipt["documents_deleted"], receipt["rows_unchanged"], receipt["verified"]["equal"]) == (ROWS, 1, ROWS)
    assert differences(receipt) == [("s0007.0", "different", "it is still there")]


def test_a_create_that_was_refused_is_not_compared() -> None:
    """A document that was there before is a reject of the run, and so is no difference."""
    world = make("new_sales")
    world.transport.documents("new_sales")[b'"shop1"', "s0007.0"] = {"id": "s0007.0", "shop": "shop1", "amount": -1}
    world.transport.times[b'"shop1"', "s0007.0"] = 0.0
    receipt = receipt_of(world, "new_sales")
    assert (receipt["rows_rejected"], receipt["verified"]["documents"]) == (1, ROWS - 1)
    assert receipt["verified"]["equal"] == ROWS - 1


def test_of_a_mirror_only_what_was_written_is_read() -> None:
    """What a mirror report has left as it was costs no request unit, in its verification either."""
    world = make("shelf")
    receipt_of(world, "shelf")
    changed = make_csv(ROWS).replace(b"s0007,shop1,7,1", b"s0007,shop1,700,1")
    receipt = receipt_of(world, "shelf", body=changed, run="r2")
    assert (receipt["documents_written"], receipt["rows_unchanged"]) == (1, ROWS - 1)
    assert (receipt["verified"]["documents"], receipt["verified"]["equal"]) == (1, 1)
    assert receipt["verified"]["request_units"] <= receipt["request_units"] / 4


def test_a_value_below_a_member_is_named_by_its_whole_path() -> None:
    """The document of a hierarchical partition key is found by all levels, and compared in its depth."""
    world = make("visits")

    def harm(documents: dict[Any, dict[str, Any]]) -> None:
        [document] = [one for one in documents.values() if one["id"] == "s0007.0"]
        document["of"] = {**document["of"], "more": 1}

    assert differences(receipt_of(world, "visits", harm)) == [("s0007.0", "different", "/of/more")]
