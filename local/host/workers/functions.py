"""The app's functions as the host registers them, and the replies of its HTTP functions."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local.host.durable.engine import Functions
from local.host.http.reply import Reply, Request, empty
from local.host.http.routes import RESERVED, Route, find, normalised, route_of
from local.host.workers import bindings
from local.host.workers.calls import Aborted, Died, TimedOut
from local.host.workers.pool import Pool

FRAMING = {"content-length", "transfer-encoding"}  # the server sets these itself, from the body that it sends


class Refused(Exception):
    """The app uses a trigger whose absence would lose work."""


@dataclass(frozen=True, kw_only=True)
class Registered:
    """Everything that an app registers, sorted by its use."""

    all: list[dict[str, Any]]
    routes: list[Route] = field(default_factory=list)  # by function name, which is the order in which they are tried
    timers: dict[str, dict[str, Any]] = field(default_factory=dict)  # name: its trigger's binding
    durable: Functions = field(default_factory=Functions)
    clients: frozenset[str] = frozenset()  # functions that take a durable client
    streamed: frozenset[str] = frozenset()  # functions that read the body of a request as a stream
    unsupported: dict[str, str] = field(default_factory=dict)  # name: why
    warnings: list[str] = field(default_factory=list)


def register(described: list[dict[str, Any]], prefix: str) -> Registered:
    """Sort the functions that the app registers; raise Refused for a trigger whose messages would be lost."""
    for function in described:
        known = function["trigger"] in bindings.SUPPORTED_TRIGGERS | bindings.HARMLESS_TRIGGERS
        if not known and not function.get("disabled"):
            name = function["name"]
            raise Refused(
                f"Function {name!r} waits for {function['trigger']}, which this host does not have: what arrives there "
                f"would be lost. Disable it while the app runs here: set AzureWebJobs.{name}.Disabled to true."
            )
    usable = [f for f in described if not f["reason"]]
    routes, clashes = _routes([f for f in usable if f["trigger"] == bindings.HTTP], prefix)
    unsupported = {f["name"]: f["reason"] for f in described if f["reason"]} | clashes
    return Registered(
        all=[{**f, "reason": unsupported.get(f["name"])} for f in described],
        routes=routes,
        timers={f["name"]: {**_trigger(f), "retry": f.get("retry")} for f in usable if f["trigger"] == bindings.TIMER},
        durable=Functions(
            orchestrators=_called(usable, bindings.ORCHESTRATION, "orchestration"),
            activities=_called(usable, bindings.ACTIVITY, "activity"),
            entities=_called(usable, bindings.ENTITY, "entityName"),
        ),
        clients=frozenset(f["name"] for f in usable if any(b["type"] == bindings.CLIENT for b in f["bindings"])),
        streamed=frozenset(f["name"] for f in usable if f.get("streamed")),
        unsupported=unsupported,
        warnings=_warnings(usable, routes),
    )


def _routes(functions: list[dict[str, Any]], prefix: str) -> tuple[list[Route], dict[str, str]]:
    """Return the routes in the Azure host's order, and the reasons why some functions have none."""
    routes: list[Route] = []
    clashes: dict[str, str] = {}
    for function in sorted(functions, key=lambda f: str(f["name"]).lower()):
        route = route_of(function["name"], _trigger(function), prefix)
        other = next((r.function for r in routes if r.conflicts(route)), None)
        if other is not None:
            clashes[route.function] = f"its route conflicts with that of function {other}"
        else:
            routes.append(route)
    return routes, clashes


def _warnings(functions: list[dict[str, Any]], routes: list[Route]) -> list[str]:
    """Return a warning for each function that behaves differently on Azure."""
    retried = [f["name"] for f in functions if f.get("retried")]
    reserved = [r.function for r in routes if r.template.lower().startswith(RESERVED)]
    return [
        *(f"Function {name} has a retry policy, which this host does not follow." for name in retried),
        *(
            f"Function {name} has a route under {' or '.join(RESERVED)}, which Azure does not serve."
            for name in reserved
        ),
    ]


def _trigger(function: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(b for b in function["bindings"] if b["type"] == function["trigger"])
    return found


def _called(functions: list[dict[str, Any]], trigger: str, key: str) -> dict[str, str]:
    """Map the name under which a function is called to its own name, which may differ."""
    found = [f for f in functions if f["trigger"] == trigger]
    return {str(_trigger(f).get(key) or f["name"]).lower(): f["name"] for f in found}


class HttpFunctions:
    """Answers requests by the app's own HTTP functions."""

    def __init__(self, pool: Pool, timeout: float | None, allowed: Callable[[list[str], str], bool]) -> None:
        self._pool = pool
        self._timeout = timeout
        self._allowed = allowed
        self.registered = Registered(all=[])

    def admit(self, request: Request) -> Reply | None:
        """Return 404 if no function takes the request, 401 if its key does not open the function, else None."""
        found = find(self.registered.routes, request.method, request.path)
        if found is None:
            return empty(404)
        return None if self._allowed(request.keys, found[0].level) else empty(401)

    def streams(self, request: Request) -> bool:
        """Return whether the function of a request reads its body as a stream."""
        found = find(self.registered.routes, request.method, request.path)
        return found is not None and found[0].function in self.registered.streamed

    async def answer(self, request: Request) -> Reply:
        """Call the function for a request that was admitted; return its reply."""
        found = find(self.registered.routes, request.method, request.path)
        if found is None:  # the app was loaded again meanwhile
            return empty(404)
        route, parameters = found
        header = {
            "method": request.method,
            "url": request.with_path(normalised(request.path)),
            "headers": request.headers,
            "query": {name: value for name, value in request.query.items() if value},
            "route": parameters,
            **({"file": str(request.file)} if request.file else {}),
        }
        call = self._pool.observer.request(
            route.function, request.method, request.url, request.headers.get("traceparent")
        )
        return await self._call(route.function, {**header, **call}, request.body)

    async def _call(self, function: str, header: dict[str, Any], body: bytes) -> Reply:
        try:
            async with asyncio.timeout(self._timeout):
                await self._pool.available()
        except TimeoutError:
            self._pool.report(f"Function {function} was not called: there is no worker.")
            return empty(503)
        try:
            answer, payload = await self._pool.invoke(function, header, body, limit=self._timeout)
        except (TimedOut, Died, Aborted):
            return empty(500)  # the pool has logged the reason
        if not answer["ok"]:
            self._pool.report(f"Function {function} failed: {answer['error']}\n{answer['stack']}")
            return empty(500)
        headers = [(n, v) for n, v in answer["headers"] if n.lower() not in FRAMING]
        headers += [("Set-Cookie", c) for c in answer["cookies"]]
        if (trouble := _unsendable(answer["status"], headers)) is not None:
            self._pool.report(f"Function {function} failed: its response has {trouble}.")
            return Reply(status=500, headers=[h for h in headers if h[0].lower() == "retry-after"])
        return Reply(status=answer["status"], body=payload, headers=headers)


def _unsendable(status: int, headers: list[tuple[str, str]]) -> str | None:
    """Return what HTTP cannot carry, or None. The Azure host refuses it too."""
    if not 200 <= status <= 999:
        return f"the status {status}, which is none"
    broken = [name for name, value in headers if not re.fullmatch(r"[\t -~]*", f"{name}{value}")]
    return f"a header {broken[0]!r} with a character that no header may hold" if broken else None
