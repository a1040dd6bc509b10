"""Entities on a real file with the real SDK, with functions instead of workers."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import azure.durable_functions as df
import pytest

from local.host.durable import entities, events
from local.host.durable.events import Kind
from local.host.storage import store
from tests.unit.local.host.hub import Hub
from tests.unit.local.host.pure import START, Code, Context, Pure

MINE = df.EntityId("Counter", "mine")
NOBODY = df.EntityId("nobody", "x")


def counter(context: Any) -> None:
    """Add to a number; refuse what is negative, after the number has changed. Two operations break the answer."""
    if context.operation_name == "object":
        context.set_result(object())
        return
    if context.operation_name == "deep":
        context.set_state(json.loads("[" * 300 + "]" * 300))
        return
    value = context.get_state(lambda: 0) + (context.get_input() or 0)
    context.set_state(value)
    context.set_result(value)
    if context.operation_name == "delete":
        context.destruct_on_exit()
    elif value < 0:
        raise ValueError("below zero")


def calls(context: Context) -> Any:
    """Call an operation, and return its result or the text of its failure."""
    operation, given = context.get_input()
    try:
        return (yield context.call_entity(MINE, operation, given))
    except Exception as error:  # noqa: BLE001 - the SDK's failures have no type of their own
        return str(error)


def signals(context: Context) -> Any:
    """Signal twice, and end without waiting for anything."""
    context.signal_entity(MINE, "add", 2)
    context.signal_entity(MINE, "add", 3)
    return "sent"


def generations(context: Context) -> Any:
    """Signal in each of three generations."""
    n = context.get_input()
    context.signal_entity(MINE, "add", n)
    if n < 3:
        context.continue_as_new(n + 1)
    return n


def fails(context: Context) -> Any:
    """Signal, then fail."""
    context.signal_entity(MINE, "add", 5)
    yield context.call_activity("nap")
    raise ValueError("afterwards")


def reaches(context: Context) -> Any:
    """Signal an entity that no function serves."""
    context.signal_entity(NOBODY, "add", 5)
    return "sent"


def asks(context: Context) -> Any:
    """Call an entity that no function serves."""
    return (yield context.call_entity(NOBODY, "add", 5))


CODE: list[Code] = [calls, signals, generations, fails, reaches, asks]
ORCHESTRATORS = {code.__name__: code for code in CODE}


def played(path: Path, do: Callable[[Hub], Coroutine[Any, Any, None]], **functions: Any) -> None:
    """Run a hub for one coroutine."""

    async def run() -> None:
        known = {"Counter": counter, **functions}
        async with Hub(path / "host.db", ORCHESTRATORS, {"nap": lambda _: None}, entities=known) as hub:
            await do(hub)

    asyncio.run(run())


def kept(hub: Hub) -> Any:
    """Return the entity's state, or None before its first batch."""
    row = hub.database.read.one("find_instance", id="@counter@mine")
    return None if row is None else json.loads(json.loads(row["input"])["state"])


async def ran(hub: Hub, name: str, given: Any = None) -> Any:
    """Run an orchestration to its end; return its output."""
    instance = f"{name}-{hub.clock.now().timestamp()}"
    await hub.start(name, instance, given)
    await hub.finished(instance)
    return hub.output(instance)


def test_a_call_returns_the_result_and_keeps_the_state(tmp_path: Path) -> None:
    """A call gets the operation's result, and the next one finds the state that it left."""

    async def do(hub: Hub) -> None:
        assert await ran(hub, "calls", ["add", 4]) == 4
        assert await ran(hub, "calls", ["add", 5]) == 9
        assert kept(hub) == 9

    played(tmp_path, do)


def test_an_entity_that_was_purged_during_its_batch_stays_away(tmp_path: Path) -> None:
    """What a batch has made of an entity is not kept when a purge has deleted the entity meanwhile."""

    async def do(hub: Hub) -> None:
        await ran(hub, "calls", ["add", 4])
        await hub.database.write(lambda q: store.add_message(q, "@counter@mine", {}))  # the engine does not hear of it
        taken = [row["id"] for row in hub.database.read.all("read_messages", instance="@counter@mine")]
        batch = entities.Batch(entity=entities.Entity(name="counter", key="mine", exists=True, state="9"), saved=True)
        assert await hub.database.write(lambda q: store.purge(q, ["@counter@mine"])) == 1
        await hub.database.write(lambda q: store.save_batch(q, taken, batch, hub.clock.now()))
        assert kept(hub) is None

    played(tmp_path, do)


