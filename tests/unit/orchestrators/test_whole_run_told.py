"""Whole runs whose end is told: to people as `notify` says, to a program always."""

import asyncio
from typing import Any

import pytest

from outlast.calls import RunChange
from outlast.models import Failure
from outlast.runs.transitions import Event, apply
from tests.fakes.driver import Instance
from tests.fakes.reports import make_csv
from tests.fakes.world import World

GOOD, BAD = make_csv(5), make_csv(5, bad=[1])


def world_with_webhook() -> World:
    world = World()
    world.webhook.configured = True
    return world


def run(world: World, body: bytes, **fields: Any) -> Instance:
    return asyncio.run(world.run(body, **fields))


@pytest.mark.parametrize(
    ("notify", "completed", "failed"), [("failed", 0, 1), ("completed", 1, 0), ("always", 1, 1), ("never", 0, 0)]
)
def test_people_are_told_of_the_ends_that_they_want_to_know(notify: str, completed: int, failed: int) -> None:
    """An email is sent of exactly the ends that `notify` names, and every record is closed."""
    for body, emails in ((GOOD, completed), (BAD, failed)):
        world = World()
        run(world, body, notify=notify)
        assert len(world.mailer.emails) == emails
        assert not world.runs.records["r1"].open


def test_the_email_about_a_completed_run_says_what_it_did() -> None:
    """It has the state, what was written, what it cost, the receipt, and nothing to be done."""
    world = World()
    run(world, GOOD, notify="completed")
    [email] = world.mailer.emails
    assert (email.key, email.subject) == ("r1:1:completed", "Report sales is completed: run r1")
    assert "Written:  5 documents\n" in email.text
    assert "request units" in email.text
    assert '"rows_read": 5' in email.text
    assert "What to do next" not in email.text
    assert "Reason" not in email.text


def test_the_email_names_the_first_rejects_without_their_values() -> None:
    """Row, column and code of each are named, in text and HTML; no value of a row is."""
    world = World()
    run(world, BAD.replace(b"?", b"s3cret"))
    [email] = world.mailer.emails
    assert "First rejects:\n  row 3, column amount: float_parsing\n" in email.text
    assert "<td>3</td><td>amount</td><td>float_parsing</td>" in email.html
    assert "s3cret" not in email.text + email.html


def test_an_email_is_sent_where_its_rejects_cannot_be_read() -> None:
    """The email matters more than the rejects in it."""
    world = World()
    finish = world.steps["send_email"]

    async def without_files(given: Any) -> Any:
        await world.staging.delete("runs/r1/chunks.json")
        world.runs.set("r1", grouped=True)
        return await finish(given)

    world.steps["send_email"] = without_files
    run(world, BAD)
    [email] = world.mailer.emails
    assert "First rejects" not in email.text


@pytest.mark.parametrize("notify", ["failed", "never"])
def test_a_program_is_told_of_every_end(notify: str) -> None:
    """One event is posted of each run, whatever `notify` says, and then nothing is pending."""
    for body, kind in ((GOOD, "completed"), (BAD, "failed")):
        world = world_with_webhook()
        run(world, body, notify=notify)
        assert [event["type"] for event in world.webhook.events] == [f"outlast.run.{kind}"]
        assert not world.runs.records["r1"].open


def test_a_program_is_told_of_a_cancelled_run() -> None:
    """Who cancels a run does not know of the webhook, and its compensation posts the event all the same."""
    world = world_with_webhook()
    store = world.steps["store_data_to_db"]

    async def cancelled(given: Any) -> Any:
        change = RunChange("r1", 1, Event.CANCEL, failure=Failure("cancel", None, "cancelled").to_dict())
        await world.runs.change("r1", lambda record: apply(record, change))
        return await store(given)

    world.steps["store_data_to_db"] = cancelled
    run(world, GOOD)
    assert [event["type"] for event in world.webhook.events] == ["outlast.run.cancelled"]
    assert world.runs.records["r1"].status.state == "cancelled"
    assert world.mailer.emails == []


def test_an_event_that_cannot_be_posted_stays_pending() -> None:
    """The run ends as it does, its email is sent, and the sweep posts the event later."""
    world = world_with_webhook()
    world.webhook.answers.extend([503] * 99)
    assert run(world, BAD).status == "Failed"
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.pending, len(world.mailer.emails)) == ("failed", ["webhook"], 1)


def test_a_receiver_that_asks_to_wait_is_waited_for() -> None:
    """A receiver that asks to wait ten times leaves the event pending; nothing else waits for it."""
    world = world_with_webhook()
    world.webhook.throttle_for = 30.0
    run(world, GOOD)
    record = world.runs.records["r1"]
    assert (record.status.state, record.status.pending, world.webhook.asked) == ("completed", ["webhook"], 10)


def test_the_history_says_who_was_told() -> None:
    """The run's events have the email and the webhook."""
    world = world_with_webhook()
    run(world, BAD)
    events = [event["event"] for event in world.runs.records["r1"].result.events]
    assert {"email_sent", "webhook_sent"} <= set(events)
