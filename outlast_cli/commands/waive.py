"""Ends the pending steps of a run that cannot be done."""

from typing import Annotated

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, session


def waive(
    context: typer.Context,
    run: RunArgument,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept with the run.")],
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give up the pending steps of a run that has ended."""
    with session(context, profile, as_json) as s:
        run = find_id(s.api, run)
        found = s.api.post(path_of(run, "/waive"), reason=reason)
        if s.output.as_json:
            s.output.data(found)
        else:
            s.output.line(f"Nothing is pending of run {run} any more.")
