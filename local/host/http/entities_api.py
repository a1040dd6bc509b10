"""The entities' part of the Durable Functions HTTP management API."""

import sqlite3
from typing import Any
from uuid import uuid4

from local.host.clock import Clock
from local.host.durable import entities, entity_calls, events
from local.host.durable.answers import compact, load
from local.host.durable.engine import Engine
from local.host.http import management_query as query
from local.host.http.reply import Reply, Request, as_json, empty
from local.host.storage import store
from local.host.storage.database import Database

NO_KEY = "$"  # stands for an empty key in an address


class EntitiesApi:
    """Reads, lists and signals entities."""

    def __init__(self, database: Database, engine: Engine, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock

    async def answer(self, request: Request, names: list[str]) -> Reply:
        """Answer a request; `names` is the entity's name and key, as far as the address has them."""
        match request.method, [name for name in names if name]:
            case "GET", [name, key]:
                return self._state(_instance(name, key))
            case "GET", found:
                return self._list(request, f"@{found[0].lower()}@" if found else "@")
            case "POST" | "DELETE", [name, key]:
                return await self._signal(request, _instance(name, key))
            case _:
                return empty(404)

    def _state(self, instance: str) -> Reply:
        row = self._database.read.one("find_instance", id=instance)
        if row is None or not store.is_entity(row):
            return empty(404)
        entity = entities.read(instance, row["input"])
        return as_json(200, _value(entity.state)) if entity.exists else empty(200)

    def _list(self, request: Request, prefix: str) -> Reply:
        """Return a page of entities. Deleted ones are listed only with their state, as on the Azure host."""
        fetch = bool(query.flag(request, "fetchState"))
        limit = query.page_size(request)
        rows = self._database.read.all(
            "list_entities",
            prefix=prefix,
            after=query.last_seen(request.headers.get("x-ms-continuation-token")),
            operated_from=query.time(request, "lastOperationTimeFrom"),
            operated_to=query.time(request, "lastOperationTimeTo"),
            top=limit + 1,
        )
        token = {"x_ms_continuation_token": query.token(rows[limit - 1]["id"])} if len(rows) > limit else {}
        found = [(row, entities.read(row["id"], row["input"])) for row in rows[:limit]]
        shown = [_shown(row, entity, fetch=fetch) for row, entity in found if fetch or entity.exists]
        return as_json(200, shown, **token)

    async def _signal(self, request: Request, instance: str) -> Reply:
        unknown = entity_calls.unknown([instance], self._engine.functions.entities)
        if unknown is not None:
            return as_json(400, {"Message": unknown})
        try:
            given = _given(request)
        except ValueError as error:
            return as_json(400, {"Message": f"Could not parse JSON content: {error}"})
        now = self._clock.now()
        text = entities.request(
            operation="delete" if request.method == "DELETE" else request.argument("op") or "",
            input=given,
            identity=str(uuid4()),
            now=now,
            caller=None,
            signal=True,
        )
        event = events.event_raised(name=entities.OPERATION, input=text, now=now)
        await self._engine.change(lambda q: store.add_message(q, instance, event))
        return empty(202)


def _instance(name: str, key: str) -> str:
    return entities.instance_of(name, "" if key == NO_KEY else key)


def _given(request: Request) -> str | None:
    """Return the operation's input as JSON text: a body of another type than JSON is a text.

    A request that says that its body has no bytes has no input; one that says nothing has an empty text, as on Azure.
    """
    if request.headers.get("content-length") == "0":
        return None
    content = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return compact(load(request.body) if content == "application/json" else request.body.decode(errors="replace"))


def _shown(row: sqlite3.Row, entity: entities.Entity, *, fetch: bool) -> dict[str, Any]:
    return {
        "entityId": {"name": entity.name, "key": entity.key},
        "lastOperationTime": row["updated"],
        "state": _value(entity.state) if fetch else None,
    }


def _value(state: str | None) -> Any:
    return None if state is None else load(state)
