"""The run record: the truth about a run, in the container `runs`, partition key `/id`.

`transitions` changes it, `store` keeps it, and every change is conditional on its ETag.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from outlast.models import MOST_ATTEMPTS, Json
from outlast.plain import as_dict, names_of

STATES = (
    *("queued", "accepted", "reading", "generating", "combining", "resolving", "planned"),
    *("storing", "verifying", "publishing", "completed"),
)
OUTCOMES = ("failed", "cancelled", "superseded", "expired")
ENDED = frozenset({"completed", *OUTCOMES})
WAITING = ("queued", "planned")
"""The states in which a run waits without a seat: for one, or for a person."""
AT_WORK = tuple(state for state in STATES[:-1] if state not in WAITING)
"""The states in which a run holds a seat."""
PHASES = AT_WORK[1:]
"""The states in which a run does something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What was asked. Only a redrive changes it, and of it the options alone, and a later verification.

    `body` is the name under which the posted input is staged, and `sha256` its hash. `fingerprint` is a hash of the
    whole request, so that a repeat can be told from another request under the same key. `min_rows` is 0 in records of
    before it was an option.
    `reading` is how the input is read, as far as the start could find it, and `wanted` what the report reads of it;
    both are empty in records of before they were kept. `several`: the staged body is a list of files, which are the
    input together; `reading` is then only what is said of them.
    `repair`: what a verification of a mirror report's container finds changed or missing is written again.
    `query` is what is read of a container instead of a file, with at most `read_ru_share` of its request units.
    `plan`: the run waits after generating until a person approves its plan, for at most `plan_days`. `notify`: of
    which end people are told by email.
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
    repair: bool = False
    grouped: bool = False
    several: bool = False
    reading: Json = field(default_factory=dict)
    wanted: Json = field(default_factory=dict)
    duplicates: str = "last"
    max_delete_percent: float = 20.0
    plan: bool = False
    plan_days: float = 7.0
    notify: str = "failed"
    query: Json | None = None
    read_ru_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStatus:
    """Where the run stands.

    `pending` are the steps of its compensation that are still to be done: `undo`, `email`, `webhook`. `outcome` is the
    final state of a run that is failing. `wrote` says whether any attempt came as far as storing. `compensations`
    counts how often a compensation was started. `owner` is the app and task hub whose orchestrations do the work.
    `removed` is the time when the staged files and the histories of the ended run were removed. `ttl`: so many seconds
    after its last change the database deletes the record; it is stored only where it is set, because the database
    refuses a null. `since` is the time when the run came into its state, None in a record of before that was noted.
    `removing`: a removal by DELETE has begun. `redriven` is the last redrive: `attempt`, `at`, `options`, `regenerate`.
    `earlier` counts the attempts before it. `parts` and `marks` are the attempts that began the staged parts and the
    marks of stored chunks which count; 0 is the first. `planned` is the plan in short, with `at` and `expires`, and
    `approved` the time and the hash of what a person has approved. `revision` counts how often a person has let the
    ended run be corrected or verified. `link_version` is that of the links that open the run. `was_completed`: it had
    been completed before the last time, and stays so. `corrections` names the corrections of rows.
    """

    state: str = "queued"
    attempt: int = 1
    pending: list[str] = field(default_factory=list)
    outcome: str | None = None
    wrote: bool = False
    compensations: int = 0
    owner: str = ""
    updated: str | None = None
    since: str | None = None
    removed: str | None = None
    ttl: int | None = None
    removing: bool = False
    redriven: Json | None = None
    earlier: int = 0
    parts: int = 0
    marks: int = 0
    planned: Json | None = None
    approved: Json | None = None
    revision: int = 0
    corrections: list[str] = field(default_factory=list)
    was_completed: bool = False
    link_version: int = 0


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
    def is_removed(self) -> bool:
        """Whether the files of the run are removed, or a removal of them has begun."""
        return self.status.removing or self.status.removed is not None

    @property
    def last_attempt(self) -> int:
        """The attempt behind which no other is started without a person."""
        return self.status.earlier + MOST_ATTEMPTS

    @property
    def parts_folder(self) -> str:
        """What stands for the run in the paths of its reference, its generated parts and their keys."""
        return _of_attempt(self.id, self.status.parts)

    @property
    def accepted_milliseconds(self) -> int:
        """When it was accepted, since 1970: tells it from a later run of the same id in keys without a full stop, which
        a webhook id may not have (https://www.standardwebhooks.com)."""
        return round(datetime.fromisoformat(self.request.accepted).timestamp() * 1000)

    @property
    def parts_key(self) -> str:
        """Stands for the parts in what a process remembers. Unlike the folder, it is never that of a later run of the
        same id."""
        return f"{self.parts_folder}:{self.request.accepted}"

    @property
    def marks_folder(self) -> str:
        """What stands for the run in the paths of the marks of its stored chunks."""
        return _of_attempt(self.id, self.status.marks)

    @property
    def resolved_folder(self) -> str:
        """What stands for the run in the paths of what is decided about its documents, anew for each correction."""
        number = len(self.status.corrections)
        return f"{self.parts_folder}/corrected{number}" if number else self.parts_folder

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
        document |= {**as_dict(self.request), **as_dict(self.status), **as_dict(self.result)}
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
    return {name: document[name] for name in names_of(part) if name in document}


def _of_attempt(run: str, attempt: int) -> str:
    """A call that was given up still writes into the folder of its own attempt, where nobody looks any more."""
    return f"{run}/attempt{attempt}" if attempt else run


_RESULT = frozenset(names_of(RunResult))
