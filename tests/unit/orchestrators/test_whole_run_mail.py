"""Whole runs that fail, with a mail service that refuses or fails."""

import asyncio

import pytest

from tests.fakes.driver import Instance
from tests.fakes.reports import make_csv
from tests.fakes.world import World


def run(world: World, body: bytes) -> Instance:
    return asyncio.run(world.run(body))


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_mail_that_is_refused_is_tried_once(status: int) -> None:
    """An email that is refused is sent once and stays pending, and the run fails for its own reason."""
    world = World()
    world.mailer.answer_with([status])
    instance = run(world, make_csv(5, bad=[1]))
    assert (world.mailer.asked, world.mailer.emails) == (1, [])
    assert instance.output.endswith("1 of 5 rows were rejected and 0 rows are tolerated")
    assert (world.runs.records["r1"].status.state, world.runs.records["r1"].status.pending) == ("failed", ["email"])


@pytest.mark.parametrize("answers", [[500, 429], [503] * 9])
def test_a_mail_service_that_comes_back_gets_one_mail(answers: list[int]) -> None:
    """A run sends one email to a service that fails up to nine times before."""
    world = World()
    world.mailer.answer_with(answers)
    assert run(world, make_csv(5, bad=[1])).status == "Failed"
    assert len(world.mailer.emails) == 1
    assert world.mailer.asked == len(answers) + 1


def test_a_mail_service_that_stays_away_does_not_change_the_outcome() -> None:
    """A run whose email cannot be sent fails for its own reason and keeps the email pending."""
    world = World()
    world.mailer.answer_with([500] * 99)
    instance = run(world, make_csv(5, bad=[1]))
    assert instance.output.endswith("1 of 5 rows were rejected and 0 rows are tolerated")
    assert (world.runs.records["r1"].status.state, world.runs.records["r1"].status.pending) == ("failed", ["email"])
