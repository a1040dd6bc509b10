"""The app's functions as the host knows them, and the answers of its HTTP functions."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.host import bindings
from local.host.engine import Functions
from local.host.pool import Aborted, Died, Pool, TimedOut
from local.host.reply import Reply, Request, empty
from local.host.routes import Route, find, route_of


class Refused(Exception):
    """The app asks for something whose absence would lose work."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Everything an app registers, sorted by what the host does with it."""

    all: list[dict[str, Any]]
    routes: list[Route] = field(default_factory=list)
    timers: dict[str, dict[str, Any]] = field(default_factory=dict)  # name: its trigger's binding
    durable: Functions = field(default_factory=Functions)
    clients: frozenset[str] = frozenset()  # functions that take a durable client
    unsupported: dict[str, str] = field(default_factory=dict)  # name: why


def register(described: list[dict[str, Any]], prefix: str) -> Registered:
    """Sorts what the app registers; raises Refused for a trigger whose messages would be lost."""
    unsupported = {f["name"]: f["reason"] for f in described if f["reason"]}
    for function in described:
        if function["trigger"] not in bindings.SUPPORTED_TRIGGERS | bindings.HARMLESS_TRIGGERS:
            raise Refused(
                f"Function {function['name']!r} waits for {function['trigger']}, which this host does not have: what "
                "arrives there would be lost. Take the function out of the app while it runs here."
            )
    usable = [f for f in described if not f["reason"]]
    return Registered(
        all=described,
        routes=[route_of(f["name"], _trigger(f), prefix) for f in usable if f["trigger"] == bindings.HTTP],
        timers={f["name"]: _trigger(f) for f in usable if f["trigger"] == bindings.TIMER},
        durable=Functions(
            orchestrators=_called(usable, bindings.ORCHESTRATION, "orchestration"),
            activities=_called(usable, bindings.ACTIVITY, "activity"),
        ),
        clients=frozenset(f["name"] for f in usable if any(b["type"] == bindings.CLIENT for b in f["bindings"])),
        unsupported=unsupported,
    )


def _trigger(function: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(b for b in function["bindings"] if b["type"] == function["trigger"])
    return found


def _called(functions: list[dict[str, Any]], trigger: str, key: str) -> dict[str, str]:
    """By the name under which it is called, which may be another than the function's own."""
    found = [f for f in functions if f["trigger"] == trigger]
    return {str(_trigger(f).get(key) or f["name"]).lower(): f["name"] for f in found}


class HttpFunctions:
    """Answers requests by the app's own HTTP functions."""

    def __init__(self, pool: Pool, timeout: float | None, allowed: Callable[[list[str], str], bool]) -> None:
        self._pool = pool
        self._timeout = timeout
        self._allowed = allowed
        self.registered = Registered(all=[])
        self.client = ""

    async def answer(self, request: Request) -> Reply | None:
        """The function's reply, or None when there is no function for this."""
        found = find(self.registered.routes, request.method, request.path)
        if found is None:
            return None
        route, parameters = found
        if not self._allowed(request.keys, route.level):
            return empty(401)
        header = {
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "query": request.query,
            "route": parameters,
            "client": self.client if route.function in self.registered.clients else None,
        }
        return await self._call(route.function, header, request.body)

    async def _call(self, function: str, header: dict[str, Any], body: bytes) -> Reply:
        try:
            answer, payload = await self._pool.invoke(function, header, body, limit=self._timeout)
        except (TimedOut, Died, Aborted):
            return empty(500)  # the pool has said what happened
        if not answer["ok"]:
            self._pool.report(f"Function {function} failed: {answer['error']}\n{answer['stack']}")
            return empty(500)
        headers = [(n, v) for n, v in answer["headers"] if n.lower() != "content-length"]
        cookies = [("Set-Cookie", c) for c in answer["cookies"]]
        return Reply(status=answer["status"], body=payload, headers=[*headers, *cookies])
