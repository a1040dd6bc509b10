"""Ends a run."""

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, session


def cancel(
    context: typer.Context, run: RunArgument, profile: ProfileOption = None, as_json: JsonOption = False
) -> None:
    """End a run. What a snapshot has stored is undone; other modes leave what they have stored."""
    with session(context, profile, as_json) as s:
        run = find_id(s.api, run)
        found = s.api.post(path_of(run, "/cancel"))
        if s.output.as_json:
            s.output.data(found)
        else:
            s.output.line(f"Run {run} is {found['run']['state']}.")
            s.output.note(f"Watch its end: outlast watch {run}")
