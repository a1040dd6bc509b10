"""The emulator inside the process of a test or a program."""

import asyncio
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from local.cosmos import EMULATOR_KEY, emulator
from local.cosmos.auth import Authorizer
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Clock
from local.cosmos.server import CosmosServer


class NotRunning(RuntimeError):
    """The emulator is used outside its context, or its context is entered a second time."""


class Emulator(emulator.Emulator):
    """A context manager: inside, a thread answers at `url` with the account key `key`, and afterwards nothing is left.

    Without `data_dir` the documents are in memory. `port` 0 takes a free one. `clock` gives the seconds since 1970 by
    which documents expire and request units are counted; signatures are checked by the system's clock. With
    `throttled=False` no request gets 429. Faults, splits and counters are at `local.cosmos.control.Control(url)`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        key: str = EMULATOR_KEY,
        data_dir: Path | str | None = None,
        clock: Clock = time.time,
        throttled: bool = True,
    ) -> None:
        super().__init__(data_dir=Path(data_dir) if data_dir else None, clock=clock, throttled=throttled)
        self.key = key
        self._server = CosmosServer(Gateway(self, Authorizer(key, time.time)), port=port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cosmos", daemon=True)

    @property
    def url(self) -> str:
        """The address, once the context is entered; raises NotRunning before."""
        if self._thread.ident is None:
            raise NotRunning("the emulator has no address yet: enter it first, by `with Emulator() as emulator:`")
        return self._server.url

    def __enter__(self) -> Self:
        """Returns when requests are answered; raises PortTakenError, and NotRunning for a second time."""
        if self._thread.ident is not None:
            raise NotRunning("the emulator was entered before: make another one")
        self._thread.start()
        try:
            asyncio.run_coroutine_threadsafe(self._server.__aenter__(), self._loop).result()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Keeps what was written, closes all connections and ends the thread."""
        leave = self._server.__aexit__(kind, error, trace)
        asyncio.run_coroutine_threadsafe(leave, self._loop).result()
        self._stop()

    def _stop(self) -> None:
        # in the loop's own thread, because the caller's may run a loop of its own
        asyncio.run_coroutine_threadsafe(self._loop.shutdown_default_executor(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