def test_an_operation_that_raises_fails_its_call_and_keeps_its_change(tmp_path: Path) -> None:
    """The caller gets the text of what the operation raised; what it did to the state before stays."""

    async def do(hub: Hub) -> None:
        assert await ran(hub, "calls", ["add", -4]) == "below zero"
        assert kept(hub) == -4

    played(tmp_path, do)


def test_a_result_that_cannot_be_kept_fails_its_call(tmp_path: Path) -> None:
    """A batch that the SDK cannot answer fails its calls with the reason, and the entity stays as it was."""

    async def do(hub: Hub) -> None:
        assert await ran(hub, "calls", ["add", 4]) == 4
        assert (await ran(hub, "calls", ["object", None])).startswith("TypeError: ")
        assert await ran(hub, "calls", ["deep", None]) == "The JSON is nested deeper than 200 levels."
        assert await ran(hub, "calls", ["add", 1]) == 5

    played(tmp_path, do)


@pytest.mark.parametrize(("name", "status", "sum"), [("signals", "Completed", 5), ("fails", "Failed", 5)])
def test_signals_go_out_with_the_end_of_an_orchestration(tmp_path: Path, name: str, status: str, sum: int) -> None:
    """What an orchestration signals reaches the entity also if it ends in the same turn, well or badly."""

    async def do(hub: Hub) -> None:
        await hub.start(name, "me")
        await hub.until(lambda: kept(hub) == sum)
        await hub.finished("me")
        assert hub.status("me") == status

    played(tmp_path, do)


def test_each_generation_signals_once(tmp_path: Path) -> None:
    """A signal of a generation that continues as new arrives, once."""

    async def do(hub: Hub) -> None:
        await hub.start("generations", "me", 1)
        await hub.finished("me")
        await hub.until(lambda: kept(hub) == 6)

    played(tmp_path, do)


@pytest.mark.parametrize("name", ["reaches", "asks"])
def test_an_unknown_entity_fails_at_once(tmp_path: Path, name: str) -> None:
    """A signal or call of an entity without a function fails the orchestration and names the known ones."""

    async def do(hub: Hub) -> None:
        said = await ran(hub, name)
        assert said.startswith(f"Orchestrator function '{name}' failed: The function 'nobody' doesn't exist")
        assert said.endswith("the known entity functions: 'Counter'.")
        assert hub.status("@nobody@x") is None

    played(tmp_path, do)


def test_what_is_no_request_changes_no_entity(tmp_path: Path) -> None:
    """An event that is no request is dropped, whether the entity exists or not."""

    async def do(hub: Hub) -> None:
        for _ in range(2):
            await hub.send("@counter@mine", events.event_raised(name="hello", input="1", now=START))
            await hub.until(lambda: not hub.database.read.all("read_messages", instance="@counter@mine"))
            assert await ran(hub, "calls", ["add", 0]) == 0

    played(tmp_path, do)


def test_a_call_of_an_entity_keeps_nothing_open() -> None:
    """An instance ends while the call that lost a task_any is unanswered, as on the Azure host."""

    def code(context: Context) -> Any:
        tasks = [context.call_entity(MINE, "add", n) for n in range(2)]
        yield context.task_any(tasks)
        return "first"

    pure = Pure(code)
    sent = [e for e in pure.history if e["EventType"] == Kind.EVENT_SENT]
    assert pure.last.status == "Running"
    pure.take(pure.raised(json.loads(sent[1]["Input"])["id"], {"result": "1"}))
    assert (pure.last.status, pure.last.output) == ("Completed", '"first"')


@pytest.mark.parametrize(
    ("instance", "named"),
    [("@a@b", ("a", "b")), ("@a@", ("a", "")), ("@a@b@c", ("a", "b@c")), ("@x", None), ("a@b", None), ("@@b", None)],
)
def test_an_entitys_id_has_a_name_and_a_key(instance: str, named: tuple[str, str] | None) -> None:
    """An id is an entity's if a name stands between two @; the key is whatever follows."""
    assert entities.named(instance) == named
