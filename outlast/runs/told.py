"""Who is told of the end of a run: people by email, as the run's `notify` says, and a program by the webhook."""

from outlast.calls import RunChange
from outlast.runs.record import RunRecord


def emailed(record: RunRecord, change: RunChange, *endings: str) -> list[str]:
    """The step that tells people of an end that is one of these; none where nobody asked for that or nobody can."""
    asked = record.request.notify in ("always", *endings)
    return ["email"] if asked and change.can_email else []


def posted(change: RunChange) -> list[str]:
    """The step that tells a program. It is told of every end, whatever `notify` says."""
    return ["webhook"] if change.can_post else []
