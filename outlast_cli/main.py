"""The command `outlast`: its table of contents."""

import sys
from collections.abc import Callable

import typer

from outlast_cli.commands.approve import approve
from outlast_cli.commands.cancel import cancel
from outlast_cli.commands.correct import correct
from outlast_cli.commands.doctor import doctor
from outlast_cli.commands.events import events
from outlast_cli.commands.health import health
from outlast_cli.commands.list_runs import list_runs
from outlast_cli.commands.login import login
from outlast_cli.commands.new import new
from outlast_cli.commands.open_page import open_page
from outlast_cli.commands.plan import plan
from outlast_cli.commands.profiles import logout, profiles
from outlast_cli.commands.redrive import redrive
from outlast_cli.commands.rejects import rejects
from outlast_cli.commands.remove import remove
from outlast_cli.commands.report_test import report_test
from outlast_cli.commands.reports import reports
from outlast_cli.commands.run import run
from outlast_cli.commands.show import show
from outlast_cli.commands.verify import verify
from outlast_cli.commands.waive import waive
from outlast_cli.commands.watch import watch
from outlast_cli.output import write_utf_8

app = typer.Typer(
    name="outlast",
    help="Run reports on files of any size and store them in Azure Cosmos DB: a client of an Outlast app.",
    epilog="Exit codes: 0 done, 1 the run failed, 2 wrong call, 3 no answer, 4 key, 5 not there, 6 not in this state, "
    "7 waits for approval.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
WRITING = "Writing a report"
PANELS: dict[str, dict[str, Callable[..., None]]] = {
    "Runs": {
        "run": run,
        "watch": watch,
        "list": list_runs,
        "show": show,
        "rejects": rejects,
        "correct": correct,
        "plan": plan,
        "approve": approve,
        "redrive": redrive,
        "cancel": cancel,
        "verify": verify,
        "events": events,
        "waive": waive,
        "remove": remove,
        "open": open_page,
    },
    "The app": {"reports": reports, "health": health},
    "This machine": {"login": login, "logout": logout, "profiles": profiles, "doctor": doctor},
}
for panel, commands in PANELS.items():
    for name, command in commands.items():
        app.command(name, rich_help_panel=panel)(command)
report = typer.Typer(help="Work on a report in a checkout.", no_args_is_help=True)
report.command("test")(report_test)
app.command("new", rich_help_panel=WRITING)(new)
app.add_typer(report, name="report", rich_help_panel=WRITING)


def main() -> None:
    """Run the command of the process's arguments; end with its exit code."""
    write_utf_8()
    try:
        app()
    except BrokenPipeError:  # as with `| head`
        sys.stderr.close()
        sys.exit(1)
