"""Lets a planned run store what its plan says."""

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.follow import Progress, ProgressOption, WatchOption, follow_or_tell
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, session


def approve(
    context: typer.Context,
    run: RunArgument,
    watch: WatchOption = True,
    progress: ProgressOption = Progress.AUTO,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a planned run store exactly what its plan says, and watch it."""
    with session(context, profile, as_json) as s:
        run = find_id(s.api, run)
        s.api.post(path_of(run, "/approve"))
        follow_or_tell(s, run, watch=watch, progress=progress)
