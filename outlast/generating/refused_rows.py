"""The rows of each run whose code had to be stopped in this process, so that no later call runs it again."""

from collections import OrderedDict
from dataclasses import dataclass, field

from outlast.errors import Permanent
from outlast.generating.part_builder import Refusal

MOST_ROWS = 100
"""Rows of one run. At 10 s each they take a quarter of an hour of the process that runs them."""
MOST_RUNS = 1_000


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """`parts` says whose rows they are: a run's, until it generates them anew. A corrected row is in another chunk than
    the row that it corrects."""

    _runs: OrderedDict[str, list[tuple[int, Refusal]]] = field(default_factory=OrderedDict)

    def of(self, parts: str, chunk: int) -> list[tuple[int, str, str]]:
        """Number, code and message of each row of a chunk."""
        return [(row.row, row.code, row.message) for number, row in self._runs.get(parts, []) if number == chunk]

    def add(self, parts: str, chunk: int, report: str, refusal: Refusal) -> None:
        """Keep a row. Raises Permanent when the run has too many of them."""
        rows = self._runs.setdefault(parts, [])
        rows.append((chunk, refusal))
        if len(rows) > MOST_ROWS:
            raise Permanent(
                f"more than {MOST_ROWS} rows had to be stopped or have crashed; the last is row {refusal.row}: "
                f"{refusal.message}; correct generate_report of {report}, or the input"
            )
        while len(self._runs) > MOST_RUNS:
            self._runs.popitem(last=False)
