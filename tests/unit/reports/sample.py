"""Reads the shipped sample as the app does."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from outlast.inputs import CSV, InputRow
from outlast.report import Report, load_reports

ROOT = Path(__file__).resolve().parents[3]
DATA = gzip.decompress((ROOT / "samples" / "flights-2013-01.csv.gz").read_bytes())


def load(name: str) -> Report[Any]:
    """The report as the app loads it."""
    return load_reports(ROOT / "reports")[name]


def read_rows() -> Iterator[dict[str, Any]]:
    """Every row of the sample."""
    columns = CSV.columns(DATA[:10_000], at_end=False)
    start, first = CSV.first(DATA[:10_000], at_end=False)
    for row in CSV.rows(DATA[start:], columns, first):
        assert isinstance(row, InputRow), row
        yield row.values


def generate(report: Report[Any], reference: Any, **values: Any) -> list[dict[str, Any]]:
    """The documents of the sample's first row, with these values changed."""
    row = {**next(read_rows()), **values}
    return list(report.generate_report(report.row.model_validate(row), reference))


def count(report: Report[Any], reference: Any) -> tuple[int, int]:
    """The number of rows of the sample, and of different documents that they make."""
    keys, rows = set[tuple[Any, str]](), 0
    for rows, values in enumerate(read_rows(), 1):  # noqa: B007  # it is what is counted
        for document in report.generate_report(report.row.model_validate(values), reference):
            keys.add((document[str(report.partition_key)[1:]], document["id"]))
    return rows, len(keys)
