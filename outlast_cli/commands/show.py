"""Shows one run."""

from collections.abc import Iterator
from typing import Any

import typer

from outlast_cli.arguments import RunArgument
from outlast_cli.runs import Run, find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, session
from outlast_cli.views.summary import facts, next_steps, reasons


def show(
    context: typer.Context, run: RunArgument = "last", profile: ProfileOption = None, as_json: JsonOption = False
) -> None:
    """Show how a run stands, or how it ended."""
    with session(context, profile, as_json) as s:
        shown = s.api.get(path_of(find_id(s.api, run)))
        if s.output.as_json:
            s.output.data(shown)
            return
        found = Run.of(shown)
        s.output.pairs(_about(found))
        for text in reasons(found):
            s.output.warn(text)
        for text in next_steps(found):
            s.output.note(text)


def _about(run: Run) -> Iterator[tuple[str, Any]]:
    record = run.record
    yield "run", run.id
    yield "report", run.report
    yield "state", run.state
    yield "attempt", run.attempt
    yield "accepted", record.get("accepted")
    yield "input", record.get("reference") or record.get("filename")
    if record.get("label"):
        yield "label", record["label"]
    if run.has_ended:
        yield from facts(record.get("receipt") or {})
    elif not run.waits:
        yield "phase", f"{run.phase}, {run.chunks_done} of {run.chunks} chunks"
        yield from ((name, value) for name, value in run.counts.items() if value)
