"""The Durable Functions HTTP management API, for its webhook and, without keys, for the SDK's client in the workers."""

import asyncio
import base64
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from local.host import events, rewind, store, views
from local.host.answers import compact, load
from local.host.clock import Clock
from local.host.database import Database
from local.host.engine import Engine
from local.host.reply import Reply, Request, as_json, empty

WEBHOOK = "/runtime/webhooks/durabletask"
CONNECTION = "Storage"
STATUSES = ("Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Pending", "Suspended")
NOT_JSON = {"Message": "Only application/json request content is supported"}
DEFAULT_POLL = 1.0  # seconds between looks at an instance that a caller waits for


@dataclass(frozen=True, kw_only=True)
class Hub:
    """Names in the addresses that clients are given."""

    name: str
    code: str


class Management:
    """Every operation on instances; each method takes a request and gives back a reply."""

    def __init__(self, database: Database, engine: Engine, clock: Clock, hub: Hub) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._hub = hub
        self._operations: dict[str, Callable[[Request, sqlite3.Row], Any]] = {
            "terminate": self._terminate,
            "suspend": self._suspend,
            "resume": self._resume,
            "rewind": self._rewind,
        }

    async def answer(self, request: Request, path: str) -> Reply:
        """Answers a request whose path behind the API's own address is given."""
        if request.query.get("taskHub", self._hub.name).lower() != self._hub.name.lower():
            return empty(404)
        if request.query.get("connection", CONNECTION).lower() != CONNECTION.lower():
            return _broken(f"Unable to find connection named '{request.query['connection']}'.")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        return await self._route(request, parts) if not any("/" in part for part in parts) else empty(404)

    async def _route(self, request: Request, parts: list[str]) -> Reply:
        match parts:
            case ["instances"]:
                return await self._many(request)
            case ["instances", instance]:
                return await self._one(request, instance)
            case ["instances", instance, "raiseEvent", name] if request.method == "POST" and name:
                return await self._raise_event(request, instance, name)
            case ["instances", instance, "restart"] if request.method == "POST":
                return await self._restart(request, instance)
            case ["instances", instance, operation] if request.method == "POST" and operation in self._operations:
                return await self._operate(request, instance, operation)
            case ["orchestrators", name, *rest] if request.method == "POST" and len(rest) < 2 and name:
                return await self._start(request, name, rest[0] if rest and rest[0] else uuid4().hex)
            case ["entities"] if request.method == "GET":
                return as_json(200, [])  # entities are not supported, so there are none
            case _:
                return empty(404)

    def payload(self, origin: str, instance: str) -> dict[str, str]:
        """The addresses under which an instance is managed."""
        base = f"{origin}{WEBHOOK}/instances/{instance}"
        query = f"taskHub={self._hub.name}&connection={CONNECTION}&code={self._hub.code}"
        return {
            "id": instance,
            "statusQueryGetUri": f"{base}?{query}",
            "sendEventPostUri": f"{base}/raiseEvent/{{eventName}}?{query}",
            "terminatePostUri": f"{base}/terminate?reason={{text}}&{query}",
            "rewindPostUri": f"{base}/rewind?reason={{text}}&{query}",
            "purgeHistoryDeleteUri": f"{base}?{query}",
            "restartPostUri": f"{base}/restart?{query}",
            "suspendPostUri": f"{base}/suspend?reason={{text}}&{query}",
            "resumePostUri": f"{base}/resume?reason={{text}}&{query}",
        }

    def client_binding(self, origin: str, rpc: str) -> str:
        """What the SDK's client is made from."""
        create = f"{origin}{WEBHOOK}/orchestrators/{{functionName}}[/{{instanceId}}]"
        wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}"
        return json.dumps(
            {
                "taskHubName": self._hub.name,
                "creationUrls": {
                    "createNewInstancePostUri": f"{create}?code={self._hub.code}",
                    "createAndWaitOnNewInstancePostUri": f"{create}?{wait}&code={self._hub.code}",
                },
                "managementUrls": self.payload(origin, "INSTANCEID"),
                "rpcBaseUrl": rpc,
            }
        )

    # ---- one instance -------------------------------------------------------------------------------------------

    async def _one(self, request: Request, instance: str) -> Reply:
        row = self._find(instance)
        if row is None or request.method not in {"GET", "DELETE"}:
            return empty(404)
        if request.method == "DELETE":
            return await self._purge(row)
        return self._status(request, row)

    def _status(self, request: Request, row: sqlite3.Row) -> Reply:
        show_input = not _is(request, "showInput", "false")
        body = views.status(row, show_input=show_input)
        if _is(request, "showHistory", "true"):
            body["historyEvents"] = views.history(
                store.load_history(self._database.read, row["id"]),
                show_output=_is(request, "showHistoryOutput", "true"),
                show_input=show_input,
            )
        if row["status"] not in store.FINISHED:
            return as_json(202, body, Location=request.url, Retry_After="5")
        failed = row["status"] == "Failed" and _is(request, "returnInternalServerErrorOnFailure", "true")
        return as_json(500 if failed else 200, body)

    async def _purge(self, row: sqlite3.Row) -> Reply:
        if row["status"] not in store.FINISHED:
            return as_json(
                412,
                "Only orchestrations in a terminal state can be purged, but the orchestration with instance ID "
                f"{row['id']} has status {row['status']}",
            )
        deleted = await self._database.write(lambda q: store.purge(q, [row["id"]]))
        return as_json(200, {"instancesDeleted": 1}) if deleted else empty(404)

    async def _operate(self, request: Request, instance: str, operation: str) -> Reply:
        row = self._find(instance)
        if row is None:
            if operation == "rewind":
                return as_json(404, f'No orchestration with instance ID "${instance}" found.')  # $ is the real host's
            return empty(404)
        if row["status"] in store.FINISHED and operation != "rewind":
            return empty(410)
        reply: Reply = await self._operations[operation](request, row)
        return reply

    async def _terminate(self, request: Request, row: sqlite3.Row) -> Reply:
        return await self._send(row, events.terminated(reason=request.query.get("reason"), now=self._clock.now()))

    async def _suspend(self, request: Request, row: sqlite3.Row) -> Reply:
        if row["status"] == "Suspended" and not self._expects_messages(row):
            return empty(202)
        return await self._send(row, events.suspended(reason=request.query.get("reason"), now=self._clock.now()))

    async def _resume(self, request: Request, row: sqlite3.Row) -> Reply:
        if row["status"] != "Suspended" and not self._expects_messages(row):
            return empty(202)
        return await self._send(row, events.resumed(reason=request.query.get("reason"), now=self._clock.now()))

    def _expects_messages(self, row: sqlite3.Row) -> bool:
        """Whether the status is about to change: a suspend on its way must not swallow the resume behind it."""
        return bool(self._database.read.all("read_messages", instance=row["id"]))

    async def _rewind(self, request: Request, row: sqlite3.Row) -> Reply:
        if row["status"] != "Failed":
            return as_json(
                412,
                f"This orchestration has status {row['status']}, but only orchestrations in the "
                '"Failed" state can be rewound.',
            )
        note = rewind.request(request.query.get("reason"), self._clock.now())
        await self._engine.change(lambda q: store.rewind(q, row["id"], note))
        return empty(202)

    async def _raise_event(self, request: Request, instance: str, name: str) -> Reply:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return as_json(400, NOT_JSON)
        if not request.body.strip():
            return as_json(400, NOT_JSON)
        try:
            given = _compact(request.body)
        except ValueError as error:
            return _invalid_json(error)
        row = self._find(instance)
        if row is None:
            return empty(404)
        if row["status"] in store.FINISHED:
            return empty(410)
        return await self._send(row, events.event_raised(name=name, input=given, now=self._clock.now()))

    async def _send(self, row: sqlite3.Row, event: events.Event) -> Reply:
        await self._engine.change(lambda q: store.add_message(q, row["id"], event))
        return empty(202)

    async def _restart(self, request: Request, instance: str) -> Reply:
        row = self._find(instance)
        if row is None:
            return as_json(400, {"Message": "InstanceId does not match a valid orchestration instance."})
        same = _is(request, "restartWithNewInstanceId", "false")
        fresh = instance if same else uuid4().hex
        try:
            await self._create(row["name"], fresh, row["input"] if row["input"] is not None else "null")
        except store.AlreadyExists:
            return as_json(409, {"Message": "A non-terminal instance with this instance ID already exists."})
        return self._started(request, fresh)

    # ---- starting -----------------------------------------------------------------------------------------------

    async def _start(self, request: Request, name: str, instance: str) -> Reply:
        try:
            given = _compact(request.body) if request.body.strip() else None
            wait = _waiting_time(request.query)
        except _Unsuitable as error:
            return as_json(400, {"Message": str(error)})
        except ValueError as error:
            return _invalid_json(error)
        try:
            await self._create(name, instance, given)
        except store.AlreadyExists as error:
            return as_json(409, {"Message": str(error)})
        if wait is None:
            return self._started(request, instance)
        return await self._wait(request, instance, *wait)

    async def _create(self, name: str, instance: str, given: str | None) -> None:
        start = events.execution_started(
            instance=instance, execution=uuid4().hex, name=name, input=given, now=self._clock.now()
        )
        await self._engine.change(lambda q: store.start_instance(q, start))

    def _started(self, request: Request, instance: str) -> Reply:
        payload = self.payload(request.origin, instance)
        del payload["rewindPostUri"]
        return as_json(202, payload, Location=payload["statusQueryGetUri"], Retry_After="10")

    async def _wait(self, request: Request, instance: str, seconds: float, interval: float) -> Reply:
        """Answers with the bare output as soon as there is one."""
        for _ in range(max(1, round(seconds / interval))):
            await asyncio.sleep(interval)
            row = self._find(instance)
            if row is not None and row["status"] in store.FINISHED:
                body = views.status(row, show_input=True)
                return as_json(200, body["output"] if row["status"] == "Completed" else body)
        return self._started(request, instance)

    # ---- many instances -----------------------------------------------------------------------------------------

    async def _many(self, request: Request) -> Reply:
        if request.method == "GET":
            return self._list(request)
        return await self._purge_many(request) if request.method == "DELETE" else empty(404)

    def _list(self, request: Request) -> Reply:
        top = request.query.get("top", "")
        if top.startswith("-"):
            return _broken(f"'top' is {top}; it must not be negative.")
        limit = int(top) if top.isdigit() and int(top) else None
        after = _last_seen(request.headers.get("x-ms-continuation-token"))
        rows = self._select(request, STATUSES, after=after, top=limit + 1 if limit else -1)
        more = limit is not None and len(rows) > limit
        rows = rows[:limit]
        show_input = not _is(request, "showInput", "false")
        token = {"x_ms_continuation_token": _token(rows[-1]["id"])} if more else {}
        return as_json(200, [views.status(r, show_input=show_input) for r in rows], **token)

    async def _purge_many(self, request: Request) -> Reply:
        if _time(request.query.get("createdTimeFrom")) is None:
            return as_json(400, "Please provide value for 'createdTimeFrom' parameter.")
        doomed = [r["id"] for r in self._select(request, tuple(store.FINISHED)) if r["status"] in store.FINISHED]
        if not doomed:
            return empty(404)
        deleted = await self._database.write(lambda q: store.purge(q, doomed))
        return as_json(200, {"instancesDeleted": deleted})

    def _select(self, request: Request, allowed: tuple[str, ...], after: str = "", top: int = -1) -> list[sqlite3.Row]:
        """Instances by the request's filters; what cannot be understood filters nothing, as on the real host."""
        asked = [s for s in request.query.get("runtimeStatus", "").split(",") if s in STATUSES]
        statuses = [s for s in asked if s in allowed] if asked else None
        return self._database.read.all(
            "list_instances",
            after=after,
            prefix=request.query.get("instanceIdPrefix") or None,
            created_from=_time(request.query.get("createdTimeFrom")),
            created_to=_time(request.query.get("createdTimeTo")),
            statuses=None if statuses is None else f",{','.join(statuses)},",
            top=top,
        )

    def _find(self, instance: str) -> sqlite3.Row | None:
        return self._database.read.one("find_instance", id=instance)


