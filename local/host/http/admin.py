"""The host's page and its administration: status, list of functions, running a function by hand."""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.dress import DRESS
from local.host.durable.answers import load
from local.host.http.function_list import shown
from local.host.http.keys import Keys
from local.host.http.reply import Reply, Request, as_json, empty, unauthorized
from local.host.workers import bindings
from local.host.workers.calls import Aborted, Died, TimedOut
from local.host.workers.functions import Registered
from local.host.workers.pool import Pool

VERSION = "4.0.0-local"
PAGE_HEADERS = [
    ("Content-Type", "text/html"),
    (
        "Content-Security-Policy",  # the page loads nothing, talks to this host alone, and stands in no other page
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
]
PAGE = (Path(__file__).parent / "page.html").read_text("utf-8").replace("/* ui/base.css stands here */", DRESS).encode()


class Admin:
    """Answers everything under /admin, and the page at /."""

    def __init__(
        self,
        keys: Keys,
        pool: Pool,
        timeout: float | None,
        fire: Callable[[str], Coroutine[Any, Any, None]],
        say: Callable[[str], None],
        folder: Path,
    ) -> None:
        self._keys = keys
        self._pool = pool
        self._timeout = timeout
        self._fire = fire
        self._say = say
        self._folder = folder
        self._started = time.monotonic()
        self._instance = str(uuid4())
        self._tasks: set[asyncio.Task[None]] = set()
        self.registered = Registered(all=[])

    def admit(self, request: Request) -> Reply | None:
        """Return the refusal of a request by its head, or None. Only the ping needs no key."""
        path = request.path.strip("/")
        if path == "admin/host/ping":
            return None
        if not path.startswith(("admin/host/status", "admin/functions")):
            return empty(404)
        return None if self._keys.opens_admin(request.keys) else unauthorized()

    async def answer(self, request: Request) -> Reply:
        """Answer a request that was admitted."""
        match request.method, request.path.strip("/").split("/"):
            case _, ["admin", "host", "ping"]:
                return empty(200)
            case "GET", ["admin", "host", "status"]:
                return as_json(200, self._status())
            case "GET", ["admin", "functions"]:
                functions = sorted(self.registered.all, key=lambda f: str(f["name"]))
                return as_json(200, [self._shown(f, request.origin) for f in functions])
            case "GET", ["admin", "functions", name]:
                found = self._find(name)
                return as_json(200, self._shown(found, request.origin)) if found else empty(404)
            case "POST", ["admin", "functions", name]:
                return await self._run(request, name)
            case _:
                return empty(404)

    def page(self) -> Reply:
        """Return the page that shows functions and instances. It asks for a key before it shows anything."""
        return Reply(status=200, body=PAGE, headers=PAGE_HEADERS)

    def _status(self) -> dict[str, Any]:
        return {
            "id": "local",
            "state": "Running",
            "version": VERSION,
            "versionDetails": VERSION,
            "platformVersion": "",
            "instanceId": self._instance,
            "computerName": socket.gethostname(),
            "processUptime": int((time.monotonic() - self._started) * 1000),
            "functionAppContentEditingState": "Unknown",
        }

    def _shown(self, function: dict[str, Any], origin: str) -> dict[str, Any]:
        routes = (r.address for r in self.registered.routes if r.function == function["name"])
        return shown(function, origin, self._folder, next(routes, None))

    def _find(self, name: str) -> dict[str, Any] | None:
        return next((f for f in self.registered.all if f["name"].lower() == name.lower()), None)

    async def _run(self, request: Request, name: str) -> Reply:
        """Run a timer function or an activity without waiting for its end."""
        found = self._find(name)
        if found is None:
            return empty(404)
        if found["trigger"] == bindings.TIMER:
            self._keep(self._fire(found["name"]))
        elif found["trigger"] == bindings.ACTIVITY:
            try:
                given = load(request.body) if request.body else None
            except ValueError as error:
                return as_json(400, {"Message": f"The body is not JSON: {error}."})
            self._keep(self._call(found["name"], _input(given)))
        else:
            return as_json(400, {"Message": f"{found['name']} has {found['trigger']}; only timers and activities run."})
        return empty(202)

    async def _call(self, name: str, given: str) -> None:
        try:
            answer, _ = await self._pool.invoke(name, {}, given.encode(), limit=self._timeout)
        except (TimedOut, Died, Aborted) as error:
            self._say(f"Activity {name} did not end: {type(error).__name__} {error}.")
            return
        if not answer["ok"]:
            self._say(f"Activity {name} failed: {answer['error']}\n{answer['stack']}")

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _input(given: Any) -> str:
    """Return the input of the call, which is in the field `input` as in the Azure host's admin API."""
    value = given.get("input") if isinstance(given, dict) else None
    return value if isinstance(value, str) else "null"
