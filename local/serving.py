"""Running one server in the foreground: ready line, signals, a port that is taken, a parent that is gone."""

import asyncio
import errno
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager
from threading import Thread
from typing import Protocol

from local.console import complain, say


class Server(Protocol):
    @property
    def url(self) -> str: ...


def serve_until_told(name: str, server: AbstractAsyncContextManager[Server], port: int, *, with_parent: bool) -> int:
    """Serve until SIGINT or SIGTERM, or with the parent until it ends; the process's exit code."""
    try:
        asyncio.run(_serve(name, server, with_parent))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        complain(f"Port {port} is taken by another program. Choose another with --port, or --port 0 for a free one.")
        return 1
    return 0


async def _serve(name: str, server: AbstractAsyncContextManager[Server], with_parent: bool) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if with_parent:
        Thread(target=_watch_parent, args=(loop, told), daemon=True).start()
    async with server as running:
        say(f"{name} ready: {running.url}")
        await told.wait()


def _watch_parent(loop: asyncio.AbstractEventLoop, told: asyncio.Event) -> None:
    """Standard input is a pipe that the parent holds open; however it dies, the pipe ends."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    loop.call_soon_threadsafe(told.set)
