"""Sends rejected rows that were corrected."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from outlast_cli.api import read_json
from outlast_cli.arguments import RunArgument
from outlast_cli.follow import Progress, ProgressOption, WatchOption, follow_or_tell
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, session


def correct(
    context: typer.Context,
    run: RunArgument,
    file: Annotated[Path, typer.Argument(help="The rejects file, corrected.", exists=True, dir_okay=False)],
    watch: WatchOption = True,
    progress: ProgressOption = Progress.AUTO,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Do rejected rows that were corrected, under the same run, and watch it.

    The file is the one of `outlast rejects RUN -o FILE`, with its rows corrected. Rows that are corrected already
    with the same content are passed over, so the same file again does nothing.
    """
    with session(context, profile, as_json) as s:
        run = find_id(s.api, run)
        sent = s.api.call(
            "POST",
            path_of(run, "/corrections"),
            content=file.read_bytes(),
            headers={"Content-Type": "text/csv"},
            repeat=True,
        )
        s.output.note(_told(read_json(sent)))
        follow_or_tell(s, run, watch=watch, progress=progress)


def _told(answer: Mapping[str, Any]) -> str:
    before = answer.get("corrected_before")
    text = f"{answer['rows']} corrected rows are accepted."
    return f"{text} {before} were corrected before and are passed over." if before else text
