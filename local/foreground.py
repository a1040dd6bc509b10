"""Runs one server in the foreground: ready line, signals, a port in use."""

import asyncio
import errno
import signal
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from local.console import complain, say


class Server(Protocol):
    @property
    def url(self) -> str: ...


def serve_until_told(name: str, server: AbstractAsyncContextManager[Server], port: int) -> int:
    """Serve until SIGINT or SIGTERM; return the process's exit code."""
    try:
        asyncio.run(_serve(name, server))
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        complain(f"Port {port} is taken by another program. Choose another with --port, or --port 0 for a free one.")
        return 1
    return 0


async def _serve(name: str, server: AbstractAsyncContextManager[Server]) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    async with server as running:
        say(f"{name} ready: {running.url}")
        await told.wait()
