"""The command line of the host."""

import argparse
import asyncio
import os
import signal
import sqlite3
import sys
from ipaddress import ip_address
from pathlib import Path

from local.host import settings
from local.host.clock import SystemClock
from local.host.http.routes import NotATemplate
from local.host.options import DEFAULT_LEVEL, LEVELS, Options, Unsuitable
from local.host.storage.database import Unusable
from local.host.telemetry.levels import Levels
from local.host.telemetry.observer import SILENT, Observer
from local.host.triggers.ncrontab import NotASchedule
from local.host.workers.calls import NotReady
from local.host.workers.functions import Refused
from local.host.workers.pool import Pool
from local.http_server import is_address

TROUBLE = (Unsuitable, NotReady, Refused, Unusable, NotASchedule, NotATemplate, settings.Invalid)


def main(argv: list[str]) -> int:
    """Run the host until a signal stops it. The exit code is not 0 if it could not start or go on."""
    try:
        options = _options(argv)
        asyncio.run(_run(options))
    except TROUBLE as error:
        return _fail(str(error))
    except sqlite3.Error as error:
        return _fail(_broken(options.data, error))
    except OSError as error:
        return _fail(f"{type(error).__name__}: {error}.")
    return 0


async def _run(options: Options) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if not options.app.is_dir():
        raise Unsuitable(f"There is no folder {options.app}. Name the folder of a Python v2 function app with --app.")
    _check_door(options)
    configured = settings.load(options.app, os.environ)
    count = settings.workers({**configured.values, **os.environ}, options.workers)
    environment = {**_environment(options, configured), settings.WORKERS_VARIABLE: str(count)}
    pool = Pool(options.app, count, environment, _say, LEVELS[options.log_level])
    pool.observer = _observer(options, configured)
    await pool.launch()
    from local.host.host import Host  # imports the web server while the workers import the app

    await Host(options, configured, pool, _say).serve(_ready, stop)


def _check_door(options: Options) -> None:
    """Say that no keys are asked for; raise Unsuitable where other machines could enter."""
    if options.auth:
        return
    if options.bind != "localhost" and not (is_address(options.bind) and ip_address(options.bind).is_loopback):
        raise Unsuitable(f"--no-auth would open the app to the network at {options.bind}. Leave out one of the two.")
    _say("No keys are asked for (--no-auth): every program of this machine may call functions, admin and management.")


def _observer(options: Options, configured: settings.Settings) -> Observer:
    if options.telemetry is None:
        return SILENT
    from local.host.telemetry.telemetry import Telemetry

    levels = Levels(configured.log_levels)
    return Telemetry(options.telemetry, levels=levels, clock=SystemClock(), hub=configured.hub)


def _environment(options: Options, configured: settings.Settings) -> dict[str, str]:
    """Return the variables that a worker gets in addition to the host's own."""
    return {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AZURE_FUNCTIONS_ENVIRONMENT": os.environ.get("AZURE_FUNCTIONS_ENVIRONMENT", "Development"),
        "AzureWebJobsScriptRoot": str(options.app),
        **configured.values,
    }


def _options(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="local host", description="Runs a Python function app on this machine.")
    parser.add_argument("--app", type=Path, required=True, help="the folder with function_app.py")
    parser.add_argument("--port", type=_port, default=7071, help="0 takes a free one (default: 7071)")
    parser.add_argument("--bind", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--data", type=Path, help="where runs are kept (default: .local/host in the app's folder)")
    parser.add_argument("--workers", type=int, help=f"worker processes (default: {settings.WORKERS_VARIABLE}, or 1)")
    parser.add_argument("--no-auth", dest="auth", action="store_false", help="ask for no keys, as func start does")
    parser.add_argument(
        "--telemetry", type=Path, metavar="FILE", help="write rows as Application Insights has them to this file"
    )
    parser.add_argument(
        "--log-level",
        type=str.lower,
        choices=list(LEVELS),
        default=DEFAULT_LEVEL,
        help="from which level on the log of functions is shown (default: %(default)s; information shows each call)",
    )
    given = parser.parse_args(argv)
    app = given.app.resolve()
    return Options(
        app=app,
        data=(given.data or app / ".local" / "host").resolve(),
        bind=given.bind,
        port=given.port,
        workers=given.workers,
        auth=given.auth,
        telemetry=given.telemetry and given.telemetry.resolve(),
        log_level=given.log_level,
    )


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; 0 to 65535 is wanted")
    return int(text)


def _broken(data: Path, error: sqlite3.Error) -> str:
    if error.sqlite_errorname.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return (
            f"The host's data in {data} is damaged: {error}. Move host.db away and start again; what it held is lost."
        )
    return f"The host's data in {data} can no longer be written: {error}. Nothing reported is lost."


def _ready(url: str) -> None:
    print(f"host ready: {url}", flush=True)  # noqa: T201


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _fail(text: str) -> int:
    _say(f"The host stops: {text}")
    return 1
