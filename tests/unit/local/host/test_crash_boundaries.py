"""The host dies at its first boundary, then at its second, then at its third. Each time everything is finished."""

import asyncio
import json
import os
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import azure.durable_functions as df

from local.host.durable import events
from local.host.durable.events import Kind
from local.host.storage import store
from tests.unit.local.host.hub import Died, EntityCode, Fate, Hub, essence
from tests.unit.local.host.pure import Code, Context

INSTANCES = ("story", "generations", "waiting", "collecting", "counting")
STARTS: tuple[tuple[str, Any], ...] = (
    ("story", None),
    ("generations", 10),
    ("waiting", None),
    ("collecting", []),
    ("counting", None),
)
COLLECTED = [1, 2]


def story(context: Context) -> Any:
    """Run a chain, a fan-out, a retry that gives up, a timer, and children with and without ids."""
    first = yield context.call_activity("double", 1)
    fan = yield context.task_all([context.call_activity("double", n) for n in range(2)])
    try:
        yield context.call_activity_with_retry("fail", df.RetryOptions(1000, 2), "x")
    except Exception:  # noqa: BLE001 - the SDK's failures have no type of their own
        context.set_custom_status("gave up")
    yield context.create_timer(context.current_utc_datetime + timedelta(hours=1))
    own = f"{context.instance_id}:own"
    children = [context.call_sub_orchestrator("child", 4), context.call_sub_orchestrator("child", 5, own)]
    return [first, fan, (yield context.task_all(children))]


def child(context: Context) -> Any:
    """Call one activity."""
    return (yield context.call_activity("double", context.get_input()))


def generations(context: Context) -> Any:
    """Continue as new once."""
    n = context.get_input()
    yield context.call_activity("double", n)
    if n < 11:
        context.continue_as_new(n + 1)
    return n


def waiting(context: Context) -> Any:
    """Wait for an event, then call an activity."""
    value = yield context.wait_for_external_event("go")
    return (yield context.call_activity("double", value))


def collecting(context: Context) -> Any:
    """Take one event in each generation, so that the others are carried over."""
    taken = [*context.get_input(), (yield context.wait_for_external_event("next"))]
    if len(taken) < len(COLLECTED):
        context.continue_as_new(taken)
    return taken


def counting(context: Context) -> Any:
    """Signal an entity and call it, twice."""
    one = df.EntityId("counter", "one")
    for _ in range(2):
        context.signal_entity(one, "add", 3)
        count = yield context.call_entity(one, "add", 1)
    return count


def counter(context: Any) -> None:
    """Add to a number."""
    context.set_state(context.get_state(lambda: 0) + context.get_input())
    context.set_result(context.get_state())


def fail(given: Any) -> Any:
    """Raise ValueError."""
    raise ValueError(given)


ORCHESTRATORS: dict[str, Code] = {
    "story": story,
    "child": child,
    "generations": generations,
    "waiting": waiting,
    "collecting": collecting,
    "counting": counting,
}
ACTIVITIES = {"double": lambda n: 2 * n, "fail": fail}
ENTITIES: dict[str, EntityCode] = {"counter": counter}


async def play(path: Path, fate: Fate) -> None:
    """Start everything while the host lives."""
    async with Hub(path, ORCHESTRATORS, ACTIVITIES, fate, entities=ENTITIES) as hub:
        try:
            for name, given in STARTS:
                await hub.start(name, name, given)
            await hub.send("waiting", events.event_raised(name="go", input="7", now=hub.clock.now()))
            await collect(hub)
        except Died:
            return
        await hub.finished(*INSTANCES)


async def recover(path: Path) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Run a new host on the same file. Clients repeat the requests that got no answer, then everything ends."""
    async with Hub(path, ORCHESTRATORS, ACTIVITIES, entities=ENTITIES) as hub:
        for name, given in STARTS:
            if hub.status(name) is None:
                await hub.start(name, name, given)
        if not was_raised(hub):
            await hub.send("waiting", events.event_raised(name="go", input="7", now=hub.clock.now()))
        await collect(hub)
        await hub.finished(*INSTANCES)
        every = [row["id"] for row in hub.database.read.all("list_instances", **EVERYTHING)]
        outputs = {i: (hub.status(i), hub.output(i)) for i in INSTANCES}
        return outputs, {i: essence(hub.history(i)) for i in sorted(every) if ":own" in i or i in INSTANCES}


def was_raised(hub: Hub) -> bool:
    """Return whether the event is in the file, waiting or taken."""
    if hub.status("waiting") in store.FINISHED:
        return True
    taken = any(e.get("Name") == "go" for e in hub.history("waiting"))
    return taken or any(b"EventRaised" in m["event"] or b'"go"' in m["event"] for m in messages(hub))


async def collect(hub: Hub) -> None:
    """Raise the events that are not raised yet."""
    for number in COLLECTED[already_collected(hub) :]:
        await hub.send("collecting", events.event_raised(name="next", input=str(number), now=hub.clock.now()))


def already_collected(hub: Hub) -> int:
    """Return how many events the file has: taken by earlier generations, in the history, or on their way."""
    with hub.database.snapshot() as read:
        row = read.one("find_instance", id="collecting")
        if row is None or row["status"] in store.FINISHED:
            return 0 if row is None else len(COLLECTED)
        raised = [e for e in store.load_history(read, "collecting") if e["EventType"] == Kind.EVENT_RAISED]
        waiting = [m for m in messages(hub, "collecting") if b'"next"' in m["event"]]
        return len(json.loads(json.loads(row["input"]))) + len(raised) + len(waiting)


def messages(hub: Hub, instance: str = "waiting") -> list[Any]:
    """Return the messages on their way to an instance."""
    return hub.database.read.all("read_messages", instance=instance)


EVERYTHING = {"after": "", "prefix": None, "created_from": None, "created_to": None, "statuses": None, "top": -1}


async def die_everywhere(folder: Path) -> None:
    """Play the scenarios undisturbed, then once for each boundary with the host's death there."""
    undisturbed = Fate()
    await play(folder / "undisturbed.db", undisturbed)
    expected = await recover(folder / "undisturbed.db")
    assert expected[0]["story"] == ("Completed", [2, [0, 2], [8, 10]])
    assert expected[0]["collecting"] == ("Completed", COLLECTED)
    assert expected[0]["counting"] == ("Completed", 8)
    for boundary in range(undisturbed.passed):
        path = folder / f"{boundary}.db"
        await play(path, Fate(boundary))
        assert await recover(path) == expected, f"died at boundary {boundary} of {undisturbed.passed}"


def test_every_boundary_can_be_the_last() -> None:
    """A host that dies before or after any commit or call leads, after a restart, to the same outputs and histories."""
    memory = "/dev/shm"  # where there is one: what is tested is the order of things, not the disk
    with TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        asyncio.run(die_everywhere(Path(folder)))
