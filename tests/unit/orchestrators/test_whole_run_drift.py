"""Whole runs of a mirror report that find what others have changed in its container, and write it right."""

import asyncio
from typing import Any

import pytest

from activities import read_input_file
from outlast import models
from outlast.models import Json
from outlast.staging import part_windows
from tests.fakes.driver import Instance
from tests.fakes.reports import HEADER, WITH_MIRROR
from tests.fakes.transport import throttle
from tests.fakes.world import World

ROWS = 60
BODY = HEADER + b"".join(b"s%d,x%d,%d,1\n" % (n, n % 2, n) for n in range(ROWS))


@pytest.fixture(autouse=True)
def _small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks, windows and shards of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)
    monkeypatch.setattr(part_windows, "WINDOW", 500)
    monkeypatch.setattr(models, "SHARD", 15)


def run(world: World, name: str, body: bytes = BODY, **fields: Any) -> Instance:
    usual: Json = {"report": "shelf", "mode": "mirror", "max_delete_percent": 100.0}
    return asyncio.run(world.run(body, name, **{**usual, **fields}))


def stored(world: World) -> dict[str, float]:
    return {name: one["amount"] for (_, name), one in world.transport.documents("shelf").items()}


RIGHT = {f"s{n}.0": float(n) for n in range(ROWS)}


def drifted() -> World:
    """A report that has stored its rows, and of which others have then changed two documents and deleted one, beside
    four of their own."""
    world = World(reports=WITH_MIRROR)
    assert run(world, "r1").status == "Completed"
    documents = world.transport.documents("shelf")
    for key in list(documents):
        if key[1] in ("s3.0", "s47.0"):
            documents[key] = {**documents[key], "amount": -1.0}
        if key[1] == "s20.0":
            del documents[key]
    for n in range(4):
        documents[b'"x0"', f"theirs{n}"] = {"id": f"theirs{n}", "shop": "x0", "amount": 0.0}
    world.transport.sent.clear()
    return world


def figures(verified: Json) -> dict[str, int]:
    names = ("documents", "equal", "different", "missing", "unknown", "repaired")
    return {name: verified[name] for name in names if name in verified}


def test_drift_is_found_in_what_the_run_does_not_write() -> None:
    """The run writes nothing, because nothing has changed in its input, and finds what others have changed and deleted
    and how many documents are theirs; an email tells it."""
    world = drifted()
    receipt = run(world, "r2", verify="drift").output
    assert (receipt["rows_unchanged"], receipt["documents_written"]) == (ROWS, 0)
    verified = receipt["verified"]
    assert figures(verified) == {"documents": 60, "equal": 57, "different": 2, "missing": 1, "unknown": 4}
    assert {one["id"] for one in verified["differences"]} == {"s3.0", "s47.0", "s20.0"}
    assert stored(world)["s3.0"] == -1.0
    assert "of 60 documents 2 are different and 1 are missing" in world.mailer.emails[-1].text


def test_drift_is_repaired_and_what_is_unknown_is_left_alone() -> None:
    """With `repair` what differs is written again, the receipt says what was found and how much was written, and the
    next verification finds nothing."""
    world = drifted()
    verified = run(world, "r2", verify="drift", repair=True).output["verified"]
    assert figures(verified) == {
        "documents": 60,
        "equal": 57,
        "different": 2,
        "missing": 1,
        "unknown": 4,
        "repaired": 3,
    }
    assert stored(world) == {**RIGHT, **{f"theirs{n}": 0.0 for n in range(4)}}
    assert "3 of these were written again" in world.mailer.emails[-1].text
    again = run(world, "r3", verify="drift").output["verified"]
    assert figures(again) == {"documents": 60, "equal": 60, "different": 0, "missing": 0, "unknown": 4}


def test_a_document_that_cannot_be_repaired_is_written_by_the_next_run() -> None:
    """A document that the database refuses is not counted as repaired, and its content is doubtful from then on."""
    world = drifted()
    world.transport.poison = {"s47.0": 400}
    assert run(world, "r2", verify="drift", repair=True).output["verified"]["repaired"] == 2
    world.transport.poison = {}
    receipt = run(world, "r3").output
    assert (receipt["documents_written"], stored(world)["s47.0"]) == (1, 47.0)


def test_a_repair_goes_on_after_throttling_and_a_lost_call() -> None:
    """What a call could not repair the next one does, and what was found stays in the receipt."""
    world, calls = drifted(), list[Json]()
    verify = world.steps["verify_report"]

    async def dying(given: Json) -> Any:
        repairs = bool((given["cursor"] or {}).get("repairing"))
        if repairs and not calls:
            world.transport.meet([None, throttle(5_000)])
        answer = await verify(given)
        if repairs:
            calls.append(given)
        if len(calls) == 1:
            calls.append({})
            raise OSError("the worker has died")
        return answer

    world.steps["verify_report"] = dying
    verified = run(world, "r2", verify="drift", repair=True).output["verified"]
    assert (verified["different"], verified["missing"], verified["repaired"]) == (2, 1, 3)
    assert {name: amount for name, amount in stored(world).items() if name in RIGHT} == RIGHT


def test_changes_of_the_input_are_stored_before_drift_is_looked_for() -> None:
    """What the run itself writes and deletes is no drift."""
    world = drifted()
    body = BODY.replace(b"s3,x1,3,1\n", b"").replace(b"s5,x1,5,1\n", b"s5,x1,500,1\n")
    verified = run(world, "r2", body, verify="drift", repair=True).output["verified"]
    assert (verified["documents"], verified["different"], verified["missing"], verified["unknown"]) == (59, 1, 1, 4)
    right = {**{name: amount for name, amount in RIGHT.items() if name != "s3.0"}, "s5.0": 500.0}
    assert {name: amount for name, amount in stored(world).items() if not name.startswith("theirs")} == right
