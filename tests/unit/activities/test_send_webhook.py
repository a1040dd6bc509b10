import asyncio
from typing import Any

import pytest

from outlast.calls import SendAnswer
from outlast.errors import Permanent, Transient
from outlast.models import Failure, Json
from tests.fakes.world import World

FAILURE = Failure("store_data_to_db", 7, "the container sales does not exist").to_dict()


def post(world: World, **fields: Any) -> Json:
    async def run() -> Json:
        usual = {"state": "failing", "outcome": "failed", "failure": FAILURE, "pending": ["webhook"]}
        await world.accept(b"", **{**usual, **fields})
        answer: Json = await world.call("send_webhook")
        return answer

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("state", "outcome", "kind"),
    [("failing", "failed", "failed"), ("failing", "cancelled", "cancelled"), ("completed", None, "completed")],
)
def test_the_end_of_a_run_is_posted(state: str, outcome: str | None, kind: str) -> None:
    """One call posts one event, whose type says how the run ends."""
    world = World()
    assert post(world, state=state, outcome=outcome) == SendAnswer(True).to_dict()
    (event,) = world.webhook.events
    assert (event["type"], event["id"], event["subject"]) == (
        f"outlast.run.{kind}",
        f"r1:1:{kind}:{world.runs.records['r1'].accepted_milliseconds}",
        "r1",
    )


def test_what_is_not_pending_is_not_posted() -> None:
    """A call without a pending webhook posts nothing."""
    world = World()
    assert post(world, pending=[]) == SendAnswer(False).to_dict()
    assert world.webhook.asked == 0


def test_a_read_that_is_behind_leaves_no_event_out() -> None:
    """A record that was read before its webhook became pending is read again, and the event is posted."""
    world = World()

    def become_pending() -> None:
        world.runs.when_read = lambda: None
        world.runs.set("r1", pending=["webhook"])

    world.runs.when_read = become_pending
    assert post(world, pending=[]) == SendAnswer(True).to_dict()
    assert len(world.webhook.events) == 1


def test_a_run_in_another_attempt_is_not_told_of() -> None:
    """A call of an earlier attempt raises Permanent and posts nothing."""
    world = World()
    with pytest.raises(Permanent, match="in attempt 1"):
        post(world, attempt=2)
    assert world.webhook.asked == 0


def test_a_receiver_that_is_busy_is_asked_again() -> None:
    """An answer that may be followed by a better one is raised; one that says when is returned as a wait."""
    world = World()
    world.webhook.answers.append(503)
    with pytest.raises(Transient, match="503"):
        post(world)
    waiting = World()
    waiting.webhook.throttle_for = 90.0
    assert post(waiting) == SendAnswer(False, 90.0).to_dict()


def test_a_receiver_that_wants_no_more_is_left_alone() -> None:
    """A 410 ends the step, because the receiver says that it wants no events any more."""
    world = World()
    world.webhook.answers.append(410)
    assert post(world) == SendAnswer(True).to_dict()
    assert world.webhook.events == []
