"""What came of a run, in a few lines."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.markup import escape

from outlast_cli.output import Output
from outlast_cli.runs import Run

STYLES = {"completed": "green", "planned": "yellow"}
FACTS = (
    *("rows_read", "rows_stored", "rows_unchanged", "rows_rejected", "documents_written", "documents_replaced"),
    *("documents_deleted", "request_units", "throttled", "seconds"),
)


def show_summary(output: Output, run: Run) -> None:
    """On a terminal the state and the receipt, elsewhere the id and the state on one line; what to do next on both."""
    if output.as_json:
        output.data(run.record)
    elif not output.out.is_terminal:
        output.raw(f"{run.id}\t{run.state}")
    else:
        style = STYLES.get(run.state, "red" if run.has_ended else "cyan")
        output.line(f"Run {escape(run.id)} [{style}]{run.state}[/{style}]")
        output.pairs([(f"  {name}", value) for name, value in facts(run.record.get("receipt") or {})])
    if not output.as_json:
        for text in reasons(run):
            output.warn(text)
        tell = output.hint if run.has_ended or run.waits else output.note
        for text in next_steps(run):
            tell(text)


def facts(receipt: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in FACTS:
        if receipt.get(name) is not None:
            yield name.replace("_", " "), receipt[name]


def reasons(run: Run) -> Iterator[str]:
    failure = run.record.get("failure")
    if failure and run.has_ended:
        step = f"{failure['step']}: " if failure.get("step") else ""
        yield f"{step}{failure.get('text') or failure}"
    if run.has_ended and run.record.get("pending"):
        yield f"Still pending: {', '.join(run.record['pending'])}"


def next_steps(run: Run) -> Iterator[str]:
    """Yield commands that may come next."""
    rejected = (run.record.get("totals") or {}).get("rejected") or (run.record.get("receipt") or {}).get(
        "rows_rejected"
    )
    if run.waits:
        yield f"See what it will store: outlast plan {run.id}"
        yield f"Let it: outlast approve {run.id}    Drop it: outlast cancel {run.id}"
    if run.has_ended and rejected:
        yield f"See the rejected rows: outlast rejects {run.id}"
        yield f"Keep them to correct: outlast rejects {run.id} -o rejects.csv"
    if run.has_ended and rejected and not (run.record.get("mode") == "mirror" or run.record.get("grouped")):
        yield f"Send them back corrected: outlast correct {run.id} rejects.csv"
    redriven = run.state in ("failed", "cancelled") and run.record.get("mode") != "mirror"
    if redriven and rejected:
        yield f"Store the others without them: outlast redrive {run.id} --tolerated-rejects {rejected}"
    if redriven:
        yield f"Do what is missing, when the reason is mended: outlast redrive {run.id}"
    if not run.has_ended and not run.waits:
        yield f"Watch it: outlast watch {run.id}"
