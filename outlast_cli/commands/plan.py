"""Shows what a planned run will store."""

from typing import Annotated, Any

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, Session, session
from outlast_cli.views.numbers import digits

MOST_PARTITIONS, MOST_ROWS = 5, 3


def plan(
    context: typer.Context,
    run: RunArgument = "last",
    ru_per_second: Annotated[
        float | None, typer.Option("--ru-per-second", help="The throughput for which the time is computed.")
    ] = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a planned run will store, what it costs and how long it takes."""
    with session(context, profile, as_json) as s:
        rate = None if ru_per_second is None else digits(ru_per_second)
        found = s.api.get(path_of(find_id(s.api, run), "/plan"), ru_per_second=rate)
        if s.output.as_json:
            s.output.data(found)
        else:
            show_plan(s, found)


def show_plan(s: Session, found: dict[str, Any]) -> None:
    documents, price = found.get("documents") or {}, found.get("price")
    s.output.facts(
        [
            ("run", found["run"]),
            ("state", found["state"]),
            ("expires", found.get("expires")),
            ("rows", found.get("rows")),
            ("rejected", found.get("rejected")),
            *((f"documents {name}", value) for name, value in documents.items()),
            ("bytes", found.get("bytes")),
            ("request units", found.get("request_units")),
            ("request units with queried paths indexed alone", found.get("request_units_of_queried")),
            ("minutes", found.get("minutes")),
            ("price", None if price is None else f"{digits(price['amount'])} {price['currency'] or ''}"),
        ]
    )
    _show_partitions(s, found.get("partitions") or [])
    _show_rejects(s, found.get("rejects") or {})
    if found["state"] == "planned":
        s.output.hint(f"Let it: outlast approve {found['run']}    Drop it: outlast cancel {found['run']}")


def _show_partitions(s: Session, partitions: list[dict[str, Any]]) -> None:
    if not partitions or not s.output.for_people:
        return
    s.output.line("")
    rows = [(one.get("documents"), one.get("bytes"), one.get("request_units")) for one in partitions[:MOST_PARTITIONS]]
    s.output.table((f"HOTTEST OF {len(partitions)} PARTITIONS: DOCUMENTS", "BYTES", "REQUEST UNITS"), rows)


def _show_rejects(s: Session, rejects: dict[str, Any]) -> None:
    rows = [
        (code, one["rows"], first.get("row"), first.get("column"), first.get("message"))
        for code, one in rejects.items()
        for first in one["first"][:MOST_ROWS]
    ]
    if rows:
        s.output.line("")
        s.output.table(("REJECTS", "ROWS", "SUCH AS ROW", "COLUMN", "WHY"), rows)
