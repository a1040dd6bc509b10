import asyncio
import json
import random
from collections.abc import Generator
from typing import Any

import pytest

from outlast.calls import RunCall
from outlast.durable import Backoff, Caller
from outlast.errors import Permanent, Transient
from tests.fakes.driver import Driver, Instance, Step, Story
from tests.fakes.replay import NotDeterministic

RETRY = Backoff(5.0, 5, 2, 60)


async def echo(given: Any) -> Any:
    return {"given": given}


def call_echo(context: Any) -> Generator[Any, Any, Any]:
    answer = yield context.call_activity_with_retry("echo", RETRY, context.get_input())
    return answer


def run(story: Story, given: Any = None, step: Step = echo, **stories: Story) -> tuple[Instance, Driver]:
    driver = Driver({"story": story, **stories}, {"echo": step})
    return asyncio.run(driver.run("story", given, "i1")), driver


def test_what_crosses_crosses_as_json() -> None:
    """A tuple crosses a durable boundary as a list, and a value that is not JSON raises TypeError."""
    instance, _ = run(call_echo, {"a": (1, 2)})
    assert instance.output == {"given": {"a": [1, 2]}}
    with pytest.raises(TypeError):
        run(call_echo, {"a": {1}})


def test_attempts_are_honoured_and_no_more() -> None:
    """An activity that fails four times succeeds at its fifth attempt, and one that fails five times fails its
    instance."""
    for times, status in ((4, "Completed"), (5, "Failed")):
        driver = Driver({"story": call_echo}, {"echo": echo})
        driver.fail("echo", Transient("busy"), times)
        assert asyncio.run(driver.run("story", 1, "i1")).status == status
        assert driver.count("echo") == 5


def test_a_failure_reads_as_the_host_writes_it() -> None:
    """The output of a failed instance has the host's form: the reason, then its details."""
    driver = Driver({"story": call_echo}, {"echo": echo})
    driver.fail("echo", ValueError("bad"), 5)
    instance = asyncio.run(driver.run("story", 1, "i1"))
    assert instance.output.startswith(
        "Orchestrator function 'story' failed: Activity function 'echo' failed:  ValueError: bad \n {"
    )


def test_an_answer_can_be_lost_when_the_work_is_done() -> None:
    """An activity whose answer is lost has done its work and does it again."""
    done = list[Any]()

    async def work(given: Any) -> Any:
        done.append(given)
        return None

    driver = Driver({"story": call_echo}, {"echo": work})
    driver.fail("echo", Transient("worker died"), after=True)
    assert asyncio.run(driver.run("story", 1, "i1")).status == "Completed"
    assert done == [1, 1]


def test_a_permanent_failure_comes_as_its_mark() -> None:
    """An activity that raises Permanent is not retried."""

    def story(context: Any) -> Generator[Any, Any, Any]:
        return (yield from Caller(context, 5.0).call("echo", RunCall("r1", 1)))

    driver = Driver({"story": story}, {"echo": echo})
    driver.fail("echo", Permanent("never"), 5)
    assert "never" in asyncio.run(driver.run("story", None, "i1")).output
    assert driver.count("echo") == 1


def test_a_story_that_asks_for_something_else_when_replayed_is_found() -> None:
    """An orchestrator that asks for something else when it is replayed raises NotDeterministic."""
    source = random.Random(1)

    def story(context: Any) -> Generator[Any, Any, Any]:
        yield context.call_activity_with_retry("echo", RETRY, source.random())

    assert isinstance(_raised(story), NotDeterministic)


def test_a_story_that_shows_something_else_when_replayed_is_found() -> None:
    """An orchestrator that sets another custom status when it is replayed raises NotDeterministic."""
    shown = iter(range(10))

    def story(context: Any) -> Generator[Any, Any, Any]:
        context.set_custom_status(next(shown))
        yield context.call_activity_with_retry("echo", RETRY, 1)

    assert isinstance(_raised(story), NotDeterministic)


def _raised(story: Story) -> Exception:
    driver = Driver({"story": story}, {"echo": echo})
    instance = Instance("i1", "story", None)
    with pytest.raises(Exception) as caught:  # noqa: PT011  # its type is what is tested
        asyncio.run(driver._generations(instance))
    return caught.value


def test_a_seed_says_in_which_order_activities_end() -> None:
    """The same seed gives the same order of activities, and other seeds give other orders."""

    def lane(context: Any) -> Generator[Any, Any, Any]:
        for number in range(3):
            yield context.call_activity_with_retry("echo", RETRY, [context.instance_id, number])

    def story(context: Any) -> Generator[Any, Any, Any]:
        yield context.task_all([context.call_sub_orchestrator("lane", None, f"l{n}") for n in range(4)])

    def order(seed: int) -> str:
        driver = Driver({"story": story, "lane": lane}, {"echo": echo}, seed)
        asyncio.run(driver.run("story", None, "i1"))
        return json.dumps(driver.calls)

    assert order(1) == order(1)
    assert len({order(seed) for seed in range(10)}) > 5


def test_fan_out_over_activities_is_refused() -> None:
    """A fan-out over activities, which loses results on the Azure host, fails its instance."""

    def story(context: Any) -> Generator[Any, Any, Any]:
        yield context.task_all([context.call_activity_with_retry("echo", RETRY, 1)])

    assert run(story)[0].status == "Failed"
