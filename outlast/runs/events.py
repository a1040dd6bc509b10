"""What happened to a run, in order: at most MOST entries in its record, which `transitions.apply` writes.

An entry has `at`, `event`, `attempt` and what else is known. Its time is missing until the record is written, because
nothing here reads a clock.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from outlast.calls import RunChange
from outlast.errors import shorten
from outlast.models import Json
from outlast.runs.record import ENDED, PHASES, RunRecord

MOST = 200
MOST_REASON = 300
"""Characters of a reason. The failure of the record has the whole text."""
COUNTS = ("rows", "rejected", "documents", "replaced", "bytes", "ru", "throttled", "sends")


def noted(before: RunRecord, after: RunRecord, change: RunChange) -> RunRecord:
    """The record with the entries of a change; the same record where nothing changed that is worth one."""
    entries = list(_entries(before, after, change))
    if not entries:
        return after
    events = [*after.result.events, *({"at": None, **entry} for entry in entries)]
    return after.changed(events=shortened(events))


def shortened(events: list[Json], most: int = MOST) -> list[Json]:
    """At most so many entries: of the kind that has the most, the two oldest are merged until that is so."""
    while len(events) > most:
        [(kind, _)] = Counter(map(_kind, events)).most_common(1)
        first, second = [number for number, entry in enumerate(events) if _kind(entry) == kind][:2]
        merged = _merged(events[first], events[second])
        events = [*events[:first], merged, *events[first + 1 : second], *events[second + 1 :]]
    return events


def seconds_by_phase(events: list[Json], now: datetime) -> dict[str, float]:
    """How long the run was in each phase, over all its attempts, up to now.

    `waiting` is the rest while it was open: it waited for a seat, or had lost its orchestration.
    """
    seconds: dict[str, float] = {}
    phase, since = None, now
    for entry in [*events, {"at": now.isoformat(), "event": "now"}]:
        at = datetime.fromisoformat(entry["at"])
        if phase is not None:
            seconds[phase] = round(seconds.get(phase, 0.0) + max(0.0, (at - since).total_seconds()), 3)
        phase, since = _phase_after(entry, phase), at
    return seconds


def _phase_after(entry: Json, phase: str | None) -> str | None:
    if entry["event"] == "phase_began":
        return str(entry["phase"])
    if entry["event"] == "ended":
        return None
    return "waiting" if entry["event"] == "phase_ended" else phase or "waiting"


def attempts_of(events: list[Json]) -> list[Json]:
    """Each attempt: its number, when and by which event it began, and the reason, which the first one does not have."""
    found: list[Json] = []
    for entry in events:
        if not found or entry["attempt"] > found[-1]["attempt"]:
            reason = entry.get("reason")
            found.append({"attempt": entry["attempt"], "began": entry["at"], "by": entry["event"], "reason": reason})
    return found


def _entries(before: RunRecord, after: RunRecord, change: RunChange) -> Iterator[Json]:
    was, now, attempt = before.status.state, after.status.state, after.status.attempt
    began_again = attempt > before.status.attempt
    if was != now and was in PHASES:
        yield {"event": "phase_ended", "attempt": before.status.attempt, "phase": was, **_counts(before, after, change)}
    if _is_an_entry(before, after, change):
        yield {"event": _name(after, change), "attempt": attempt, **_details(change)}
    if now in PHASES and (was != now or began_again):
        yield {"event": "phase_began", "attempt": attempt, "phase": now}
    if was != now and now in ENDED:
        yield {"event": "ended", "attempt": attempt, "state": now}


def _is_an_entry(before: RunRecord, after: RunRecord, change: RunChange) -> bool:
    """Whether the event itself is an entry, beside the phases that it begins and ends."""
    if change.event in _ONLY_PHASES:
        return after.status.attempt > before.status.attempt
    return after.changed(totals=before.result.totals) != before


_ONLY_PHASES = frozenset(
    {
        "read",
        "generate",
        "combine",
        "resolve",
        "store",
        "delete",
        "verify",
        "publish",
        "record_receipt",
        "complete",
        "close",
    }
)
_NAMES = {
    "admit": "admitted",
    "read": "retried",
    "restart": "retried",
    "cancel": "cancelled",
    "compensate": "compensation_began",
    "take_over": "taken_over",
    "plan": "planned",
    "approve": "approved",
    "redrive": "redriven",
    "correct": "corrected",
    "reverify": "verification_asked",
    "waive": "waived",
    "revoke_links": "links_revoked",
}


def _name(after: RunRecord, change: RunChange) -> str:
    if change.event == "fail":
        return "failed" if after.status.was_completed else after.status.outcome or "failed"
    if change.event == "finish_step":
        return {"email": "email_sent", "webhook": "webhook_sent"}.get(change.step or "", "undone")
    return _NAMES.get(change.event, change.event)


def _details(change: RunChange) -> Json:
    """Who did it and why, as far as the event brings that along."""
    failure = change.failure or {}
    details = {
        "by": change.by,
        "level": change.level,
        "owner": change.owner,
        "step": failure.get("step"),
        "chunk": failure.get("chunk"),
        "reason": shorten(change.reason or failure.get("text") or "", MOST_REASON) or None,
    }
    return {name: value for name, value in details.items() if value is not None}


def _counts(before: RunRecord, after: RunRecord, change: RunChange) -> Json:
    """What the phase has counted. A failure brings that as its totals, and a cancellation brings nothing."""
    totals = change.ended or (after if after.status.state == "failing" else before).result.totals or {}
    return {name: totals[name] for name in COUNTS if totals.get(name)}


def _kind(entry: Json) -> tuple[str, str | None]:
    return entry["event"], entry.get("phase")


def _merged(first: Json, second: Json) -> Json:
    counts = {name: first.get(name, 0) + second.get(name, 0) for name in COUNTS if name in first or name in second}
    times = first.get("times", 1) + second.get("times", 1)
    return {**second, **counts, "at": first["at"], "until": second.get("until", second["at"]), "times": times}
