"""Watches a run."""

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.follow import Progress, ProgressOption, follow
from outlast_cli.runs import find_id
from outlast_cli.session import JsonOption, ProfileOption, session


def watch(
    context: typer.Context,
    run: RunArgument = "last",
    progress: ProgressOption = Progress.AUTO,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Watch a run to its end. Ctrl-C leaves the run alone."""
    with session(context, profile, as_json) as s:
        follow(s, find_id(s.api, run), progress)
