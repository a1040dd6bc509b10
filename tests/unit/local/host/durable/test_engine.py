"""The engine on a real file, with functions instead of workers."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.host.durable import events, rewind
from local.host.durable.engine import Invoke
from local.host.durable.events import Kind
from local.host.storage import store
from local.host.workers.wire import Header
from tests.unit.local.host.hub import Hub
from tests.unit.local.host.pure import START, Code, Context


def one(context: Context) -> Any:
    """Call an activity."""
    return (yield context.call_activity("double", context.get_input()))


def sleeper(context: Context) -> Any:
    """Sleep for a month, in pieces."""
    yield context.create_timer(context.current_utc_datetime + timedelta(days=30))
    return "woken"


def flood(context: Context) -> Any:
    """Call fifty activities at once."""
    results = yield context.task_all([context.call_activity("double", n) for n in range(50)])
    return sum(results)


def impatient(context: Context) -> Any:
    """Cancel a timer of a day when an event comes."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(days=1))
    yield context.task_any([timer, context.wait_for_external_event("go")])
    timer.cancel()
    return "gone"


ORCHESTRATORS: dict[str, Code] = {"one": one, "sleeper": sleeper, "flood": flood, "impatient": impatient}
ACTIVITIES = {"double": lambda n: 2 * n}


