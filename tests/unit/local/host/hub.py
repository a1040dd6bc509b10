"""A task hub in one process: the real file, the real engine and the real SDK, with functions instead of workers."""

import asyncio
import inspect
import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from azure.durable_functions import Entity
from azure.functions._durable_functions import EntityContext

from local.host.durable import answers, events
from local.host.durable.engine import Engine, Functions, Limits
from local.host.durable.events import Event, Kind
from local.host.storage import store
from local.host.storage.database import Database, Job, T
from local.host.workers.wire import Header
from tests.unit.local.host.pure import START, Code, ask

Activity = Callable[[Any], Any]
EntityCode = Callable[..., None]
PATIENCE = 10.0  # seconds of real time in which anything here must have happened


class JumpingClock:
    """A clock that sleeping moves, so that no test waits."""

    def __init__(self) -> None:
        self._now = START
        self.jumping = True

    def now(self) -> datetime:
        """Return a slightly later time at each call, so that no two are the same."""
        self._now += timedelta(milliseconds=10)
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Move the time on after everything that is ready has run."""
        await asyncio.sleep(0)
        while not self.jumping:  # noqa: ASYNC110 - a switch that a test turns, not an event of the host
            await asyncio.sleep(0.001)
        self._now += timedelta(seconds=max(0, seconds))


class Died(Exception):
    """The host is dead, and nothing that it was doing goes on."""


class Fate:
    """Lets the host die at the boundary with this number, and counts all boundaries."""

    def __init__(self, boundary: int | None = None) -> None:
        self._boundary = boundary
        self.passed = 0
        self.dead = asyncio.Event()

    def meet(self) -> None:
        """Pass a boundary: something is about to be sent or kept, or has just been."""
        if self.passed == self._boundary:
            self.dead.set()
        if self.dead.is_set():
            raise Died
        self.passed += 1


class FatedDatabase(Database):
    """A database whose host can die before and after each commit."""

    def __init__(self, path: Path, fate: Fate) -> None:
        super().__init__(path, on_broken=_never)
        self._fate = fate

    async def write(self, job: Job[T], *, synced: bool = True) -> T:
        """Commit unless the host dies before."""
        self._fate.meet()
        done = await super().write(job, synced=synced)
        self._fate.meet()
        return done


class Hub:
    """One start of a host on a file; used as an async context manager."""

    def __init__(
        self,
        path: Path,
        orchestrators: dict[str, Code],
        activities: dict[str, Activity],
        fate: Fate | None = None,
        visibility: float | None = None,
        entities: dict[str, EntityCode] | None = None,
    ) -> None:
        self.fate = fate or Fate()
        self.clock = JumpingClock()
        self.called: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self._orchestrators = orchestrators
        self._activities = activities
        self._entities = entities or {}
        self.database = FatedDatabase(path, self.fate)
        limits = Limits(activities=10, orchestrators=5, timeout=None, visibility=visibility)
        self.engine = Engine(self.database, self._invoke, self.clock, limits)
        self.engine.functions = Functions(
            orchestrators={n.lower(): n for n in orchestrators},
            activities={n.lower(): n for n in activities},
            entities={n.lower(): n for n in self._entities},
        )

    async def __aenter__(self) -> "Hub":
        asyncio.get_running_loop().set_exception_handler(_expect_death)
        await self.engine.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.engine.stop()
        self.database.close()

    async def start(self, name: str, instance: str, given: Any = None) -> None:
        """Start an instance as a client does."""
        start = events.execution_started(
            instance=instance,
            execution=f"{instance}-x",
            name=name,
            input=json.dumps(json.dumps(given)),
            now=self.clock.now(),
        )
        await self.engine.change(lambda q: store.start_instance(q, start))

    async def send(self, instance: str, event: Event) -> None:
        """Send an external event."""
        await self.engine.change(lambda q: store.add_message(q, instance, event))

    async def finished(self, *instances: str) -> None:
        """Wait until these instances are over, or the host is dead."""
        await self.until(lambda: self.fate.dead.is_set() or all(map(self._is_finished, instances)))

    async def until(self, holds: Callable[[], Any]) -> None:
        """Wait until the condition holds."""
        async with asyncio.timeout(PATIENCE):
            while not holds():  # noqa: ASYNC110 - the file is the only one who knows; there is no event to wait for
                await asyncio.sleep(0.001)

    def status(self, instance: str) -> str | None:
        row = self.database.read.one("find_instance", id=instance)
        return row["status"] if row else None

    def output(self, instance: str) -> Any:
        row = self.database.read.one("find_instance", id=instance)
        assert row is not None
        return json.loads(row["output"]) if row["output"] else None

    def history(self, instance: str) -> list[Event]:
        return store.load_history(self.database.read, instance)

    def _is_finished(self, instance: str) -> bool:
        return self.status(instance) in store.FINISHED

    async def _invoke(self, name: str, header: Header, body: bytes, **_: Any) -> tuple[Header, bytes]:
        self.fate.meet()
        if name in self._orchestrators:
            answer = _as_worker(self._orchestrators[name], json.loads(body))
        elif name in self._entities:
            answer = _as_entity(self._entities[name], body)
        else:
            answer = await self._run(name, json.loads(body))
        self.fate.meet()
        return answer

    async def _run(self, name: str, given: Any) -> tuple[Header, bytes]:
        self.called[f"{name}({given})"] += 1
        try:
            value = self._activities[name](given)
            value = await value if inspect.isawaitable(value) else value
        except Exception as error:  # noqa: BLE001 - whatever an activity raises is its answer
            return {"ok": False, "error": f"{type(error).__name__}: {error}", "message": str(error), "stack": ""}, b""
        finally:
            self.answered[f"{name}({given})"] += 1
        return {"ok": True}, json.dumps(value).encode()


def essence(history: list[Event]) -> list[str]:
    """Return what a history contains, without what depends on which events share a turn."""
    hidden = {"Timestamp", "FireAt", "EventId", "IsPlayed", "OrchestrationInstance", "ParentInstance", "Details"}
    boundaries = {Kind.TURN_STARTED, Kind.TURN_COMPLETED}
    kept = [e for e in history if e["EventType"] not in boundaries]
    bare = [{k: v for k, v in _timeless(e).items() if k not in hidden} for e in kept]
    return sorted(json.dumps(e, sort_keys=True) for e in bare)


def _timeless(event: Event) -> Event:
    """Return the event; a request to an entity without the times in it."""
    if event["EventType"] != Kind.EVENT_SENT:
        return event
    request = json.loads(event["Input"])
    return {**event, "Input": {k: v for k, v in request.items() if k not in {"Timestamp", "requestTime"}}}


def _as_worker(code: Code, context: dict[str, Any]) -> tuple[Header, bytes]:
    """Return the SDK's answer in a worker's form."""
    answer = ask(code, context)
    if answer.crash is not None:
        return {"ok": False, "message": answer.crash, "error": answer.crash, "stack": ""}, b""
    state = {
        "isDone": answer.done,
        "actions": [answer.actions],
        "output": _value(answer.output),
        "customStatus": _value(answer.custom_status),
        "error": answer.error,
    }
    text = json.dumps(state)
    if answer.error is not None:
        return {"ok": False, "message": f"{answer.error}{answers.STATE_MARK}{text}", "error": "", "stack": ""}, b""
    return {"ok": True}, text.encode()


def _as_entity(code: EntityCode, context: bytes) -> tuple[Header, bytes]:
    """Return the SDK's answer to a batch in a worker's form."""
    try:
        return {"ok": True}, Entity.create(code)(EntityContext(context.decode())).encode()
    except Exception as error:  # noqa: BLE001 - a result that cannot be serialised
        return {"ok": False, "error": f"{type(error).__name__}: {error}", "message": str(error), "stack": ""}, b""


def _value(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def _never(error: BaseException) -> None:
    raise AssertionError(f"the database broke: {error}")


def _expect_death(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), Died):
        loop.default_exception_handler(context)
