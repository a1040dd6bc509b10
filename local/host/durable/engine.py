"""Runs orchestrations: takes turns, runs activities, fires timers. The database decides what there is to do.

Nothing is reported before it is committed. Turns and activities under way, and the queues below, are lost with the
process; the next start reads them from the database again.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from local.host.clock import Clock
from local.host.durable import answers, entities, entity_calls, failures, leases
from local.host.durable.activity_calls import ActivityCalls
from local.host.durable.answers import Answer
from local.host.durable.due_timers import DueTimers
from local.host.durable.entity_calls import EntityCalls
from local.host.durable.events import Event, Kind
from local.host.durable.leases import Leases
from local.host.durable.turn import Outcome, Turn, apply, begin
from local.host.storage import store
from local.host.storage.database import Database
from local.host.storage.store import Activity, DueTimer, Saved
from local.host.telemetry.observer import SILENT, Observer
from local.host.workers.calls import Aborted, Died, TimedOut
from local.host.workers.wire import Header

Invoke = Callable[..., Coroutine[Any, Any, tuple[Header, bytes]]]


@dataclass
class Functions:
    """The app's functions that orchestrations call."""

    orchestrators: dict[str, str] = field(default_factory=dict)  # by lower-case name, because the host ignores case
    activities: dict[str, str] = field(default_factory=dict)
    entities: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How many turns and activities run at once, and for how long."""

    activities: int
    orchestrators: int
    timeout: float | None
    worker: str = "python"  # the name of a worker in failures
    visibility: float | None = None  # seconds for which the activities of a killed host wait; None: they do not


class Engine:
    """One task hub."""

    def __init__(
        self,
        database: Database,
        invoke: Invoke,
        clock: Clock,
        limits: Limits,
        version: str | None = None,
        observer: Observer = SILENT,
    ) -> None:
        self._database = database
        self._invoke = invoke
        self._clock = clock
        self._limits = limits
        self._observer = observer
        self._version = version  # of sub-orchestrations whose call has none
        self.functions = Functions()
        self._ready: dict[str, None] = {}  # instances with messages, in the order in which they got them
        self._in_turn: set[str] = set()
        self._again: set[str] = set()  # got messages while in a turn
        self._waiting: deque[Activity] = deque()
        self._running = 0
        self._leases = Leases(database, clock, limits.visibility) if limits.visibility else None
        self._activities = ActivityCalls(
            database=database,
            invoke=invoke,
            clock=clock,
            timeout=limits.timeout,
            worker=limits.worker,
            observer=observer,
        )
        self._entities = EntityCalls(invoke=invoke, clock=clock, timeout=limits.timeout, worker=limits.worker)
        self._timers = DueTimers(clock, self._fire)
        self._work: set[asyncio.Task[None]] = set()  # turns and activities
        self._watches: set[asyncio.Task[None]] = set()
        self._stopped = False

    async def start(self) -> None:
        """Continue everything that is unfinished in the database."""
        read = self._database.read
        activities = leases.unfinished(read, self._clock.now().timestamp())
        self.take_up(
            Saved(
                wake=tuple(row["instance"] for row in read.all("instances_with_messages")),
                activities=tuple(activity for activity, wait in activities if not wait),
                timers=tuple(DueTimer(**row) for row in read.all("all_timers")),
            )
        )
        self._watch(self._timers.watch(), "The durable timers' clock")
        for activity, wait in activities:
            if wait:
                self._watch(self._take_up_later(activity, wait), f"The lease of {activity.name} of {activity.instance}")
        if self._leases is not None:
            self._watch(self._leases.keep(), "The leases of activities")

    async def drain(self) -> None:
        """Begin nothing new; return when every turn and activity under way has ended and is recorded."""
        self._stopped = True
        while self._work:
            await asyncio.wait(self._work)

    async def stop(self) -> None:
        """Drop what is under way. It is unfinished in the database, so the next start does it again."""
        self._stopped = True
        tasks = self._work | self._watches
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def idle(self) -> bool:
        """Whether no turn and no activity runs in a worker."""
        return not self._in_turn and not self._running

    async def change(self, job: Callable[[Any], Saved]) -> None:
        """Write a change and start what follows from it."""
        self.take_up(await self._database.write(job))

    def take_up(self, saved: Saved) -> None:
        """Start what follows from a committed change."""
        for instance in saved.wake:
            if instance in self._in_turn:
                self._again.add(instance)
            else:
                self._ready[instance] = None
        self._waiting.extend(saved.activities)
        self._timers.add(saved.timers)
        self._dispatch()

    def _fire(self, timer: DueTimer) -> None:
        job = self.change(lambda q: store.fire_timer(q, timer, self._clock.now()))
        self._spawn(job, f"A timer of {timer.instance}")

    async def _take_up_later(self, activity: Activity, seconds: float) -> None:
        """Run an activity that a killed host left under way, after its lease has ended."""
        await self._clock.sleep(seconds)
        self.take_up(Saved(activities=(activity,)))

    def _dispatch(self) -> None:
        while self._waiting and self._running < self._limits.activities and not self._stopped:
            self._running += 1
            activity = self._waiting.popleft()
            self._spawn(self._run_activity(activity), f"Activity {activity.name} of {activity.instance}")
        while self._ready and len(self._in_turn) < self._limits.orchestrators and not self._stopped:
            instance = next(iter(self._ready))
            del self._ready[instance]
            self._in_turn.add(instance)
            self._spawn(self._take_turn(instance), f"A turn of {instance}")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._keep(self._work, work, name)

    def _watch(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._keep(self._watches, work, name)

    def _keep(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if isinstance(error, sqlite3.Error):
            self._database.give_up(error)
        elif error is not None:
            what = f"{task.get_name()} broke inside the host; the next start takes it up again"
            asyncio.get_running_loop().call_exception_handler({"message": what, "exception": error, "task": task})

    # ---- turns --------------------------------------------------------------------------------------------------

    async def _take_turn(self, instance: str) -> None:
        saved = Saved()
        try:
            saved = await self._turn(instance)
        except Aborted:
            saved = Saved(wake=(instance,))  # a neighbour's timeout took the worker: the same turn again
        finally:
            self._in_turn.discard(instance)
            if instance in self._again:
                self._again.discard(instance)
                self._ready[instance] = None
            self.take_up(saved)

    async def _turn(self, instance: str) -> Saved:
        with self._database.snapshot() as read:
            row = read.one("find_instance", id=instance)
            inbox = read.all("read_messages", instance=instance)
            history = store.load_history(read, instance)
        taken = [m["id"] for m in inbox]
        if _is_entity(instance, row):
            return await self._answer_requests(instance, row, taken, [orjson.loads(m["event"]) for m in inbox])
        if row is None or row["status"] in store.FINISHED:
            return await self._discard(taken)
        meant = [orjson.loads(m["event"]) for m in inbox if m["execution"] in (None, row["execution"])]
        turn = begin(history, meant, self._clock.now())
        if turn is None:
            return await self._discard(taken)
        outcome = self._outcome(turn, await self._ask(turn))
        saved = await self._save(row, taken, outcome)
        self._observer.turned(turn, outcome)
        return saved

    def _outcome(self, turn: Turn, answer: Answer) -> Outcome:
        """Apply the answer. One that reaches for an entity without a function fails the orchestration."""
        outcome = apply(turn, answer, self._clock.now(), lambda: uuid4().hex, self._version)
        reached = [e["InstanceId"] for e in outcome.events if e["EventType"] == Kind.EVENT_SENT]
        error = entity_calls.unknown(reached, self.functions.entities) if reached else None
        if error is None:
            return outcome
        return apply(turn, Answer(crash=error), self._clock.now(), lambda: uuid4().hex, self._version)

    async def _answer_requests(
        self, instance: str, row: sqlite3.Row | None, taken: list[int], messages: list[Event]
    ) -> Saved:
        requests = entities.requests_of(messages)
        if not requests:
            return await self._discard(taken)
        batch = await self._entities.answer(instance, row, requests, self.functions.entities)
        now = self._clock.now()
        return await self._database.write(lambda q: store.save_batch(q, taken, batch, now))

    async def _discard(self, taken: list[int]) -> Saved:
        if taken:
            await self._database.write(lambda q: store.discard_messages(q, taken))
        return Saved()

    async def _save(self, row: sqlite3.Row, taken: list[int], outcome: Outcome) -> Saved:
        now = self._clock.now()
        return await self._database.write(lambda q: store.save_turn(q, row, taken, outcome, now))

    async def _ask(self, turn: Turn) -> Answer:
        """Let the SDK replay the orchestrator; return its answer."""
        if turn.termination is not None:
            return Answer()
        name = turn.started["Name"]
        known = self.functions.orchestrators
        if name.lower() not in known:
            return Answer(crash=failures.unknown(name, "orchestrator", list(known.values())))
        body, header = orjson.dumps(turn.context), self._observer.turn(turn.started)
        try:
            header, text = await self._invoke(
                known[name.lower()], header, body, limit=self._limits.timeout, repeatable=True
            )
        except TimedOut as error:
            raise Aborted from error  # not failed, but called again, as on the Azure host
        except Died as death:
            return Answer(crash=f"One or more errors occurred. ({failures.exited(self._limits.worker, death.code)})")
        try:
            if header["ok"]:
                return answers.returned(text.decode())
            return answers.raised(header["message"], header["error"], header["stack"])
        except ValueError as error:  # the state is nested too deeply, or has a number of thousands of digits
            return Answer(crash=f"One or more errors occurred. ({error})")

    # ---- activities ---------------------------------------------------------------------------------------------

    async def _run_activity(self, activity: Activity) -> None:
        saved = Saved()
        if self._leases is not None:
            self._leases.hold(activity)
        try:
            event = await self._activities.result_of(activity, self.functions.activities)
            saved = await self._database.write(lambda q: store.finish_activity(q, activity, event))
        finally:
            self._running -= 1
            if self._leases is not None:
                self._leases.release(activity)
            self.take_up(saved)


def _is_entity(instance: str, row: sqlite3.Row | None) -> bool:
    """Return whether messages for this id are an entity's. Nothing is kept of an entity before its first batch."""
    return entities.named(instance) is not None if row is None else store.is_entity(row)
