"""Runs a report on a file in this process."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from outlast.inputs import Reading
from outlast.load_reports import check_report, load_report
from outlast.report import Report
from outlast.run_options import Options
from outlast.testing.in_place import Made, Worker, without_duplicates
from outlast.testing.result import ReportResult
from outlast.testing.whole_input import WholeInput, read_input
from outlast.wanted import wanted_of

Source = str | Path | bytes


def run_report(
    report: Report[Any] | type[Report[Any]] | str,
    file: Source,
    *,
    reference: Any = None,
    options: Mapping[str, Any] | None = None,
    filename: str | None = None,
    folder: Path | None = None,
) -> ReportResult:
    """Run a report on a file as a run does, but for the database.

    `report` is its class, or its name in `folder` (`reports` here). `file` is a path, or the input itself, whose
    `filename` then tells the format. `reference` stands for what `read_data_from_db` returns. `options` are those of
    a start that say how the input is read, such as `{"delimiter": ";"}`.

    Raises ReportError for a report that could not be deployed, BadInput for an input that a run would refuse, and
    pydantic's ValidationError for a wrong option. Rows that are wrong are rejects. Code of the report that does not
    return is not stopped here.
    """
    loaded = _loaded(report, folder or Path("reports"))
    data = file if isinstance(file, bytes) else Path(file).read_bytes()
    name = filename or (None if isinstance(file, bytes) else Path(file).name)
    said = Options.model_validate(options or {}).reading()
    whole = read_input(data, name, _said(loaded, said), wanted_of(loaded.row))
    worker = Worker(loaded, orjson.loads(orjson.dumps(reference)), whole)
    begun = time.perf_counter()
    made = worker.make()
    return _result(loaded, whole, worker, made, time.perf_counter() - begun)


def _loaded(report: Report[Any] | type[Report[Any]] | str, folder: Path) -> Report[Any]:
    if isinstance(report, str):
        return load_report(folder, report)
    return check_report(report, report.__name__, report.__name__) if isinstance(report, type) else report


def _said(report: Report[Any], said: Reading) -> Reading:
    return said.over(report.dialect.reading()) if report.dialect else said


def _result(report: Report[Any], whole: WholeInput, worker: Worker, made: Made, seconds: float) -> ReportResult:
    documents, lost = without_duplicates(made, report)
    return ReportResult(
        report=report.name,
        container=report.container,
        mode=report.mode,
        documents=documents,
        rejects=sorted([*made.rejects, *lost], key=lambda reject: reject.row),
        rows=made.rows,
        reading=whole.reading.said(),
        columns=whole.columns,
        seconds=seconds,
        row_seconds={row: taken for taken, row in sorted(worker.clock.slowest, reverse=True)},
        queried=report.queried,
    )
