"""Runs a report on a file in this process, without any app."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from outlast_cli.checkout import find_checkout, run_report
from outlast_cli.errors import Usage
from outlast_cli.exit_codes import ExitCode
from outlast_cli.session import JsonOption, Session, session
from outlast_cli.starting import read_pairs

if TYPE_CHECKING:
    from outlast_cli.checkout import ReportResult

SHOWN_WIDTH = 160


def report_test(
    context: typer.Context,
    report: Annotated[str, typer.Argument(help="The report's name: its file in reports/ without .py")],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    reference: Annotated[
        Path | None, typer.Option("--reference", help="JSON that stands for what read_data_from_db returns.")
    ] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="An indexing policy as JSON, to be priced.")] = None,
    options: Annotated[
        list[str] | None, typer.Option("--option", "-o", metavar="NAME=VALUE", help="How the input is read.")
    ] = None,
    shown: Annotated[int, typer.Option("--documents", "-n", min=0, help="So many documents are shown.")] = 3,
    as_json: JsonOption = False,
) -> None:
    """Run a report on a file without any app: documents, rejects, time per row, request units by indexing policy.

    Exit code 1 says that a row was rejected or nothing was made. As a function for tests: outlast.testing.run_report.
    """
    with session(context, as_json=as_json) as s:
        root = find_checkout(Path.cwd())
        given = read_pairs(options or [], "--option")
        result = run_report(root, report, file, reference=_json(reference), options=given)
        told = describe(result, _json(policy))
        if as_json:
            s.output.data({**told, "documents": result.documents[:shown], "rejects": _rejects(result)})
        else:
            show_result(s, result, told, shown)
        if result.rejects or not result.documents:
            raise typer.Exit(int(ExitCode.FAILED))


def _json(path: Path | None) -> Any:
    if path is None:
        return None
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise Usage(f"{path} cannot be read as JSON: {error}") from error


def describe(result: "ReportResult", policy: Any = None) -> dict[str, Any]:
    """The figures of a result."""
    return {
        "report": result.report,
        "rows": result.rows,
        "rejected": result.rejected,
        "codes": result.codes,
        "documents_made": len(result.documents),
        "seconds": round(result.seconds, 3),
        "microseconds_per_row": round(result.seconds_per_row * 1e6, 1),
        "slowest_rows": {str(row): round(taken * 1e3, 3) for row, taken in result.row_seconds.items()},
        "request_units": {
            "all_paths_indexed": result.request_units(),
            "queried_paths_indexed": result.request_units_of_queried(),
            "policy": result.request_units(policy) if policy is not None else None,
            "nothing_indexed": result.request_units({"indexingMode": "none"}),
        },
        "reading": result.reading,
    }


def show_result(s: Session, result: "ReportResult", told: dict[str, Any], shown: int) -> None:
    for document in result.documents[:shown]:
        text = json.dumps(document, ensure_ascii=False)
        s.output.raw(text if len(text) <= SHOWN_WIDTH or not s.output.for_people else f"{text[:SHOWN_WIDTH]}…")
    if result.rejects:
        s.output.line("")
        s.output.table(
            ("ROW", "COLUMN", "CODE", "WHY"), [(r.row, r.column, r.code, r.message) for r in result.rejects[:20]]
        )
    units, slowest = told["request_units"], next(iter(told["slowest_rows"].items()), None)
    s.output.line("")
    s.output.facts(
        [
            ("rows", told["rows"]),
            ("rejected", told["rejected"]),
            ("documents", told["documents_made"]),
            ("microseconds a row", told["microseconds_per_row"]),
            ("slowest row", slowest and f"{slowest[0]}, {slowest[1]} ms"),
            ("request units, all paths indexed", units["all_paths_indexed"]),
            ("request units, queried paths indexed", units["queried_paths_indexed"]),
            ("request units, your policy", units["policy"]),
            ("request units, nothing indexed", units["nothing_indexed"]),
        ]
    )


def _rejects(result: "ReportResult") -> list[dict[str, Any]]:
    return [{"row": r.row, "column": r.column, "code": r.code, "message": r.message} for r in result.rejects]
