"""Makes run records from the names of their members, whichever part of the record has them."""

from typing import Any

from outlast.runs.record import RunRecord

ACCEPTED = "2026-01-01T00:00:00+00:00"


def make_record(**fields: Any) -> RunRecord:
    """Return a record of run `r1` of the report `sales`, just accepted, with these members changed."""
    usual = {"id": "r1", "report": "sales", "accepted": ACCEPTED, "format": "csv", "gzipped": False}
    return RunRecord.from_document({**usual, "state": "accepted", **fields})


def altered(record: RunRecord, **fields: Any) -> RunRecord:
    """Return the record with other values of these members, also of those that the app never changes."""
    return RunRecord.from_document({**record.to_document(), "_etag": record.etag, **fields})
