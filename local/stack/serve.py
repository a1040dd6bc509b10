"""Runs host, database and inbox until Ctrl-C. The next start goes on where this one ended."""

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from local import arguments
from local.console import complain, ends_cleanly, say
from local.host.options import DEFAULT_LEVEL, LEVELS
from local.json_calls import bypass_proxies
from local.private import make_private
from local.stack.logs_command import FILE as FILE_OF_LOGS
from local.stack.ports import Ports
from local.stack.services import Services
from local.stack.settings import APP, FILE, app_settings, copy_sample, sample_values
from outlast_cli.errors import CommandError
from outlast_cli.profiles import write_local_profile


def main(argv: Sequence[str]) -> int:
    options = parse(argv)
    app = options.app.resolve()
    ports = Ports(host=options.host_port, cosmos=options.cosmos_port, inbox=options.inbox_port)
    if copy_sample(app):
        say(f"{FILE} is new, a copy of the sample: your settings go there.")
    bypass_proxies()
    data = data_folder(options.data, app)
    host = ("--log-level", options.log_level, "--telemetry", str((data / FILE_OF_LOGS).resolve()))
    say("Starting host, database and inbox ...")
    with (
        suppress(KeyboardInterrupt),
        ends_cleanly(),
        Services(app, data, ports, app_settings(app), host=host) as services,
    ):
        say(welcome(services, app))
        keep_profile(services)
        services.watch()
    say("\nEnded. What was unfinished goes on at the next start.")
    return 0


def keep_profile(services: Services) -> None:
    """Let the command `outlast` find this app as its profile `local`. Without that everything else works."""
    try:
        write_local_profile(services.host.url, services.function_key, os.environ)
    except (OSError, CommandError) as error:
        complain(f"The command `outlast` does not know this app: {error}. Set OUTLAST_URL and OUTLAST_KEY.")


def data_folder(given: Path | None, app: Path) -> Path:
    """Return the folder for all data. The default folder belongs to this command, so it is closed to other users."""
    folder = given or app / ".local"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if given is None:
        make_private(folder)
    return folder


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local serve", description=__doc__)
    parser.add_argument(
        "--app", type=arguments.folder, default=APP, metavar="DIR", help="the app to run (default: this one)"
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="where all data is kept (default: .local in the app)")
    for part, port in (("host", 7071), ("cosmos", 8081), ("inbox", 8025)):
        parser.add_argument(
            f"--{part}-port", type=arguments.port, default=port, metavar="N", help="default: %(default)s"
        )
    parser.add_argument(
        "--log-level",
        type=str.lower,
        choices=list(LEVELS),
        default=DEFAULT_LEVEL,
        help="of the functions' log; information shows each call (default: %(default)s)",
    )
    return parser.parse_args(argv)


def welcome(services: Services, app: Path) -> str:
    """Return the addresses, a command that starts a first run, and one that shows its rows."""
    start = f"{services.host.url}/api/reports/flight_delays?code={services.function_key}"
    usual, chosen = sample_values(app)["COSMOS_ENDPOINT"], app_settings(app)["COSMOS_ENDPOINT"]
    written = services.cosmos.url if chosen == usual else chosen
    setting = "" if written == chosen else f"COSMOS_ENDPOINT={written} "
    elsewhere = "" if written == services.cosmos.url else f" (COSMOS_ENDPOINT leads to {written} instead)"
    return f"""
  page      {services.host.url}/api/ui#key={services.function_key}
  health    {services.host.url}/api/health
  database  {services.cosmos.url}{elsewhere}
  inbox     {services.inbox.url}

Start a run and watch it:
  {command()} run flight_delays samples/flights-2013-01.csv.gz --profile local

Or without that command:
  curl --data-binary @samples/flights-2013-01.csv.gz "{start}"

Look at its rows:
  {setting}{python()} -m local query flight-delays "SELECT TOP 3 * FROM c"

See what the app logs, as events:
  {python()} -m local logs

Ctrl-C ends it."""


def python() -> str:
    """Return the shortest name of this interpreter that a shell in this folder can use."""
    return shortest(Path(sys.executable))


def command() -> str:
    """Return how a shell in this folder calls `outlast`, which `make install` puts beside the interpreter."""
    installed = Path(sys.executable).with_name("outlast")
    return shortest(installed) if installed.exists() else f"{python()} -m outlast_cli"


def shortest(path: Path) -> str:
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
