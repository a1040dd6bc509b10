"""Compares what a completed run has stored with what the database has."""

from typing import Annotated

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.exit_codes import ExitCode
from outlast_cli.follow import Progress, ProgressOption, WatchOption, follow_or_tell
from outlast_cli.runs import find_id, path_of, read_run
from outlast_cli.session import JsonOption, ProfileOption, session


def verify(
    context: typer.Context,
    run: RunArgument,
    level: Annotated[str, typer.Option("--level", help="counts: are the documents there? content: are they equal?")] = (
        "content"
    ),
    watch: WatchOption = True,
    progress: ProgressOption = Progress.AUTO,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read back what a completed run has stored, and compare it. Exit code 1 says that something differs."""
    with session(context, profile, as_json) as s:
        run = find_id(s.api, run)
        s.api.post(path_of(run, "/verify"), level=level)
        follow_or_tell(s, run, watch=watch, progress=progress)
        if not watch:
            return
        found = (read_run(s.api, run).record.get("receipt") or {}).get("verified") or {}
        if not as_json:
            names = ("level", "documents", "equal", "different", "missing")
            s.output.pairs([(f"  {name}", found[name]) for name in names if name in found])
        if found.get("different") or found.get("missing"):
            raise typer.Exit(int(ExitCode.FAILED))
