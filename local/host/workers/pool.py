"""Starts worker processes, sends them invocations, kills them when a function overruns, and replaces dead ones."""

import asyncio
import itertools
import logging
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.host.telemetry.observer import SILENT, Observer
from local.host.workers.call_log import told
from local.host.workers.calls import Aborted, Died, Invocation, NotReady, TimedOut, Worker
from local.host.workers.wire import Header, Unpacker, pack

ROOT = Path(__file__).parents[3]
# The host's package must be found by the worker without being in the way of the app's own modules.
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from local.host.workers.worker import main; "
    "sys.path.remove(sys.argv[1]); sys.path.append(sys.argv[1]); main()"
)
CHUNK = 1 << 20
FASTEST_RESTART, SLOWEST_RESTART = 0.1, 10.0  # seconds between attempts to replace a worker that will not start


class Pool:
    """A fixed number of workers with the same app."""

    def __init__(
        self,
        folder: Path,
        size: int,
        environment: dict[str, str],
        say: Callable[[str], None],
        shown: int = logging.WARNING,
    ) -> None:
        """`shown` is the lowest level of the functions' log that is shown."""
        self._folder = folder
        self._size = size
        self._environment = environment
        self._say = say
        self._shown = shown
        self._launched: list[Process] = []
        self._workers: list[Worker] = []
        self._ids = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._free = asyncio.Event()
        self._closing = False
        self.observer: Observer = SILENT
        self.client = ""  # the text from which the SDK's durable client is made
        self.clients: frozenset[str] = frozenset()  # functions that take one

    async def launch(self) -> None:
        """Launch the workers without waiting for them, because they take longest to start."""
        self._launched = [await self._launch() for _ in range(self._size)]

    async def start(self) -> list[dict[str, Any]]:
        """Wait for the workers; return the functions that the app registers."""
        self._workers = await self._greet_all(self._launched)
        self._free.set()
        return self._workers[0].functions

    async def replace(self, accept: Callable[[list[dict[str, Any]]], None]) -> None:
        """Start workers with the app's present code. The old ones finish their calls and get no new ones.

        If `accept` raises for the functions that the app registers now, the old workers stay.
        """
        fresh = await self._greet_all([await self._launch() for _ in range(self._size)])
        try:
            accept(fresh[0].functions)
        except BaseException:
            _retire(fresh)
            raise
        old, self._workers = self._workers, fresh
        self._free.set()
        _retire(old)

    async def invoke(
        self, function: str, header: Header, body: bytes, *, limit: float | None, repeatable: bool = False
    ) -> tuple[Header, bytes]:
        """Call a function in the least busy worker; raise TimedOut, Died or Aborted if it gives no answer."""
        header = {"invocation": str(uuid4()), **header, "function": function}
        identity = header["invocation"]
        call = self.observer.watched(function, identity, self._call(header, body, limit, repeatable))
        return await (call if self._shown > logging.INFO else told(self._say, function, identity, call))

    async def _call(self, header: Header, body: bytes, limit: float | None, repeatable: bool) -> tuple[Header, bytes]:
        deadline = None if limit is None else time.monotonic() + limit
        function = header["function"]
        await self._free.wait()
        worker = min(self._workers, key=lambda w: len(w.running))
        if function in self.clients:
            header = {**header, "client": self.client}
        identity = next(self._ids)
        call = Invocation(asyncio.get_running_loop().create_future(), repeatable)
        worker.running[identity] = call
        worker.send(pack({**header, "id": identity}, body))
        try:
            async with asyncio.timeout(None if deadline is None else max(0, deadline - time.monotonic())):
                return await call.done
        except TimeoutError:
            self._kill(worker, f"{function} ran longer than functionTimeout ({limit:g} s)")
            raise TimedOut(function) from None
        finally:
            worker.running.pop(identity, None)
            _end_if_idle(worker)

    async def available(self) -> None:
        """Wait until there is a worker."""
        await self._free.wait()

    def report(self, text: str) -> None:
        """Log a function's error for the developer."""
        self._say(text)

    async def close(self) -> None:
        """End the workers. Their running calls are lost, and the next start repeats them."""
        self._closing = True
        for process in {*self._launched, *(w.process for w in self._workers)}:
            _kill(process)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(w.process.wait() for w in self._workers), return_exceptions=True)

    def _kill(self, worker: Worker, why: str) -> None:
        if worker.killed or worker.process.returncode is not None:
            return
        worker.killed = True
        self._say(f"Killing worker {worker.process.pid}: {why}.")
        _kill(worker.process)
        self._lose(worker)

    async def _greet_all(self, launched: list[Process]) -> list[Worker]:
        """Return all workers, or raise the first error after ending the others."""
        outcomes = await asyncio.gather(*map(self._greet, launched), return_exceptions=True)
        workers = [w for w in outcomes if isinstance(w, Worker)]
        errors = [e for e in outcomes if isinstance(e, BaseException)]
        if errors:
            _retire(workers)
            raise errors[0]
        return workers

    async def _launch(self) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-c", BOOT, str(ROOT), str(self._folder), str(self._shown), str(int(self.observer.listens)),
            stdin=PIPE, stdout=PIPE, cwd=self._folder, env={**os.environ, **self._environment},
        )  # fmt: skip

    async def _greet(self, process: Process) -> Worker:
        """Wait until the process has loaded the app; raise NotReady with the app's own error."""
        unpacker = Unpacker()
        frames = await _first_frames(process, unpacker)
        hello = frames.pop(0)[0]
        if hello["op"] != "ready":
            await process.wait()
            raise NotReady(f"{hello['error']}\n{hello['stack']}".rstrip())
        worker = Worker(process, hello["functions"])
        self._keep(self._listen(worker, unpacker))
        return worker

    async def _listen(self, worker: Worker, unpacker: Unpacker) -> None:
        """Give answers to the waiting calls until the process ends, then replace it."""
        assert worker.process.stdout is not None
        while data := await worker.process.stdout.read(CHUNK):
            for header, body in unpacker.feed(data):
                if "log" in header:
                    self.observer.logged(header["log"])
                    continue
                call = worker.running.get(header["id"])
                if call is not None and not call.done.done():
                    call.done.set_result((header, body))
        code = await worker.process.wait()
        if not self._closing:
            self._bury(worker, code)

    def _bury(self, worker: Worker, code: int) -> None:
        """End the calls of a dead worker.

        If it was killed for a timeout, its other calls wait for their own timeout, as on the Azure host. Otherwise they
        fail at once.
        """
        for call in worker.running.values():
            if call.done.done():
                continue
            if not worker.killed:
                call.done.set_exception(Died(code))
            elif call.repeatable:
                call.done.set_exception(Aborted())
        if worker in self._workers:
            self._say(f"Worker {worker.process.pid} ended with exit code {code}; starting another.")
            self._lose(worker)

    def _lose(self, worker: Worker) -> None:
        """Stop using the worker, and start another one."""
        if worker in self._workers:
            self._workers.remove(worker)
            self._keep(self._refill())
        if not self._workers:
            self._free.clear()

    async def _refill(self) -> None:
        """Start workers until there are enough, with longer pauses after each that fails."""
        pause = FASTEST_RESTART
        while len(self._workers) < self._size and not self._closing:
            try:
                worker = await self._greet(await self._launch())
                if len(self._workers) < self._size:
                    self._workers.append(worker)
                else:  # the workers were replaced meanwhile
                    _retire([worker])
                self._free.set()
            except NotReady as error:
                self._say(f"A new worker did not start: {error}\nTrying again in {pause:g} s.")
                await asyncio.sleep(pause)
                pause = min(pause * 2, SLOWEST_RESTART)

    def _keep(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _first_frames(process: Process, unpacker: Unpacker) -> list[tuple[Header, bytes]]:
    assert process.stdout is not None
    while data := await process.stdout.read(CHUNK):
        if frames := list(unpacker.feed(data)):
            return frames
    code = await process.wait()
    raise NotReady(f"The worker ended with exit code {code} before the app was loaded; its own output says why.")


def _retire(workers: list[Worker]) -> None:
    for worker in workers:
        worker.retired = True
        _end_if_idle(worker)


def _end_if_idle(worker: Worker) -> None:
    """A closed pipe ends the worker."""
    if worker.retired and not worker.running and worker.process.stdin is not None:
        worker.process.stdin.close()


def _kill(process: Process) -> None:
    if process.returncode is None:
        process.kill()
