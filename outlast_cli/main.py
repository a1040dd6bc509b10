"""The command `outlast`: its table of contents."""

import sys

import typer

from outlast_cli.commands.doctor import doctor
from outlast_cli.commands.health import health
from outlast_cli.commands.login import login
from outlast_cli.commands.profiles import logout, profiles
from outlast_cli.commands.reports import reports

app = typer.Typer(
    name="outlast",
    help="Run reports on files of any size and store them in Azure Cosmos DB: a client of an Outlast app.",
    epilog="Exit codes: 0 done, 1 the run failed, 2 wrong call, 3 no answer, 4 key, 5 not there, 6 not in this state, "
    "7 waits for approval.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (login, logout, profiles, doctor, health, reports):
    app.command()(command)


def main() -> None:
    """Run the command of the process's arguments; end with its exit code."""
    try:
        app()
    except BrokenPipeError:  # as with `| head`
        sys.stderr.close()
        sys.exit(1)
