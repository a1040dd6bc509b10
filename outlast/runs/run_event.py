"""The event about the end of a run, in the JSON format of CloudEvents 1.0.

Like an email it holds no row, no parameter and no file name. Source: https://github.com/cloudevents/spec, "JSON Event
Format for CloudEvents" 1.0.2.
"""

from dataclasses import dataclass

import orjson

from outlast.models import Json
from outlast.runs.record import RunRecord

COUNTS = (
    "rows_read",
    "rows_stored",
    "rows_rejected",
    "rows_unchanged",
    "documents_written",
    "documents_deleted",
    "request_units",
    "cost",
    "seconds",
)
"""What of a receipt an event has."""


@dataclass(frozen=True, slots=True)
class RunEvent:
    """`key` is the same however often the end of this attempt is told, and is that of no later run of the same id."""

    key: str
    body: bytes

    @classmethod
    def of(cls, record: RunRecord, address: str) -> "RunEvent":
        """`address` is the app's own, `https://…`, or empty where that is not known."""
        state = record.status.outcome or record.status.state
        key = f"{record.id}:{record.status.attempt}:{state}:{record.accepted_milliseconds}"
        event = {
            "specversion": "1.0",
            "id": key,
            "source": f"{address}/api/reports/{record.request.report}",
            "type": f"outlast.run.{state}",
            "subject": record.id,
            "time": record.status.since or record.request.accepted,
            "datacontenttype": "application/json",
            "data": _data(record, state, address),
        }
        return cls(key, orjson.dumps(event))


def _data(record: RunRecord, state: str, address: str) -> Json:
    request, status, result = record.request, record.status, record.result
    receipt = result.receipt or {}
    return {
        "run": record.id,
        "report": request.report,
        "label": request.label,
        "state": state,
        "attempt": status.attempt,
        "revision": status.revision,
        "accepted": request.accepted,
        "run_uri": f"{address}/api/runs/{record.id}",
        "failure": result.failure,
        "undo_pending": "undo" in status.pending,
        "totals": result.totals,
        "receipt": {name: receipt[name] for name in COUNTS if name in receipt} or None,
    }
