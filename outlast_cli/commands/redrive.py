"""Lets a failed or cancelled run do what is missing."""

from typing import Annotated

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.follow import Progress, ProgressOption, WatchOption, follow_or_tell
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, session
from outlast_cli.starting import read_pairs


def redrive(
    context: typer.Context,
    run: RunArgument,
    regenerate: Annotated[bool, typer.Option("--regenerate", help="Generate and store everything again.")] = False,
    options: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option that changes.")
    ] = None,
    tolerated: Annotated[
        int | None, typer.Option("--tolerated-rejects", metavar="N", help="Rejected rows that do not fail the run.")
    ] = None,
    watch: WatchOption = True,
    progress: ProgressOption = Progress.AUTO,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a failed or cancelled run do what is missing and nothing else, and watch it."""
    with session(context, profile, as_json) as s:
        run = find_id(s.api, run)
        changed: dict[str, str | None] = {**read_pairs(options or [], "--option")}
        if tolerated is not None:
            changed["tolerated_rejects"] = str(tolerated)
        s.api.post(path_of(run, "/redrive"), **changed, regenerate="true" if regenerate else None)
        follow_or_tell(s, run, watch=watch, progress=progress)
