"""Lets the app's entity functions answer the requests that wait for an entity."""

import sqlite3
from collections.abc import Callable, Coroutine
from typing import Any

import orjson

from local.host.clock import Clock
from local.host.durable import entities, failures
from local.host.durable.entities import Batch, Entity
from local.host.workers.calls import Died, TimedOut
from local.host.workers.wire import Header

Invoke = Callable[..., Coroutine[Any, Any, tuple[Header, bytes]]]
Requests = list[dict[str, Any]]


def unknown(instances: list[str], functions: dict[str, str]) -> str | None:
    """Return the text of the first of these entities that no function serves, or None."""
    names = (found[0] for found in map(entities.named, instances) if found)
    missing = next((name for name in names if name.lower() not in functions), None)
    return None if missing is None else failures.unknown(missing, "entity", list(functions.values()))


class EntityCalls:
    """Calls entity functions, one batch of requests at a time for each entity."""

    def __init__(self, *, invoke: Invoke, clock: Clock, timeout: float | None, worker: str) -> None:
        self._invoke = invoke
        self._clock = clock
        self._timeout = timeout
        self._worker = worker

    async def answer(
        self, instance: str, row: sqlite3.Row | None, requests: Requests, functions: dict[str, str]
    ) -> Batch:
        """Return what a batch of requests leads to; `functions` are the app's, by lower-case name."""
        entity = entities.read(instance, row["input"] if row else None)
        if (error := unknown([instance], functions)) is not None:
            return entities.failed(entity, requests, error, self._clock.now())
        return await self._ask(functions[entity.name], entity, requests)

    async def _ask(self, name: str, entity: Entity, requests: Requests) -> Batch:
        body = orjson.dumps(entities.context(entity, requests))
        try:
            header, answer = await self._invoke(name, {}, body, limit=self._timeout, repeatable=True)
        except TimedOut:
            return entities.failed(entity, requests, failures.timed_out(name, self._timeout or 0), self._clock.now())
        except Died as death:
            error = failures.exited(self._worker, death.code)
            return entities.failed(entity, requests, error, self._clock.now())
        if not header["ok"]:
            return entities.failed(entity, requests, header["error"], self._clock.now())
        try:
            return entities.answered(entity, requests, answer, self._clock.now())
        except ValueError as error:  # the state is nested too deeply, or has a number of thousands of digits
            return entities.failed(entity, requests, str(error), self._clock.now())
