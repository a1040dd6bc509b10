"""The app's events: one line of JSON in the log for each thing that an operator asks about.

The Azure worker drops what is given as `extra=`, so an event is the message itself. `docs/telemetry.md` describes every
event and field. No event holds a value of a row, an address, a key, or a text of a report's own code.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

LOGGER = "outlast.events"
MOST_CODES = 20
"""Codes of rejects in one event. The rejects of the others are counted as `other`."""
_RUN = ("run", "report", "attempt")
_TOTALS = ("rows", "rejected", "documents", "request_units", "throttled")

EVENTS: Mapping[str, tuple[str, ...]] = {
    "run_accepted": (*_RUN, "mode", "format", "by_reference"),
    "run_phase": (*_RUN, "ended", "seconds", "begun", "queue_wait", *_TOTALS),
    "rows_generated": (*_RUN, "chunk", "part", "seconds", "rows", "rejected", "documents", "bytes", "codes"),
    "documents_stored": (
        *_RUN,
        "chunk",
        "done",
        "seconds",
        "wait",
        "documents",
        "rejected",
        "bytes",
        "request_units",
        "throttled",
        "sends",
        "codes",
    ),
    "documents_deleted": (
        *_RUN,
        "shard",
        "done",
        "seconds",
        "wait",
        "documents",
        "request_units",
        "throttled",
        "sends",
    ),
    "documents_verified": (*_RUN, "chunk", "done", "seconds", "wait", "documents", "request_units", "throttled"),
    "run_restarted": (*_RUN, "state"),
    "run_ended": (
        *_RUN,
        "state",
        "ended",
        "phase_seconds",
        "seconds",
        *_TOTALS,
        "replaced",
        "bytes",
        "sends",
        "chunks",
        "step",
        "chunk",
        "pending",
    ),
    "step_pending": (*_RUN, "step"),
    "step_ended": (*_RUN, "step", "how"),
    "sweep_decided": (*_RUN, "state", "decision"),
    "verification": (*_RUN, "result", "expected", "found"),
}
"""The fields of each event, in their order."""


def emit(event: str, **fields: Any) -> None:
    """Log an event. A field that is not given is null."""
    line = {"event": event, **{name: fields.get(name) for name in EVENTS[event]}}
    logging.getLogger(LOGGER).info("%s", orjson.dumps(line).decode())


def count_codes(codes: Iterable[str]) -> dict[str, int]:
    """Count rejects by code, the most frequent first."""
    counted = Counter(codes)
    first = dict(counted.most_common(MOST_CODES))
    others = counted.total() - sum(first.values())
    return {**first, "other": others} if others else first
