"""The command `python -m local cosmos`."""

import argparse
import asyncio
import gc
import ipaddress
import logging
import signal
import sqlite3
import sys
import time
from pathlib import Path

from local.cosmos import EMULATOR_KEY
from local.cosmos.auth import Authorizer
from local.cosmos.certificate import tls_context, trusted_by
from local.cosmos.emulator import Emulator
from local.cosmos.gateway import Gateway
from local.cosmos.server import CosmosServer, PortTakenError

log = logging.getLogger(__name__)
PORT, LAST_PORT = 8081, 65535
CERTIFICATES = Path(".local/cosmos")
"""Where the certificate is kept that `--tls` makes without `--data`."""


def main(argv: list[str]) -> int:
    """Runs until SIGINT or SIGTERM. Returns 0 after a signal, and 1 where the emulator cannot start."""
    options = _parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="cosmos: %(message)s")
    keep_freed_memory()
    # with millions of long-lived documents, the default would spend half of the time on the search for cycles
    gc.set_threshold(100_000, 50, 100)
    sys.setswitchinterval(0.001)  # the thread that commits gets the interpreter lock back sooner
    try:
        asyncio.run(_serve(options))
    except (PortTakenError, OSError, ValueError, sqlite3.DatabaseError) as error:
        sys.stderr.write(f"cosmos: {error}\n")
        return 1
    return 0


async def _serve(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    authorizer = Authorizer(options.key, time.time, accept_aad=options.accept_aad)
    emulator = Emulator(data_dir=options.data, throttled=not options.unthrottled)
    reachable = not _is_this_machine(options.bind)
    if reachable and options.key == EMULATOR_KEY:
        log.warning(
            "other machines can reach %s, and everybody knows the default key: give another --key", options.bind
        )
    gateway = Gateway(emulator, authorizer, guarded=reachable)
    tls, certificate = tls_context(options.data or CERTIFICATES) if options.tls else (None, None)
    async with CosmosServer(gateway, port=options.port, bind=options.bind, tls=tls) as server:
        if certificate is not None:
            sys.stdout.write(f"clients trust it after: {trusted_by(certificate)}\n")
        sys.stdout.write(f"cosmos ready: {server.url}{_how_to_connect(server.url, options.key)}\n")
        sys.stdout.flush()
        await stop.wait()


def _how_to_connect(url: str, key: str) -> str:
    """The connection string for clients in any language. A key that is somebody's secret is not shown."""
    return f" (AccountEndpoint={url}/;AccountKey={key})" if key == EMULATOR_KEY else ""


def _is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local cosmos", description="Run the Cosmos DB emulator.")
    parser.add_argument("--port", type=_port, default=PORT, help="port to listen on, 0 for a free one (%(default)s)")
    parser.add_argument("--bind", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--data", type=Path, help="folder to keep the documents in; without, they are in memory only")
    parser.add_argument("--key", default=EMULATOR_KEY, help="account key (the well-known one of emulators)")
    parser.add_argument("--accept-aad", action="store_true", help="accept Microsoft Entra tokens, unchecked")
    parser.add_argument("--tls", action="store_true", help="answer over https, with a certificate made at first start")
    parser.add_argument("--unthrottled", action="store_true", help="charge request units but never answer 429")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is no port: give a number from 0 to {LAST_PORT}")
    return int(text)


def keep_freed_memory() -> None:
    """Makes the C library keep freed memory, because returning and requesting it for each request costs more than the
    request."""
    import ctypes

    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # from malloc.h
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(trim_threshold, 1 << 30)
        mallopt(top_pad, 16 << 20)
        mallopt(mmap_threshold, 1 << 25)
