"""Whole runs that read back what they have stored."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from activities import read_input_file
from outlast.models import Json
from tests.fakes.driver import Instance
from tests.fakes.reports import make_csv
from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def harmed(world: World, names: Sequence[str]) -> None:
    """Let somebody else change these documents before they are verified."""
    verify = world.steps["verify_report"]

    async def after_harm(given: Json) -> Any:
        for key, document in world.transport.documents("sales").items():
            if key[1] in names:
                document["amount"] = -1.0
        return await verify(given)

    world.steps["verify_report"] = after_harm


def run(world: World, **fields: Any) -> Instance:
    return asyncio.run(world.run(make_csv(100), **fields))


def test_a_verification_is_in_the_receipt() -> None:
    """The receipt has what was compared and what that cost, and the costs of writing are as without it."""
    world = World()
    receipt = run(world, verify="content").output
    verified = receipt.pop("verified")
    assert (verified["level"], verified["documents"], verified["equal"]) == ("content", 100, 100)
    assert (verified["different"], verified["missing"], verified["differences"]) == (0, 0, [])
    assert 0 < verified["request_units"] <= receipt["request_units"] / 4
    without = run(World()).output
    differing = {"seconds": 0, "seconds_by_phase": {}}
    assert {**receipt, **differing} == {**without, **differing}
    assert world.mailer.emails == []


def test_a_difference_fails_the_verification_and_not_the_run() -> None:
    """The run is completed, its receipt names exactly the changed documents, and one email tells it."""
    world = World()
    harmed(world, ["s0007.0", "s0050.0", "s0099.0"])
    instance, record = run(world, verify="content"), world.runs.records["r1"]
    assert (instance.status, record.status.state, record.status.pending) == ("Completed", "completed", [])
    verified = instance.output["verified"]
    assert (verified["documents"], verified["equal"], verified["different"]) == (100, 97, 3)
    assert {one["id"] for one in verified["differences"]} == {"s0007.0", "s0050.0", "s0099.0"}
    [email] = world.mailer.emails
    assert email.subject == "Report sales is stored and differs: run r1"
    assert "of 100 documents 3 are different and 0 are missing" in email.text


def test_without_mail_a_difference_leaves_nothing_pending() -> None:
    """A run is closed where nobody can be told."""
    world = World()
    world.mailer.missing = "MAIL_FROM"
    harmed(world, ["s0007.0"])
    assert run(world, verify="content").output["verified"]["different"] == 1
    assert not world.runs.records["r1"].open


def test_an_email_that_cannot_be_sent_stays_pending() -> None:
    """The run is completed all the same, and the sweep sends the email later."""
    world = World()
    harmed(world, ["s0007.0"])
    world.driver.fail("send_email", OSError("down"), times=99)
    assert run(world, verify="content").status == "Completed"
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.pending, record.open) == ("completed", ["email"], True)


def test_a_verification_whose_wave_dies_goes_on() -> None:
    """The next attempt stores nothing again and compares what was not compared."""
    world = World()
    written = world.steps["verify_report"]

    async def dying(given: Json) -> Any:
        world.driver.dying["run_wave"] = int(given["attempt"] == 1)
        return await written(given)

    world.steps["verify_report"] = dying
    receipt = run(world, verify="counts").output
    assert receipt["verified"]["equal"] == 100
    assert receipt["documents_written"] == 100
