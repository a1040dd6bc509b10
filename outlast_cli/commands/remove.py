"""Removes all that is kept of a run."""

from typing import Annotated

import typer

from outlast_cli.api import may_be_done_before
from outlast_cli.arguments import RunIdArgument
from outlast_cli.errors import CommandError, Usage
from outlast_cli.exit_codes import ExitCode
from outlast_cli.problems import refused
from outlast_cli.runs import path_of
from outlast_cli.session import JsonOption, ProfileOption, Session, session

MOST_CALLS = 200


def remove(
    context: typer.Context,
    run: RunIdArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove the files, histories and record of a run that has ended. Its documents stay."""
    with session(context, profile, as_json) as s:
        if not yes:
            _ask(s.output.for_people, run)
        _remove(s, run)
        if s.output.as_json:
            s.output.data({"removed": run})
        else:
            s.output.note(f"Run {run} is removed.")


def _remove(s: Session, run: str) -> None:
    """A run that is missing after a call that has begun to remove it, or may have, is removed."""
    begun = False
    for _ in range(MOST_CALLS):
        answer = s.api.ask("DELETE", path_of(run), repeat=True)
        begun = begun or may_be_done_before(answer)
        if answer.status_code == 404 and begun:
            return
        if not answer.is_success:
            raise refused(answer)
        if answer.status_code != 202:
            return
        begun = True
        s.output.note("There is more to remove ...")
    raise CommandError(f"Run {run} is not removed yet", ExitCode.UNREACHABLE, "Run the command again.")


def _ask(can_ask: bool, run: str) -> None:
    if not can_ask:
        raise Usage(f"Removing run {run} cannot be taken back", "Give --yes")
    if not typer.confirm(f"Remove all that is kept of run {run}?", err=True):
        raise typer.Exit(int(ExitCode.USAGE))
