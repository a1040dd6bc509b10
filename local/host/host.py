"""Composes the host: the order of start and stop, and the part that answers a request."""

import asyncio
import hmac
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from local.host import settings, watch
from local.host.clock import Clock, SystemClock
from local.host.durable.engine import Engine, Limits
from local.host.http import keys
from local.host.http.admin import Admin
from local.host.http.management import WEBHOOK, Hub, Management
from local.host.http.reply import Reply, Request, empty, unauthorized
from local.host.http.routes import NotATemplate
from local.host.http.server import Listener, Site, from_outside, from_workers
from local.host.options import Options
from local.host.storage.database import Database, Unusable
from local.host.triggers.ncrontab import NotASchedule
from local.host.triggers.timers import TimerTriggers
from local.host.workers.calls import NotReady
from local.host.workers.functions import HttpFunctions, Refused, register
from local.host.workers.pool import Pool

RPC = "/durabletask/"
DRAIN_SECONDS = 9.0  # a stop waits so long for calls under way; the Azure host was seen to wait for 8.7 s


class Host:
    """One app on one machine. `serve` runs it."""

    def __init__(
        self,
        options: Options,
        configured: settings.Settings,
        pool: Pool,
        say: Callable[[str], None],
        clock: Clock | None = None,
    ) -> None:
        self._options = options
        self._say = say
        self._settings = configured
        self._clock = clock or SystemClock()
        self._broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()
        self._seen = watch.snapshot(options.app)
        self._keys = replace(_prepared(options.data), asked=options.auth)
        self._database = Database(options.data / "host.db", self._break_from(loop))
        self._pool = pool
        self._engine = Engine(
            self._database, pool.invoke, self._clock, self._limits(), configured.version, pool.observer
        )
        hub = Hub(name=self._settings.hub, code=self._keys.durable, version=configured.version)
        self._management = Management(self._database, self._engine, self._clock, hub, pool.observer)
        self._functions = HttpFunctions(self._pool, self._settings.timeout, self._keys.opens_function)
        self._timers = TimerTriggers(
            self._database, self._pool, self._clock, self._settings.timeout, self._settings.values, say
        )
        self._admin = Admin(self._keys, self._pool, self._settings.timeout, self._timers.fire, say, options.app)
        self._rpc_path = f"/{token_urlsafe(32)}{RPC}"
        guard, streams = from_outside(options.bind, keys=options.auth), self._functions.streams
        public = Site(guard=guard, admit=self._admit, answer=self._answer, streams=streams)
        workers = Site(guard=from_workers, admit=self._admit_worker, answer=self._answer_worker)
        self._public = Listener(public, spool=options.data, say=say, shutdown_seconds=DRAIN_SECONDS)
        self._rpc = Listener(workers, spool=options.data, say=say)

    async def serve(self, ready: Callable[[str], None], stop: asyncio.Event) -> None:
        """Run until `stop` is set; raise if the host cannot start or cannot go on."""
        work = asyncio.create_task(self._work(ready))
        ends: list[asyncio.Future[Any]] = [work, asyncio.create_task(stop.wait()), self._broken]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in (work, self._broken):
                if end.done():
                    end.result()
        finally:
            work.cancel()
            if not self._broken.done():
                await self._drain()
            await self._stop()

    async def _work(self, ready: Callable[[str], None]) -> None:
        """Start, then watch the app's code. Ends only by an exception."""
        await self._start()
        ready(self._origin)
        await self._watch(ready)

    async def _start(self) -> None:
        """Listen first, because the app gets the address. Start orchestrations last, because they need all else."""
        await self._public.start(self._options.bind, self._options.port)
        await self._rpc.start("127.0.0.1", 0)
        rpc = f"http://127.0.0.1:{self._rpc.port}{self._rpc_path}"
        self._pool.client = self._management.client_binding(self._own_name, rpc)
        self._use(await self._pool.start(), starting=True)
        await self._engine.start()
        await self._public.answers("/admin/host/ping")

    @property
    def _origin(self) -> str:
        return f"http://{_named(self._options.bind)}:{self._public.port}"

    @property
    def _own_name(self) -> str:
        """The origin in URLs that a durable client makes without a request. On Azure it is WEBSITE_HOSTNAME."""
        local = self._options.bind in {"127.0.0.1", "0.0.0.0", "::"}
        return f"http://localhost:{self._public.port}" if local else self._origin

    async def _drain(self) -> None:
        """Accept no new work, and wait for a bounded time until the calls under way have ended and are recorded."""
        ends = [self._public.stop(), self._timers.drain(), self._engine.drain()]
        await asyncio.wait([asyncio.create_task(end) for end in ends], timeout=DRAIN_SECONDS)

    async def _stop(self) -> None:
        """End the workers, then close the database. The next start does again what is still under way."""
        await self._public.stop()
        await self._rpc.stop()
        await self._timers.stop()
        await self._engine.stop()
        await self._pool.close()
        self._pool.observer.close()
        self._database.close()

    def _use(self, functions: list[dict[str, Any]], *, starting: bool = False) -> None:
        """Use the functions that the app registers now. If they cannot be used, nothing changes."""
        registered = register(functions, self._settings.prefix)
        if not registered.all:
            self._say("The app registers no function.")
        self._timers.use(registered.timers, starting=starting)
        self._pool.clients = registered.clients
        self._engine.functions = registered.durable
        self._functions.registered = self._admin.registered = registered
        for name, reason in registered.unsupported.items():
            self._say(f"Function {name} is not registered: {reason}.")
        for warning in registered.warnings:
            self._say(warning)

    async def _watch(self, ready: Callable[[str], None]) -> None:
        """Replace the workers when the app's code changes, and be ready again. If the new code does not load, nothing
        changes."""
        folder = self._options.app
        while True:
            self._seen = await watch.changed(folder, self._seen)
            try:
                await self._pool.replace(self._use)
                ready(self._origin)
                self._say("The app's code has changed: it is loaded again.")
            except (NotReady, Refused, NotASchedule, NotATemplate) as error:
                self._say(f"The app's code has changed but cannot be loaded, the one before goes on:\n{error}")

    def _admit(self, request: Request) -> Reply | None:
        """Return the refusal of a request by its head, before its body is read, or None."""
        if request.path == "/":
            return None
        if request.path.startswith("/admin/"):
            return self._admin.admit(request)
        if not request.path.startswith("/runtime/webhooks/"):
            return self._functions.admit(request)
        if not request.path.startswith(WEBHOOK + "/"):
            return empty(403)
        return None if self._keys.opens_durable(request.keys) else unauthorized()

    async def _answer(self, request: Request) -> Reply:
        if request.path == "/":
            return self._admin.page()
        if request.path.startswith("/admin/"):
            return await self._admin.answer(request)
        if request.path.startswith(WEBHOOK + "/"):
            return await self._management.answer(request, request.path[len(WEBHOOK) :])
        return await self._functions.answer(request)

    def _admit_worker(self, request: Request) -> Reply | None:
        """Return 404 for a path without the secret, because other programs of the machine can reach the port."""
        given = request.path[: len(self._rpc_path)]
        return None if hmac.compare_digest(given.encode(), self._rpc_path.encode()) else empty(404)

    async def _answer_worker(self, request: Request) -> Reply:
        return await self._management.answer(request, request.path[len(self._rpc_path) :])

    def _limits(self) -> Limits:
        return Limits(
            activities=self._settings.activities,
            orchestrators=self._settings.orchestrators,
            timeout=self._settings.timeout,
            worker=sys.executable,
            visibility=self._settings.visibility,
        )

    def _break_from(self, loop: asyncio.AbstractEventLoop) -> Callable[[BaseException], None]:
        """Return a function that reports a broken database from the database's own thread."""

        def tell(error: BaseException) -> None:
            loop.call_soon_threadsafe(self._break, error)

        return tell

    def _break(self, error: BaseException) -> None:
        if not self._broken.done():
            self._broken.set_exception(error)


def _prepared(folder: Path) -> keys.Keys:
    """Make the data folder and return the keys in it, which are made if they are missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return keys.load(folder)
    except keys.Damaged as error:
        raise Unusable(str(error)) from error
    except OSError as error:
        raise Unusable(f"The data folder {folder} cannot be used: {error}. Name another with --data.") from error


def _named(bind: str) -> str:
    """Return an address that a client on this machine can use."""
    if bind in {"0.0.0.0", "::"}:
        return "127.0.0.1"
    return f"[{bind}]" if ":" in bind else bind
