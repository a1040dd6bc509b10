"""What crosses a durable boundary: small frozen records, written there as plain dictionaries.

No method here is named `to_json` or `from_json`: the Durable SDK's codec would call it.
"""

from dataclasses import dataclass, fields
from typing import Any, Self

from outlast.errors import shorten
from outlast.plain import as_dict, names_of

Bytes = bytes | bytearray
Json = dict[str, Any]
RUNS_CONTAINER = "runs"
"""The container of the run records; its partition key is `/id`."""
SNAPSHOT_RUN, SNAPSHOT_ID = "snapshot_run", "snapshot_id"
"""Members of each document of a snapshot report: the id of its run, and the id that the report gave the document."""
SNAPSHOT_HEADER = "snapshot_header"
"""The member of the header document that has everything but its id and its partition key."""
MOST_ATTEMPTS = 4
"""Attempts of a run: the first and three more, when nothing but the engine was wrong."""
MIRROR = "mirror"
"""The write mode in which the container becomes what the input says."""
ADMITTED = "admitted"
"""The event that a run waits for while it is queued or planned. It then looks at its record, which says what is so."""
MOST_LANES = 32
"""Lanes of a wave. More would make the history of a wave too long."""
MOST_WAVES = 20
"""Waves of a phase, at any data size: the history of the run is replayed at each of its turns, so it stays small."""
CHUNKS_OF_A_LANE = 8
"""Chunks that a lane has in one wave at most, where `MOST_WAVES` waves are enough for that. Before each wave a run is
told how many lanes it may have beside the other runs that are at work."""
SHARD = 250_000
"""Documents whose keys one call compares, about."""
MOST_SHARDS = 256
"""Shards of a run's keys. Each has at least the keys whose hashes begin with one byte."""


def shards_of(documents: int) -> int:
    """Into how many shards the keys of so many documents are divided; none without documents."""
    return min(MOST_SHARDS, -(-documents // SHARD))


def most_rejects(count: int | None, percent: float | None) -> int | None:
    """How many rejects fail a run whatever its number of rows; None where only a percentage of them is tolerated."""
    if count is None and not percent:
        return 0
    return count


class Payload:
    """Turns a record into the plain dictionary that crosses, and back."""

    def to_dict(self) -> Json:
        return as_dict(self)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        """Rebuild from `to_dict()`; keys of a newer release are left out, so that a run survives going back one."""
        return cls(**{name: data[name] for name in names_of(cls) if name in data})


@dataclass(frozen=True, slots=True)
class Totals(Payload):
    """What has been counted so far; added up from calls to lanes to waves to the run."""

    rows: int = 0
    """Rows read from the input."""
    rejected: int = 0
    """Rows of those that were refused, while generating or by the database."""
    documents: int = 0
    """Documents generated, or, in the storing phase, accepted by the database."""
    replaced: int = 0
    """Documents accepted that were there before: by an earlier run, or by two rows with one id. What the run may have
    written itself, in a call that was repeated or whose answer was lost, is not counted."""
    bytes: int = 0
    """Bytes of those documents as JSON."""
    ru: float = 0.0
    """Request units charged."""
    throttled: int = 0
    """Operations the database answered with 429; each was sent again."""
    sends: int = 0
    """Requests sent to the database."""
    unchanged: int = 0
    """Rows whose documents were in the database as they are, or not there to be deleted, so that nothing was stored."""
    deleted: int = 0
    """Documents that a mirror report deleted, because the input does not have them any more."""

    def to_dict(self) -> Json:
        """The members that came later are left out while they are 0, so that older histories replay as they are."""
        return {name: value for name, value in as_dict(self).items() if value or name not in _LATER}

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})

    def minus(self, other: "Totals") -> "Totals":
        """What these count beyond the others; nothing counts less than 0."""
        return Totals(**{f.name: max(0, getattr(self, f.name) - getattr(other, f.name)) for f in fields(self)})


_LATER = frozenset({"unchanged", "deleted"})


@dataclass(frozen=True, slots=True)
class Failure(Payload):
    """Which step failed, on which chunk (None: the step has none), and the text that the caller is shown.

    A longer text than MOST_TEXT is cut: a report's own exception can repeat a whole row.
    """

    step: str
    chunk: int | None
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", shorten(self.text))
