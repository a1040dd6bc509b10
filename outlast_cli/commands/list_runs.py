"""Lists runs, newest first."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Annotated, Any

import typer

from outlast_cli.api import Api
from outlast_cli.session import JsonOption, ProfileOption, session
from outlast_cli.views.numbers import age

MOST_ON_A_PAGE = 200


def list_runs(
    context: typer.Context,
    report: Annotated[str | None, typer.Option("--report", help="Only runs of this report.")] = None,
    state: Annotated[
        str | None, typer.Option("--state", help="Only runs in this state, or open or ended ones.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="Only runs that were started with this label.")] = None,
    of_input: Annotated[str | None, typer.Option("--input", help="Only runs of this file or reference.")] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Accepted at this time or later.")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Accepted before this time.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many runs.")] = 20,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """List runs, newest first."""
    with session(context, profile, as_json) as s:
        query = {"report": report, "state": state, "label": label, "input": of_input, "from": since, "to": until}
        found = list(islice(_pages(s.api, query, limit), limit))
        if s.output.as_json:
            s.output.data({"runs": found})
            return
        s.output.table(
            ("RUN", "REPORT", "STATE", "ROWS", "REJECTED", "AGE"), [_row(one, s.machine.now()) for one in found]
        )


def _pages(api: Api, query: Mapping[str, str | None], limit: int) -> Iterator[dict[str, Any]]:
    continuation: str | None = None
    while True:
        page = api.get("/api/runs", **query, top=str(min(limit, MOST_ON_A_PAGE)), continuation=continuation)
        yield from page["runs"]
        continuation = page.get("continuation")
        if continuation is None:
            return


def _row(run: Mapping[str, Any], now: float) -> tuple[Any, ...]:
    totals, receipt = run.get("totals") or {}, run.get("receipt") or {}
    rows = receipt.get("rows_read", totals.get("rows"))
    rejected = receipt.get("rows_rejected", totals.get("rejected"))
    return run["id"], run["report"], run["state"], rows, rejected, age(run.get("accepted"), now)
