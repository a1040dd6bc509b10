"""The receipt: what a run did, and of what. docs/receipt.md explains each member."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from outlast.models import Json, Payload, Totals
from outlast.runs.events import attempts_of, seconds_by_phase
from outlast.runs.prices import Prices
from outlast.runs.record import RunRecord


@dataclass(frozen=True, slots=True)
class Counted(Payload):
    """What publishing counts in the staged files, chunk by chunk. It crosses from call to call as a cursor.

    `duplicates` are rows whose documents other rows have made. `documents_sha256` is that of the parts so far;
    `reports` are the hashes of the source files that generated them. `verified` is what a verification has found so
    far, in the end as the receipt shows it.
    """

    chunk: int = 0
    totals: Json = field(default_factory=lambda: Totals().to_dict())
    duplicates: int = 0
    documents_sha256: str = ""
    reports: Sequence[str] = ()
    verified: Json | None = None


@dataclass(frozen=True, slots=True)
class InputRead:
    """The input of a run. `sent` is the hash as it was sent, None where it is not known; `read` has the number of bytes
    and the hash of each stretch as it was read; `reading` says how, as the receipt shows it."""

    columns: Sequence[str]
    chunks: int
    sent: str | None
    read: Sequence[tuple[int, str]]
    reading: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Receipts:
    """Writes receipts. `versions` are those of the programs."""

    now: Callable[[], datetime]
    prices: Prices = field(default_factory=Prices)
    versions: Mapping[str, str] = field(default_factory=dict)

    def make(self, record: RunRecord, container: str, given: InputRead, counted: Counted, told: Totals) -> Json:
        """`counted` is found in the staged files, `told` is what the run has counted while it stored."""
        totals, now = Totals.from_dict(counted.totals), self.now().astimezone(UTC)
        return {
            "run": record.id,
            "report": record.request.report,
            "container": container,
            **_rows(totals, counted.duplicates),
            **_documents(totals, told, record.request.mode),
            "request_units": round(told.ru, 2),
            "throttled": told.throttled,
            "sends": told.sends,
            "cost": self.prices.of(told.ru),
            "chunks": given.chunks,
            "revision": record.status.revision,
            "corrections": len(record.status.corrections),
            **_input(given),
            "documents_sha256": counted.documents_sha256 or None,
            "report_sha256": list(counted.reports),
            "versions": dict(self.versions),
            "seconds": round((now - datetime.fromisoformat(record.request.accepted)).total_seconds(), 3),
            "seconds_by_phase": seconds_by_phase(record.result.events, now),
            "attempts": attempts_of(record.result.events),
            **({"verified": counted.verified} if counted.verified else {}),
            **given.reading,
            **_unnamed(given.columns),
        }


def _rows(totals: Totals, duplicates: int) -> Json:
    return {
        "rows_read": totals.rows,
        "rows_stored": totals.rows - totals.rejected - totals.unchanged,
        "rows_rejected": totals.rejected,
        "rows_unchanged": totals.unchanged,
        "rows_duplicate": duplicates,
    }


def _documents(totals: Totals, told: Totals, mode: str) -> Json:
    """In a delete report the documents that are counted as written are those that were deleted; a mirror report deletes
    what is gone beside what it writes; a patched document is neither created nor deleted."""
    created = 0 if mode in ("delete", "patch") else max(0, totals.documents - told.replaced)
    return {
        "documents_written": totals.documents,
        "documents_created": created,
        "documents_replaced": told.replaced,
        "documents_deleted": totals.documents if mode == "delete" else told.deleted,
        "bytes": told.bytes,
    }


def _input(given: InputRead) -> Json:
    """One hash of what was read, or the list of its stretches where several calls read it."""
    whole = given.read[0][1] if len(given.read) == 1 else None
    hashes: Json = {"input_sha256": given.sent, "input_read_sha256": whole}
    if len(given.read) > 1:
        hashes["input_read"] = [{"bytes": size, "sha256": sha256} for size, sha256 in given.read]
    return hashes


def _unnamed(columns: Sequence[str]) -> Json:
    """The numbers of the columns that were ignored because they have no name; nothing where there are none."""
    numbers = [number for number, name in enumerate(columns, 1) if not name]
    return {"unnamed_columns": numbers} if numbers else {}
