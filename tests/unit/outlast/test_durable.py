import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Generator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from outlast.calls import ChunkCall, RunCall
from outlast.durable import Backoff, Caller, StepFailed, activity, readable
from outlast.errors import Permanent, Transient
from outlast.models import Failure
from tests.fakes.clock import START
from tests.fakes.replay import Action, ReplayContext

RUN = RunCall("r1", 1)
DETAILS = ' \n {"$type":"System.Exception, System.Private.CoreLib","Message":"x","InnerException":null}'


def tell(story: Generator[Any, Any, Any], *answers: Any) -> tuple[list[Action], Any]:
    """Run a story with these answers. Returns what it asked for and what it returned."""
    asked = [next(story)]
    for answer in answers:
        try:
            asked.append(story.throw(answer) if isinstance(answer, Exception) else story.send(answer))
        except StopIteration as stop:
            return asked, stop.value
    raise AssertionError(f"the story still waits for {asked[-1]}")


def finish(work: Awaitable[Any]) -> Any:
    async def wait() -> Any:
        return await work

    return asyncio.run(wait())


def caller(first_seconds: float = 5.0) -> Caller:
    return Caller(ReplayContext("r1", None), first_seconds)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (f"Activity function 'fail' failed:  ValueError: bad thing: x{DETAILS}", "ValueError: bad thing: x"),
        (
            "Activity function 'sleepy' failed: "
            f"Timeout value of 00:00:25 was exceeded by function: Functions.sleepy{DETAILS}",
            "Timeout value of 00:00:25 was exceeded by function: Functions.sleepy",
        ),
        (
            f"Activity function 'kill' failed: /usr/bin/python exited with code 1 (0x1){DETAILS}",
            "/usr/bin/python exited with code 1 (0x1)",
        ),
        ("Orchestrator function 'story' failed: 'orchestrator bug'", "'orchestrator bug'"),
        (
            "Orchestrator function 'run_wave' failed: too bad \n Message: too bad, StackTrace: at System.X()",
            "too bad",
        ),
        ("Activity function 'f' failed:  ValueError: it' failed: twice", "ValueError: it' failed: twice"),
        ("a lane failed: nothing of the host in it", "a lane failed: nothing of the host in it"),
    ],
)
def test_a_failure_is_read_as_one_sentence(text: str, sentence: str) -> None:
    """The function's name before an error and the details after it are removed."""
    assert readable(Exception(text)) == sentence


def test_a_failure_of_a_failure_is_read_to_its_core() -> None:
    """The failure of an orchestrator reads like the failure of its activity."""
    inner = f"Activity function 'fail' failed:  ValueError: x{DETAILS}"
    assert readable(Exception(f"Orchestrator function 'run_lane' failed: {inner}")) == "ValueError: x"


def test_a_failure_without_a_text_still_says_something() -> None:
    """A failure without a text reads as the name of its class."""
    assert readable(Exception()) == "Exception"


def test_an_activity_is_called_with_the_retry_of_steps() -> None:
    """A call makes 5 attempts unless it is given another policy, and returns the answer unchanged."""
    asked, returned = tell(caller().call("advance_run", RUN), {"max_parallel": 2})
    assert asked == [Action("activity", "advance_run", RUN.to_dict(), attempts=5)]
    assert returned == {"max_parallel": 2}


def test_a_permanent_failure_is_raised_from_its_mark() -> None:
    """A marked answer is raised as StepFailed with step, chunk and text."""
    with pytest.raises(StepFailed) as caught:
        tell(caller().call("store_data_to_db", ChunkCall("r1", 1, 3)), {"permanent": "no such container"})
    assert caught.value.failure == Failure("store_data_to_db", 3, "no such container")
    assert str(caught.value) == "no such container"


def test_used_up_attempts_are_raised_as_passing_failure() -> None:
    """A call whose attempts are used up raises a failure of one readable sentence."""
    with pytest.raises(StepFailed) as caught:
        tell(caller().call("send_email", RUN), Exception(f"Activity function 'send_email' failed:  X: busy{DETAILS}"))
    assert caught.value.failure == Failure("send_email", None, "X: busy")


def outlive(failure: str, first_seconds: float = 5.0) -> tuple[list[Action], str]:
    """Let every round of a call fail with this text. Returns what was asked for and the text in the end."""
    story, asked = caller(first_seconds).call("f", RUN), list[Action]()
    action = next(story)
    while True:
        asked.append(action)
        try:
            action = story.send(None) if action.kind == "timer" else story.throw(Exception(failure))
        except StepFailed as error:
            return asked, str(error)


@pytest.mark.parametrize("first_seconds", [5.0, 0.2])
def test_an_outage_of_30_minutes_costs_no_call(first_seconds: float) -> None:
    """A call that fails as Transient is made again and again for more than 35 minutes, with at most 60 s between."""
    asked, text = outlive(f"Activity function 'f' failed:  Transient: the database is gone{DETAILS}", first_seconds)
    ends = [datetime.fromisoformat(action.given) for action in asked if action.kind == "timer"]
    assert text == "Transient: the database is gone"
    assert ends[-1] - START > timedelta(minutes=35)
    assert max(after - before for before, after in pairwise([START, *ends])) <= timedelta(seconds=60)
    assert {action.attempts for action in asked if action.kind == "activity"} == {5}


