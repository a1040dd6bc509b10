"""The run record: the truth about a run, in the container `runs`, partition key `/id`.

state: accepted → reading → generating → storing → publishing → completed; any before completed → failing → its
`outcome`: failed, cancelled or superseded. Every change is conditional on the record's ETag.
"""

from dataclasses import asdict, dataclass, field
from typing import Any

from outlast.models import RUNS_CONTAINER

CONTAINER = RUNS_CONTAINER
STATES = ("accepted", "reading", "generating", "storing", "publishing", "completed")
OUTCOMES = ("failed", "cancelled", "superseded")
ENDED = frozenset({"completed", *OUTCOMES})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run. `pending`: the steps of its compensation that are still to be done: `undo`, `email`. `outcome`: the
    final state of a run that is failing. `wrote`: whether any attempt came as far as storing. `compensations`: how
    often one was started. `body`: the name under which the posted input is staged. `fingerprint`: what the caller
    asked for, so that a repeat can be told from another request."""

    id: str
    report: str
    accepted: str
    format: str
    gzipped: bool
    mode: str = "upsert"
    filename: str | None = None
    reference: str | None = None
    reference_etag: str | None = None
    body: str = "body"
    fingerprint: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    tolerated_rejects: int | None = None
    tolerated_reject_percent: float | None = None
    max_parallel: int = 8
    ru_share: float | None = None
    state: str = "accepted"
    attempt: int = 1
    pending: list[str] = field(default_factory=list)
    outcome: str | None = None
    wrote: bool = False
    compensations: int = 0
    updated: str | None = None
    totals: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None
    receipt: dict[str, Any] | None = None
    etag: str | None = None

    def shown(self) -> dict[str, Any]:
        """The record as a caller sees it and as it is stored."""
        return {name: value for name, value in asdict(self).items() if name != "etag"}
