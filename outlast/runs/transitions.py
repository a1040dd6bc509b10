"""Every change of a run's state."""

from typing import Any

from outlast.runs.record import RunRecord


def failing(record: RunRecord, outcome: str, failure: dict[str, Any] | None) -> RunRecord:
    """The record of a run that is at work, fenced: what it is to become, and what is pending before."""
    undo = ["undo"] if record.request.mode == "snapshot" and record.status.wrote else []
    mail = ["email"] if outcome == "failed" else []
    return record.changed(state="failing", outcome=outcome, failure=failure, pending=[*undo, *mail])