class _Unsuitable(Exception):
    pass


def _is(request: Request, name: str, value: str) -> bool:
    return request.query.get(name, "").lower() == value


def _compact(body: bytes) -> str:
    return compact(load(body))


def _invalid_json(error: ValueError) -> Reply:
    details = {"ExceptionMessage": str(error), "ExceptionType": "JsonReaderException", "StackTrace": ""}
    return as_json(400, {"Message": "Invalid JSON content", **details})


def _broken(message: str) -> Reply:
    details = {"ExceptionMessage": message, "ExceptionType": "ArgumentException", "StackTrace": ""}
    return as_json(500, {"Message": "Something went wrong while processing your request", **details})


def _waiting_time(query: dict[str, str]) -> tuple[float, float] | None:
    """How long a start shall wait for the end, and how often to look; a junk timeout waits for nothing."""
    try:
        timeout = float(query["timeout"])
    except (KeyError, ValueError):
        return None
    text = query.get("pollingInterval", "")
    interval = float(text) if text.replace(".", "", 1).isdigit() and float(text) else DEFAULT_POLL
    if interval > timeout:
        raise _Unsuitable(f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}")
    return timeout, interval


def _time(text: str | None) -> str | None:
    """A time as it is kept, or None for what is not one."""
    try:
        return events.stamp(events.moment(text.replace(" ", "+"))) if text else None
    except ValueError:
        return None


def _token(last: str) -> str:
    return base64.b64encode(last.encode()).decode()


def _last_seen(token: str | None) -> str:
    try:
        return base64.b64decode(token.strip()).decode() if token else ""
    except ValueError:
        return ""
