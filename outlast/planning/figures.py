"""What a plan counts, chunk after chunk."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outlast.cosmos.costs import OF_DELETE, OF_REPLACE
from outlast.models import Json, Payload

FIRST = 10
"""Rejects of each code that a plan shows."""
MOST_CODES = 50
"""Codes of rejects that a plan tells apart."""
KINDS = ("new", "changed", "unchanged")
"""What a write does to a document: it is not there before, it is there with other members, it is there as it is."""


@dataclass(slots=True)
class Figures(Payload):
    """The chunks before `chunk` are counted. `ranges` has documents, bytes and request units of creates by physical
    partition, `rejects` the number and the first rows by code.

    `sampled` documents were looked for in the container, each for as many as `kinds` count; `looked` are their request
    units as creates, and `there` those of them that are there already. `queried` are the request units of creates with
    the queried paths alone indexed. `estimated`: whether request units can be told of the report's write mode.
    `gone` documents are to be deleted. `compared`: the kinds are exact, as in a mirror report.
    """

    chunk: int = 0
    rows: int = 0
    rejected: int = 0
    documents: int = 0
    bytes: int = 0
    units: float = 0.0
    queried: float = 0.0
    sha256: str = ""
    ranges: dict[str, list[float]] = field(default_factory=dict)
    rejects: dict[str, Json] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    sampled: int = 0
    looked: float = 0.0
    there: float = 0.0
    estimated: bool = True
    gone: int = 0
    compared: bool = False

    def add_document(self, partition: str, size: int, units: float, queried: float) -> None:
        counted = self.ranges.setdefault(partition, [0, 0, 0.0])
        for at, value in enumerate((1, size, units)):
            counted[at] += value
        self.documents += 1
        self.bytes += size
        self.units += units
        self.queried += queried

    def add_kind(self, kind: str, units: float, weight: int = 1) -> None:
        """Note what a sampled document is, which stands for `weight`; `units` are its request units as a create."""
        self.kinds[kind] += weight
        self.sampled += 1
        self.looked += units * weight
        self.there += units * weight if kind != "new" else 0.0

    def add_reject(self, row: int, column: str, code: str, message: str) -> None:
        own = code in self.rejects or len(self.rejects) < MOST_CODES
        known = self.rejects.setdefault(code if own else "others", {"rows": 0, "first": []})
        known["rows"] += 1
        if len(known["first"]) < FIRST:
            known["first"].append({"row": row, "column": column, "message": message})

    def compare(self, new: int, changed: int, unchanged: int, gone: int) -> None:
        """Take over what is known exactly. Unchanged documents are not among those that were added."""
        self.kinds, self.gone = dict(zip(KINDS, (new, changed, unchanged), strict=True)), gone
        self.compared, self.sampled = True, 0
        self.looked, self.there = float(new + changed), float(changed)

    def plan(self) -> Json:
        """The plan as it is shown."""
        share = self.there / self.looked if self.looked else 0.0
        factor, counted = 1 + share * (OF_REPLACE - 1), sum(self.kinds.values())
        total = counted if self.compared else self.documents
        kinds = {kind: _scaled(count, total, counted) for kind, count in self.kinds.items()}
        return {
            "rows": self.rows,
            "rejected": self.rejected,
            "rejects": self.rejects,
            "documents": {**kinds, "gone": self.gone, "total": total},
            "sampled": self.sampled,
            "bytes": self.bytes,
            "request_units": round(self.units * factor + self.gone * OF_DELETE, 2) if self.estimated else None,
            "request_units_of_queried": round(self.queried * factor, 2) if self.queried else None,
            "partitions": _partitions(self.ranges, factor),
            "documents_sha256": self.sha256,
        }


def _scaled(count: int, documents: int, counted: int) -> int:
    return round(count * documents / counted) if counted else 0


def _partitions(ranges: Mapping[str, list[float]], factor: float) -> list[Json]:
    """The physical partitions, that with the most request units first."""
    hottest_first = sorted(ranges.items(), key=lambda one: (-one[1][2], one[0]))
    return [_partition(name, factor, *counted) for name, counted in hottest_first]


def _partition(name: str, factor: float, documents: float, size: float, units: float) -> dict[str, Any]:
    return {
        "partition": name,
        "documents": int(documents),
        "bytes": int(size),
        "request_units": round(units * factor, 2),
    }
