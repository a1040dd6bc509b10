"""What a report made of a file."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from outlast.cosmos.costs import IndexedTerms, create_units
from outlast.models import Json
from outlast.staging.rejects import Reject


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportResult:
    """`documents` are those that a run would store, in the order of their rows: of the mode `patch` id and operations,
    of `delete` the id. `rejects` are in the order of their rows. `rows` counts the rows of the input, and `reading`
    says how it was read.

    `row_seconds` has the seconds of the slowest rows by their numbers, reading included; it is empty where rows were
    added up by columns. `seconds` are those of all rows.
    """

    report: str
    container: str
    mode: str
    documents: list[Json]
    rejects: list[Reject]
    rows: int
    reading: Json
    columns: list[str]
    seconds: float
    row_seconds: Mapping[int, float] = field(default_factory=dict)
    queried: tuple[str, ...] = ()

    @property
    def rejected(self) -> int:
        """Rows that were refused. A reject of a group stands for all its rows."""
        return sum(reject.rows for reject in self.rejects)

    @property
    def seconds_per_row(self) -> float:
        return self.seconds / self.rows if self.rows else 0.0

    @property
    def codes(self) -> dict[str, int]:
        """How many rows were refused, by code."""
        counted: Counter[str] = Counter()
        for reject in self.rejects:
            counted[reject.code] += reject.rows
        return dict(counted)

    def request_units(self, policy: Mapping[str, Any] | None = None) -> float | None:
        """What storing all documents as new ones costs in request units under an indexing policy.

        Without a policy all paths are indexed, which is the default of a container. None in the modes `patch` and
        `delete`, whose charges depend on what is there.
        """
        return self._units(IndexedTerms(dict(policy) if policy is not None else None))

    def request_units_of_queried(self) -> float | None:
        """The same where the policy indexes the report's `queried` paths alone; None where it names none."""
        return self._units(IndexedTerms.of_paths(self.queried)) if self.queried else None

    def _units(self, terms: IndexedTerms) -> float | None:
        if self.mode in ("patch", "delete"):
            return None
        return round(sum(create_units(len(orjson.dumps(one)), terms.count(one)) for one in self.documents), 2)
