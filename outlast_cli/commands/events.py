"""Shows what happened to a run."""

from collections.abc import Mapping
from typing import Any

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, Session, session

HEAD = frozenset({"at", "event", "attempt"})


def events(
    context: typer.Context, run: RunArgument = "last", profile: ProfileOption = None, as_json: JsonOption = False
) -> None:
    """Show what happened to a run, the oldest first."""
    with session(context, profile, as_json) as s:
        found = s.api.get(path_of(find_id(s.api, run), "/events"))
        if s.output.as_json:
            s.output.data(found)
        else:
            rows = [(_time(one["at"], s), one["attempt"], one["event"], _more(one)) for one in found["events"]]
            s.output.table(("AT", "ATTEMPT", "EVENT", "WHAT"), rows)


def _time(text: str, s: Session) -> str:
    """The time in UTC, for people to the millisecond and without what is the same in every line."""
    return text[:23].replace("T", " ") if s.output.for_people else text


def _more(event: Mapping[str, Any]) -> str:
    told = {name: value for name, value in event.items() if name not in HEAD and value not in (None, "")}
    return ", ".join(f"{name} {value}" for name, value in told.items())