def played(path: Path, do: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    """Run a hub for one coroutine."""

    async def run() -> None:
        async with Hub(path / "host.db", ORCHESTRATORS, ACTIVITIES) as hub:
            await do(hub)

    asyncio.run(run())


def test_a_month_passes_in_no_time(tmp_path: Path) -> None:
    """A timer of a month fires in several pieces at the right time."""

    async def do(hub: Hub) -> None:
        await hub.start("sleeper", "s")
        await hub.finished("s")
        fired = [e for e in hub.history("s") if e["EventType"] == Kind.TIMER_FIRED]
        assert (hub.output("s"), len(fired) > 3) == ("woken", True)
        assert hub.clock.now() - START > timedelta(days=29)

    played(tmp_path, do)


def test_all_results_that_wait_are_taken_in_one_turn(tmp_path: Path) -> None:
    """Fifty results that wait take fewer than forty turns."""

    async def do(hub: Hub) -> None:
        await hub.start("flood", "f")
        await hub.finished("f")
        turns = [e for e in hub.history("f") if e["EventType"] == Kind.TURN_STARTED]
        assert (hub.output("f"), len(turns) < 40) == (2450, True)

    played(tmp_path, do)


def test_a_finished_id_can_be_used_again(tmp_path: Path) -> None:
    """A new start under a finished id leaves nothing of the instance before and has the next generation."""

    async def do(hub: Hub) -> None:
        for generation, given in enumerate((1, 2)):
            await hub.start("one", "same", given)
            await hub.finished("same")
            assert hub.output("same") == 2 * given
            assert [e["Generation"] for e in hub.history("same") if "Generation" in e] == [generation]

    played(tmp_path, do)


def test_what_was_started_anew_meanwhile_is_not_purged(tmp_path: Path) -> None:
    """A purge deletes the finished instances of its list and keeps one that was started again meanwhile."""

    async def do(hub: Hub) -> None:
        await hub.start("one", "done", 1)
        await hub.finished("done")
        hub.clock.jumping = False
        await hub.start("sleeper", "busy")
        assert await hub.database.write(lambda q: store.purge(q, ["busy", "done", "none"])) == 1
        assert (hub.status("done"), hub.history("done")) == (None, [])
        hub.clock.jumping = True
        await hub.finished("busy")
        assert hub.output("busy") == "woken"

    played(tmp_path, do)


def test_what_is_rewound_twice_at_once_is_rewound_once(tmp_path: Path) -> None:
    """The second of two rewinds finds the instance no longer failed and changes nothing."""

    async def do(hub: Hub) -> None:
        await hub.start("nobody", "i")
        await hub.finished("i")
        note = rewind.request(None, hub.clock.now())
        first = await hub.database.write(lambda q: store.rewind(q, "i", note))
        second = await hub.database.write(lambda q: store.rewind(q, "i", note))
        assert (first.wake, second.wake) == (("i",), ())

    played(tmp_path, do)


def test_an_id_in_use_is_refused(tmp_path: Path) -> None:
    """A start under an id in use raises AlreadyExists."""

    async def do(hub: Hub) -> None:
        await hub.start("impatient", "i")
        with pytest.raises(store.AlreadyExists, match="already exists"):
            await hub.start("impatient", "i")

    played(tmp_path, do)


def test_a_finished_instance_leaves_nothing_waiting(tmp_path: Path) -> None:
    """A finished instance leaves neither timers nor messages nor activities."""

    async def do(hub: Hub) -> None:
        await hub.start("impatient", "i")
        await hub.send("i", events.event_raised(name="go", input="1", now=hub.clock.now()))
        await hub.finished("i")
        await hub.send("i", events.event_raised(name="late", input="1", now=hub.clock.now()))
        read = hub.database.read
        assert (hub.output("i"), read.all("all_timers"), read.all("all_activities")) == ("gone", [], [])

    played(tmp_path, do)


def test_an_orchestrator_that_does_not_exist_fails_with_the_known_ones(tmp_path: Path) -> None:
    """An instance of an unknown orchestrator fails with the Azure host's text, which names the known ones."""

    async def do(hub: Hub) -> None:
        await hub.start("none", "n")
        await hub.finished("n")
        assert hub.output("n") == (
            "Orchestrator function 'none' failed: The function 'none' doesn't exist, is disabled, or is not an "
            "orchestrator function. Additional info: The following are the known orchestrator functions: "
            "'flood', 'impatient', 'one', 'sleeper'."
        )

    played(tmp_path, do)


def test_a_late_answer_of_an_activity_is_dropped(tmp_path: Path) -> None:
    """A second answer of one activity is dropped."""

    async def do(hub: Hub) -> None:
        await hub.start("impatient", "i")
        row = {"instance": "i", "execution": "i-x", "task": 5, "name": "double", "input": "1"}
        identity = await hub.database.write(lambda q: q.run("add_activity", **row))
        activity = store.Activity(id=identity, **row)  # type: ignore[arg-type]
        event = events.task_completed(task=5, result="2", now=START)
        first = await hub.database.write(lambda q: store.finish_activity(q, activity, event))
        second = await hub.database.write(lambda q: store.finish_activity(q, activity, event))
        assert (first.wake, second.wake) == (("i",), ())

    played(tmp_path, do)


def test_the_last_of_a_fan_out_overtakes_the_one_before_it(tmp_path: Path) -> None:
    """The last call of a fan-out starts before the one before it, because the Azure host keeps no order either."""

    async def do(hub: Hub) -> None:
        await hub.start("flood", "f")
        await hub.finished("f")
        assert list(hub.called)[-2:] == ["double(49)", "double(48)"]

    played(tmp_path, do)


def test_a_timer_fires_early_by_the_fraction_of_a_second(tmp_path: Path) -> None:
    """A timer of 2.9 s fires after 2 to 2.9 s, because the host waits whole seconds, rounded down."""

    def short(context: Context) -> Any:
        began = context.current_utc_datetime
        yield context.create_timer(began + timedelta(seconds=2.9))
        return (context.current_utc_datetime - began).total_seconds()

    async def run() -> None:
        async with Hub(tmp_path / "host.db", {"short": short}, {}) as hub:
            await hub.start("short", "s")
            await hub.finished("s")
            assert 2 <= hub.output("s") < 2.9

    asyncio.run(run())


def test_the_late_answer_of_a_dead_instance_costs_no_other_its_own(tmp_path: Path) -> None:
    """An activity that outlives its terminated instance does not take away another instance's answer."""
    gates = {"old": asyncio.Event(), "new": asyncio.Event()}

    async def wait(gate: str) -> str:
        await gates[gate].wait()
        return gate

    def waits(context: Context) -> Any:
        return (yield context.call_activity("wait", context.get_input()))

    async def run() -> None:
        async with Hub(tmp_path / "host.db", {"waits": waits}, {"wait": wait}) as hub:
            await hub.start("waits", "terminated", "old")
            await hub.until(lambda: hub.called["wait(old)"])
            await hub.send("terminated", events.terminated(reason=None, now=hub.clock.now()))
            await hub.finished("terminated")
            await hub.start("waits", "alive", "new")
            await hub.until(lambda: hub.called["wait(new)"])
            gates["old"].set()
            await hub.until(lambda: hub.answered["wait(old)"])
            await hub.database.write(lambda q: None)  # behind whatever that answer has made of it
            gates["new"].set()
            await hub.finished("alive")
            assert hub.output("alive") == "new"

    asyncio.run(run())


def test_a_timer_of_a_dead_instance_costs_no_other_its_own(tmp_path: Path) -> None:
    """A timer of a terminated instance does not end the timer of a new instance with the same id and task id."""

    def sleeps(context: Context) -> Any:
        began = context.current_utc_datetime
        yield context.create_timer(began + timedelta(seconds=context.get_input()))
        return (context.current_utc_datetime - began).total_seconds()

    async def run() -> None:
        async with Hub(tmp_path / "host.db", {"sleeps": sleeps}, {}) as hub:
            hub.clock.jumping = False
            await hub.start("sleeps", "same", 100)
            await hub.until(lambda: hub.status("same") == "Running")
            await hub.send("same", events.terminated(reason=None, now=hub.clock.now()))
            await hub.finished("same")
            await hub.start("sleeps", "same", 1000)
            await hub.until(lambda: hub.status("same") == "Running")
            hub.clock.jumping = True
            await hub.finished("same")
            assert 999 <= hub.output("same") < 1001

    asyncio.run(run())


def test_a_stop_waits_for_what_is_under_way_and_begins_nothing(tmp_path: Path) -> None:
    """A drained engine has kept the result of its activity, and leaves the turn that follows to the next start."""

    async def run() -> None:
        go = asyncio.Event()
        async with Hub(tmp_path / "host.db", ORCHESTRATORS, {"double": lambda _: go.wait()}) as hub:
            await hub.start("one", "a", 1)
            await hub.until(lambda: hub.called["double(1)"])
            drained = asyncio.create_task(hub.engine.drain())
            await asyncio.sleep(0)
            assert not drained.done()
            go.set()
            await drained
            assert hub.database.read.all("all_activities") == []
            assert (hub.status("a"), len(hub.database.read.all("read_messages", instance="a"))) == ("Running", 1)

    asyncio.run(run())


def test_an_unknown_sub_orchestrator_fails_at_once(tmp_path: Path) -> None:
    """The parent gets a failure that names the known orchestrators."""

    def parent(context: Context) -> Any:
        return (yield context.call_sub_orchestrator("nobody"))

    async def run() -> None:
        async with Hub(tmp_path / "host.db", {"parent": parent}, {}) as hub:
            await hub.start("parent", "p")
            await hub.finished("p")
            assert hub.status("p") == "Failed"
            assert "The function 'nobody' doesn't exist" in hub.output("p")
            assert "the known orchestrator functions: 'parent'." in hub.output("p")

    asyncio.run(run())


@pytest.mark.parametrize("digits", [0, 5000])
def test_a_result_that_cannot_be_kept_fails_its_activity(tmp_path: Path, digits: int) -> None:
    """An activity whose result is nested too deeply, or has a number of thousands of digits, fails at once."""
    body = b"9" * digits if digits else b"[" * 500 + b"]" * 500

    async def run() -> None:
        async with Hub(tmp_path / "host.db", ORCHESTRATORS, {"double": lambda _: None}) as hub:
            hub.engine._activities._invoke = answering(hub.engine._activities._invoke, body)
            await hub.start("one", "a", 1)
            await hub.finished("a")
            assert hub.status("a") == "Failed"
            assert "Activity function 'double' failed: " in hub.output("a")

    asyncio.run(run())


def answering(invoke: Invoke, body: bytes) -> Invoke:
    """Return a call of functions in which every activity answers with these bytes."""

    async def call(name: str, header: Header, given: bytes, **limits: Any) -> tuple[Header, bytes]:
        if name == "double":
            return {"ok": True}, body
        return await invoke(name, header, given, **limits)

    return call
