"""The Durable Functions HTTP management API, for its webhook and, without keys, for the SDK's client in the workers."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from local.host.clock import Clock
from local.host.durable import events, rewind
from local.host.durable.answers import compact, load
from local.host.durable.engine import Engine
from local.host.http import management_query as query
from local.host.http import views
from local.host.http.entities_api import EntitiesApi
from local.host.http.reply import Reply, Request, as_json, empty
from local.host.storage import store
from local.host.storage.database import Database
from local.host.telemetry.observer import SILENT, Observer

WEBHOOK = "/runtime/webhooks/durabletask"
CONNECTION = "Storage"
NOT_JSON = {"Message": "Only application/json request content is supported"}
AN_ENTITY = {"Message": "An entity cannot be started, ended, suspended, rewound or sent an event; signal or purge it."}


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The names in clients' URLs, and the default version of new instances."""

    name: str
    code: str
    version: str | None = None  # of an orchestration whose start has none


class Management:
    """Every operation on instances. Each method takes a request and returns a reply."""

    def __init__(self, database: Database, engine: Engine, clock: Clock, hub: Hub, observer: Observer = SILENT) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._hub = hub
        self._observer = observer
        self._entities = EntitiesApi(database, engine, clock)
        self._operations: dict[str, Callable[[Request, sqlite3.Row], Any]] = {
            "terminate": self._terminate,
            "suspend": self._suspend,
            "resume": self._resume,
            "rewind": self._rewind,
        }

    async def answer(self, request: Request, path: str) -> Reply:
        """Answer a request; `path` is the part after the API's own address."""
        if (request.argument("taskHub") or self._hub.name).lower() != self._hub.name.lower():
            return empty(404)
        connection = request.argument("connection") or CONNECTION
        if connection.lower() != CONNECTION.lower():
            return _broken(f"Unable to find connection named '{connection}'.")
        parts = [unquote(part) for part in path.strip("/").split("/")]
        return await self._route(request, parts) if not any("/" in part for part in parts) else empty(404)

    async def _route(self, request: Request, parts: list[str]) -> Reply:
        """Choose the operation. Its words match in any case, but instance ids and event names do not."""
        posted = request.method == "POST"
        match [part.lower() for part in parts], parts[1:]:
            case ["instances"], _:
                return await self._many(request)
            case ["instances", _], [instance]:
                return await self._one(request, instance)
            case ["instances", _, _, *_], [instance, *_] if posted and self._is_entity(instance):
                return as_json(501, AN_ENTITY)
            case ["instances", _, "raiseevent", _], [instance, _, name] if posted and name:
                return await self._raise_event(request, instance, name)
            case ["instances", _, "restart"], [instance, _] if posted:
                return await self._restart(request, instance)
            case ["instances", _, operation], [instance, _] if (
                request.method == "POST" and operation in self._operations
            ):
                return await self._operate(request, instance, operation)
            case ["orchestrators", *_], [name, *rest] if posted and len(rest) < 2 and name:
                return await self._start(request, name, rest[0] if rest and rest[0] else uuid4().hex)
            case ["entities", *_], names:
                return await self._entities.answer(request, names)
            case _:
                return empty(404)

    def payload(self, origin: str, instance: str) -> dict[str, str]:
        """Return the URLs under which an instance is managed."""
        base = f"{origin}{WEBHOOK}/instances/{quote(instance, safe='')}"
        ours = f"taskHub={quote(self._hub.name)}&connection={CONNECTION}&code={self._hub.code}"
        return {
            "id": instance,
            "statusQueryGetUri": f"{base}?{ours}",
            "sendEventPostUri": f"{base}/raiseEvent/{{eventName}}?{ours}",
            "terminatePostUri": f"{base}/terminate?reason={{text}}&{ours}",
            "rewindPostUri": f"{base}/rewind?reason={{text}}&{ours}",
            "purgeHistoryDeleteUri": f"{base}?{ours}",
            "restartPostUri": f"{base}/restart?{ours}",
            "suspendPostUri": f"{base}/suspend?reason={{text}}&{ours}",
            "resumePostUri": f"{base}/resume?reason={{text}}&{ours}",
        }

    def client_binding(self, origin: str, rpc: str) -> str:
        """Return the text from which the SDK's client is made."""
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
        show_input = query.flag(request, "showInput") is not False
        body = views.status(row, show_input=show_input)
        if query.flag(request, "showHistory"):
            body["historyEvents"] = views.history(
                store.load_history(self._database.read, row["id"]),
                show_output=bool(query.flag(request, "showHistoryOutput")),
                show_input=show_input,
            )
        if row["status"] not in store.FINISHED:
            return as_json(202, body, Location=request.url, Retry_After="5")
        failed = row["status"] == "Failed" and query.flag(request, "returnInternalServerErrorOnFailure")
        return as_json(500 if failed else 200, body)

    async def _purge(self, row: sqlite3.Row) -> Reply:
        if row["status"] not in store.FINISHED and not store.is_entity(row):
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
                return as_json(404, f'No orchestration with instance ID "${instance}" found.')  # $ is the Azure host's
            return empty(404)
        if row["status"] in store.FINISHED and operation != "rewind":
            return empty(410)
        reply: Reply = await self._operations[operation](request, row)
        return reply

    async def _terminate(self, request: Request, row: sqlite3.Row) -> Reply:
        return await self._send(row, events.terminated(reason=request.argument("reason"), now=self._clock.now()))

    async def _suspend(self, request: Request, row: sqlite3.Row) -> Reply:
        if row["status"] == "Suspended":
            return _impossible("suspend", row)
        return await self._send(row, events.suspended(reason=request.argument("reason"), now=self._clock.now()))

    async def _resume(self, request: Request, row: sqlite3.Row) -> Reply:
        if row["status"] != "Suspended":
            return _impossible("resume", row)
        return await self._send(row, events.resumed(reason=request.argument("reason"), now=self._clock.now()))

    async def _rewind(self, request: Request, row: sqlite3.Row) -> Reply:
        if row["status"] != "Failed":
            return as_json(
                412,
                f"This orchestration has status {row['status']}, but only orchestrations in the "
                '"Failed" state can be rewound.',
            )
        note = rewind.request(request.argument("reason"), self._clock.now())
        await self._engine.change(lambda q: store.rewind(q, row["id"], note))
        return empty(202)

    async def _raise_event(self, request: Request, instance: str, name: str) -> Reply:
        row = self._find(instance)
        if row is None:
            return empty(404)
        if row["status"] in store.FINISHED:
            return empty(410)
        content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content != "application/json" or not request.body:
            return as_json(400, NOT_JSON)
        try:
            given = _compact(request.body)
        except ValueError as error:
            return _invalid_json(error)
        return await self._send(row, events.event_raised(name=name, input=given, now=self._clock.now()))

    async def _send(self, row: sqlite3.Row, event: events.Event) -> Reply:
        await self._engine.change(lambda q: store.add_message(q, row["id"], event))
        return empty(202)

    async def _restart(self, request: Request, instance: str) -> Reply:
        row = self._find(instance)
        if row is None:
            return as_json(400, {"Message": "InstanceId does not match a valid orchestration instance."})
        same = query.flag(request, "restartWithNewInstanceId") is False
        fresh = instance if same else uuid4().hex
        try:
            wait = query.waiting(request)
            await self._create(request, row["name"], fresh, row["input"] if row["input"] is not None else "null")
        except query.Unsuitable as error:
            return as_json(400, {"Message": str(error)})
        except store.AlreadyExists:
            return as_json(409, {"Message": "A non-terminal instance with this instance ID already exists."})
        return await self._wait(request, fresh, *wait) if wait else self._started(request, fresh)

    # ---- starting -----------------------------------------------------------------------------------------------

    async def _start(self, request: Request, name: str, instance: str) -> Reply:
        try:
            given = _compact(request.body) if request.body.strip() else None
            wait = query.waiting(request)
        except query.Unsuitable as error:
            return as_json(400, {"Message": str(error)})
        except ValueError as error:
            return _invalid_json(error)
        try:
            await self._create(request, name, instance, given, request.argument("version"))
        except store.AlreadyExists as error:
            return as_json(409, {"Message": str(error)})
        return await self._wait(request, instance, *wait) if wait else self._started(request, instance)

    async def _create(
        self, request: Request, name: str, instance: str, given: str | None, version: str | None = None
    ) -> None:
        start = events.execution_started(
            instance=instance,
            execution=str(uuid4()),
            name=name,
            input=given,
            now=self._clock.now(),
            version=version or self._hub.version,
        )
        start = self._observer.started(start, request.headers.get("traceparent"))
        await self._engine.change(lambda q: store.start_instance(q, start))

    def _started(self, request: Request, instance: str) -> Reply:
        payload = self.payload(request.origin, instance)
        del payload["rewindPostUri"]
        return as_json(202, payload, Location=payload["statusQueryGetUri"], Retry_After="10")

    async def _wait(self, request: Request, instance: str, seconds: float, interval: float) -> Reply:
        """Return the output as soon as the instance has completed, or the whole status of a failure."""
        end = self._clock.now() + timedelta(seconds=seconds)
        while (left := (end - self._clock.now()).total_seconds()) > 0:
            row = self._find(instance)
            if row is not None and row["status"] == "Completed":
                return as_json(200, views.status(row, show_input=False)["output"])
            if row is not None and row["status"] in store.FINISHED:
                return self._status(request, row)
            await self._clock.sleep(min(interval, left))
        return self._started(request, instance)

    # ---- many instances -----------------------------------------------------------------------------------------

    async def _many(self, request: Request) -> Reply:
        if request.method == "GET":
            return self._list(request)
        return await self._purge_many(request) if request.method == "DELETE" else empty(404)

    def _list(self, request: Request) -> Reply:
        if (top := (request.argument("top") or "").strip()).startswith("-"):
            return _broken(f"'top' is {top}; it must not be negative.")
        limit = query.page_size(request)
        after = query.last_seen(request.headers.get("x-ms-continuation-token"))
        rows = self._select(request, query.STATUSES, after=after, top=limit + 1)
        shown = rows[:limit]
        show_input = query.flag(request, "showInput") is not False
        token = {"x_ms_continuation_token": query.token(shown[-1]["id"])} if len(rows) > limit else {}
        return as_json(200, [views.status(r, show_input=show_input) for r in shown], **token)

    async def _purge_many(self, request: Request) -> Reply:
        if query.time(request, "createdTimeFrom") is None:
            return as_json(400, "Please provide value for 'createdTimeFrom' parameter.")
        doomed = [r["id"] for r in self._select(request, tuple(store.FINISHED)) if r["status"] in store.FINISHED]
        if not doomed:
            return empty(404)
        deleted = await self._database.write(lambda q: store.purge(q, doomed))
        return as_json(200, {"instancesDeleted": deleted})

    def _select(self, request: Request, allowed: tuple[str, ...], after: str = "", top: int = -1) -> list[sqlite3.Row]:
        """Return the instances that fit the request's filters. A filter that cannot be parsed is ignored, as on the
        Azure host."""
        asked = query.statuses(request)
        statuses = [s for s in asked if s in allowed] if asked else None
        return self._database.read.all(
            "list_instances",
            after=after,
            prefix=request.argument("instanceIdPrefix") or None,
            created_from=query.time(request, "createdTimeFrom"),
            created_to=query.time(request, "createdTimeTo"),
            statuses=None if statuses is None else f",{','.join(statuses)},",
            top=top,
        )

    def _is_entity(self, instance: str) -> bool:
        row = self._find(instance)
        return row is not None and store.is_entity(row)

    def _find(self, instance: str) -> sqlite3.Row | None:
        return self._database.read.one("find_instance", id=instance)


def _compact(body: bytes) -> str:
    return compact(load(body))


def _impossible(operation: str, row: sqlite3.Row) -> Reply:
    state = f"instance is in the {row['status']} state"
    return _broken(f"Cannot {operation} the orchestration instance {row['id']} because {state}.")


def _invalid_json(error: ValueError) -> Reply:
    details = {"ExceptionMessage": str(error), "ExceptionType": "JsonReaderException", "StackTrace": ""}
    return as_json(400, {"Message": "Invalid JSON content", **details})


def _broken(message: str) -> Reply:
    details = {"ExceptionMessage": message, "ExceptionType": "ArgumentException", "StackTrace": ""}
    return as_json(500, {"Message": "Something went wrong while processing your request", **details})
