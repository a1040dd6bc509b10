"""Answers that are put together from parts: what the SDK says of a start, a staged plan, the checks of the health.

A member with a default may be missing.
"""

# ruff: noqa: N815  # the names of Durable Functions

from dataclasses import dataclass

from outlast.http.answers import Record
from outlast.models import Json


@dataclass(frozen=True, slots=True)
class Started:
    id: str
    runUri: str
    shareUri: str = ""
    statusQueryGetUri: str = ""
    sendEventPostUri: str = ""
    terminatePostUri: str = ""
    rewindPostUri: str = ""
    purgeHistoryDeleteUri: str = ""
    restartPostUri: str = ""
    suspendPostUri: str = ""
    resumePostUri: str = ""


@dataclass(frozen=True, slots=True)
class RecordedStart:
    id: str
    runUri: str
    run: Record
    shareUri: str = ""


@dataclass(frozen=True, slots=True)
class FirstReject:
    row: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class RejectsOfCode:
    rows: int
    first: list[FirstReject]


@dataclass(frozen=True, slots=True)
class PlannedDocuments:
    new: int
    changed: int
    unchanged: int
    total: int
    gone: int = 0


@dataclass(frozen=True, slots=True)
class PlannedPartition:
    partition: str
    documents: int
    bytes: int
    request_units: float


@dataclass(frozen=True, slots=True)
class Plan:
    run: str
    state: str
    rows: int
    rejected: int
    rejects: dict[str, RejectsOfCode]
    documents: PlannedDocuments
    sampled: int
    bytes: int
    request_units: float | None
    request_units_of_queried: float | None
    partitions: list[PlannedPartition]
    documents_sha256: str
    planned: str | None
    expires: str | None
    approved: str | None
    ru_per_second: float | None
    minutes: float | None
    price: Json | None


@dataclass(frozen=True, slots=True)
class Check:
    ok: bool
    problem: str = ""
    warning: str = ""
    help: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    status: str
    checks: dict[str, Check]


@dataclass(frozen=True, slots=True)
class Event:
    at: str
    event: str
    attempt: int
    phase: str = ""
    rows: int = 0
    rejected: int = 0
    documents: int = 0
    replaced: int = 0
    bytes: int = 0
    ru: float = 0.0
    throttled: int = 0
    sends: int = 0
    by: str = ""
    reason: str = ""
    step: str = ""
    chunk: int | None = None
    owner: str = ""
    level: str = ""
    state: str = ""
    times: int = 0
    until: str = ""


@dataclass(frozen=True, slots=True)
class ProblemDetails:
    """RFC 9457. Some problems have further members, which docs/api.md names."""

    type: str
    title: str
    status: int
    detail: str
    field: str = ""