@pytest.mark.parametrize(
    "failure",
    [
        "/usr/bin/python exited with code 1 (0x1)",
        "Timeout value of 00:00:25 was exceeded by function: Functions.f",
        " KeyError: 'x'",
    ],
)
def test_a_call_that_dies_or_is_wrong_ends_with_its_policy(failure: str) -> None:
    """A call that takes its worker with it every time is not made again after the attempts of its policy."""
    asked, text = outlive(f"Activity function 'f' failed: {failure}{DETAILS}")
    assert (len(asked), text) == (1, failure.strip())


def test_a_call_with_a_policy_of_its_own_ends_with_it() -> None:
    """An email has its own time."""
    story = caller().call("send_email", RUN, caller().send_retry())
    with pytest.raises(StepFailed, match="Transient: busy"):
        tell(story, Exception(f"Activity function 'send_email' failed:  Transient: busy{DETAILS}"))


@pytest.mark.parametrize("answer", [None, 7, "permanent", ["permanent"]])
def test_an_answer_that_is_no_dictionary_is_no_mark(answer: Any) -> None:
    """Only a dictionary can carry the mark."""
    assert tell(caller().call("f", RUN), answer)[1] == answer


def test_an_activity_is_called_again_with_its_cursor() -> None:
    """The cursor of each answer is passed to the next call, until an answer has none."""
    asked, returned = tell(
        caller().call_until_done("f", RUN), {"cursor": {"at": 1}}, {"cursor": {"at": 2}}, {"cursor": None}
    )
    assert [action.given["cursor"] for action in asked] == [None, {"at": 1}, {"at": 2}]
    assert returned == {"cursor": None}


def test_the_retry_is_exponential_with_a_cap_in_its_json() -> None:
    """The policy's JSON has the coefficient and the cap that the host reads."""
    assert json.loads(json.dumps(Backoff(5, 5, 2, 60).to_json())) == {
        "firstRetryIntervalInMilliseconds": 5000,
        "maxNumberOfAttempts": 5,
        "backoffCoefficient": 2,
        "maxRetryIntervalInMilliseconds": 60_000,
    }


def test_no_interval_is_zero() -> None:
    """The shortest interval is a millisecond, because the SDK refuses zero."""
    assert Backoff(0.0001, 2, 2, 60).to_json()["firstRetryIntervalInMilliseconds"] == 1


@pytest.mark.parametrize(
    ("policy", "attempts", "cap"), [(Caller.step_retry, 5, 60_000), (Caller.send_retry, 10, 300_000)]
)
def test_each_policy_is_what_its_reason_says(policy: Callable[[Caller], Backoff], attempts: int, cap: int) -> None:
    """An activity is retried for minutes, and the email for longer, because a mail service comes back."""
    written = policy(caller(0.5)).to_json()
    assert (written["maxNumberOfAttempts"], written["maxRetryIntervalInMilliseconds"]) == (attempts, cap)
    assert written["backoffCoefficient"] == 2
    assert written["firstRetryIntervalInMilliseconds"] == 500


def test_a_registered_activity_marks_what_is_permanent(caplog: pytest.LogCaptureFixture) -> None:
    """A permanent failure is logged as an error and returned with the mark, so that it is not retried."""

    async def advance_run(given: Any) -> Any:
        raise Permanent(f"cannot {given}")

    with caplog.at_level(logging.ERROR, logger="outlast"):
        answer = finish(activity(advance_run, 60)("do it"))
    assert answer == {"permanent": "cannot do it"}
    assert caplog.messages == ["advance_run failed for good: cannot do it"]


@pytest.mark.parametrize("error", [Transient("busy"), KeyError("x"), TimeoutError()])
def test_a_registered_activity_raises_what_may_pass(error: Exception) -> None:
    """Transient and unknown errors are raised, so that they are retried."""

    async def advance_run(given: Any) -> Any:
        raise error

    with pytest.raises(type(error)):
        finish(activity(advance_run, 60)(None))


def test_a_registered_activity_cuts_what_is_permanent(caplog: pytest.LogCaptureFixture) -> None:
    """A long text goes neither into the history nor into the log."""

    async def too_long(given: Any) -> Any:
        raise Permanent("x" * 1_000_000)

    with caplog.at_level(logging.ERROR, logger="outlast"):
        assert len(finish(activity(too_long, 60)({}))["permanent"]) == 2000
    assert len(caplog.messages[0]) < 2100


def test_a_registered_activity_keeps_its_name_and_takes_given() -> None:
    """The host registers an activity by its name, with one parameter called `given`."""

    async def advance_run(given: Any) -> Any:
        return given

    registered = activity(advance_run, 60)
    assert registered.__name__ == "advance_run"
    assert list(registered.__annotations__) == ["given", "return"]
    assert finish(registered(7)) == 7


def test_an_activity_that_waits_for_ever_is_given_up() -> None:
    """An activity that waits too long fails as transient before the host ends its worker."""

    async def advance_run(given: Any) -> Any:
        await asyncio.Event().wait()

    with pytest.raises(Transient, match="advance_run had no answer for 0 s and was given up"):
        finish(activity(advance_run, 0.001)(None))


def test_a_time_limit_of_the_activitys_own_is_left_to_it() -> None:
    """A TimeoutError of the activity's own is raised unchanged."""

    async def advance_run(given: Any) -> Any:
        async with asyncio.timeout(0):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        finish(activity(advance_run, 60)(None))
