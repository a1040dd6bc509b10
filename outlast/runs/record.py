"""The run record: the truth about a run, in the container `runs`, partition key `/id`.

`transitions` changes it, `store` keeps it, and every change is conditional on its ETag.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from outlast.models import MOST_ATTEMPTS, Json

STATES = ("queued", "accepted", "reading", "generating", "storing", "verifying", "publishing", "completed")
OUTCOMES = ("failed", "cancelled", "superseded")
ENDED = frozenset({"completed", *OUTCOMES})
AT_WORK = STATES[1:-1]
"""The states in which a run holds a seat."""
PHASES = STATES[2:-1]
"""The states in which a run does something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked. It never changes.

    `body` is the name under which the posted input is staged, and `sha256` its hash. `fingerprint` is a hash of the
    whole request, so that a repeat can be told from another request under the same key. `min_rows` is 0 in records of
    before it was an option.
    """

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
    sha256: str | None = None
    parameters: Json = field(default_factory=dict)
    tolerated_rejects: int | None = None
    tolerated_reject_percent: float | None = None
    min_rows: int = 0
    max_parallel: int = 8
    ru_share: float | None = None
    label: str | None = None
    verify: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """Where the run stands.

    `pending` are the steps of its compensation that are still to be done: `undo`, `email`. `outcome` is the final state
    of a run that is failing. `wrote` says whether any attempt came as far as storing. `compensations` counts how often
    a compensation was started. `owner` is the app and task hub whose orchestrations do the work. `removed` is the time
    when the staged files and the histories of the ended run were removed. `ttl`: so many seconds after its last change
    the database deletes the record; it is stored only where it is set, because the database refuses a null.

    `revision` counts how often a person has let the ended run be worked on again, and `earlier` the attempts before the
    last time. `was_completed`: it had been completed then, and stays so. `corrections` names the corrections of rows.
    """

    state: str = "queued"
    attempt: int = 1
    pending: list[str] = field(default_factory=list)
    outcome: str | None = None
    wrote: bool = False
    compensations: int = 0
    owner: str = ""
    revision: int = 0
    earlier: int = 0
    corrections: list[str] = field(default_factory=list)
    was_completed: bool = False
    updated: str | None = None
    removed: str | None = None
    ttl: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of the run so far."""

    totals: Json | None = None
    failure: Json | None = None
    receipt: Json | None = None
    waived: Json | None = None
    """The steps of the compensation that a person has waived, and why."""
    events: list[Json] = field(default_factory=list)
    """What happened to the run; see `outlast.runs.events`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    id: str
    request: RunRequest
    status: RunStatus = RunStatus()
    result: RunResult = RunResult()
    etag: str | None = None

    @property
    def open(self) -> bool:
        """Whether something is still to be done. Stored, so that an index serves the sweep's query."""
        return self.status.state not in ENDED or bool(self.status.pending)

    @property
    def last_attempt(self) -> int:
        """The attempt behind which no other is started without a person."""
        return self.status.earlier + MOST_ATTEMPTS

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Read what `to_document` wrote; members of a newer release are left out."""
        request, status, result = (_members(document, part) for part in (RunRequest, RunStatus, RunResult))
        return cls(
            id=document["id"],
            request=RunRequest(**request),
            status=RunStatus(**status),
            result=RunResult(**result),
            etag=document.get("_etag"),
        )

    def shown(self) -> Json:
        """The record as a caller sees it. Its events have an endpoint of their own."""
        return {name: value for name, value in self.to_document().items() if name != "events"}

    def to_document(self) -> Json:
        """The record as it is stored: one level, without the ETag."""
        document = {"id": self.id, "open": self.open}
        document |= {**asdict(self.request), **asdict(self.status), **asdict(self.result)}
        if self.status.ttl is None:
            del document["ttl"]
        return document

    def stamped(self, at: str) -> Self:
        """The record as it is written at this time, which is that of its new events, too."""
        events = [entry if entry["at"] else {**entry, "at": at} for entry in self.result.events]
        return self.changed(updated=at, events=events)

    def changed(self, **changes: Any) -> Self:
        """A record in which these members of status and result have these values."""
        result = {name: changes.pop(name) for name in list(changes) if name in _RESULT}
        return replace(self, status=replace(self.status, **changes), result=replace(self.result, **result))


def differs(receipt: Json | None) -> bool:
    """Whether the receipt has a verification that found the database other than it should be."""
    found = (receipt or {}).get("verified") or {}
    return bool(found.get("different") or found.get("missing"))


def _members(document: Mapping[str, Any], part: type[RunRequest | RunStatus | RunResult]) -> Json:
    return {f.name: document[f.name] for f in fields(part) if f.name in document}


_RESULT = frozenset(f.name for f in fields(RunResult))
