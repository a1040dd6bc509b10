"""Whole runs that fail, and what becomes of their mail."""

import asyncio

import pytest

from tests.fakes.driver import Instance
from tests.fakes.reports import make_csv
from tests.fakes.world import World


def run(world: World, body: bytes) -> Instance:
    return asyncio.run(world.run(body))


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_mail_that_is_refused_is_tried_once(status: int) -> None:
    """The run's outcome is as it would have been; the mail stays pending until the settings are right."""
    world = World()
    world.mailer.answer_with([status])
    instance = run(world, make_csv(5, bad=[1]))
    assert (world.mailer.asked, world.mailer.emails) == (1, [])
    assert instance.output.endswith("1 of 5 rows were rejected and 0 rows are tolerated")
    assert (world.runs.records["r1"].status.state, world.runs.records["r1"].status.pending) == ("failed", ["email"])


@pytest.mark.parametrize("answers", [[500, 429], [503] * 9])
def test_a_mail_service_that_comes_back_gets_one_mail(answers: list[int]) -> None:
    """One email is sent, however often the service had to be asked."""
    world = World()
    world.mailer.answer_with(answers)
    assert run(world, make_csv(5, bad=[1])).status == "Failed"
    assert len(world.mailer.emails) == 1
    assert world.mailer.asked == len(answers) + 1


def test_a_mail_service_that_stays_away_does_not_change_the_outcome() -> None:
    """The mail is still pending, and the record says so."""
    world = World()
    world.mailer.answer_with([500] * 99)
    instance = run(world, make_csv(5, bad=[1]))
    assert instance.output.endswith("1 of 5 rows were rejected and 0 rows are tolerated")
    assert (world.runs.records["r1"].status.state, world.runs.records["r1"].status.pending) == ("failed", ["email"])
