"""What crosses a durable boundary: small frozen records, written there as plain dictionaries.

No method here is named `to_json` or `from_json`: the Durable SDK's codec would call it.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any, Self

from outlast.errors import shorten

Json = dict[str, Any]
RUNS_CONTAINER = "runs"
"""The container of the run records; its partition key is `/id`."""
SNAPSHOT_RUN, SNAPSHOT_ID = "snapshot_run", "snapshot_id"
"""Members of each document of a snapshot report: the id of its run, and the id that the report gave the document."""
SNAPSHOT_HEADER = "snapshot_header"
"""The member of the header document that has everything but its id and its partition key."""
MOST_ATTEMPTS = 4
"""Attempts of a run: the first and three more, when nothing but the engine was wrong."""
ADMITTED = "admitted"
"""The event that a run waits for while it is queued."""
MOST_LANES = 32
"""Lanes of a wave. More would make the history of a wave too long."""


def most_rejects(count: int | None, percent: float | None) -> int | None:
    """How many rejects fail a run whatever its number of rows; None where only a percentage of them is tolerated."""
    if count is None and not percent:
        return 0
    return count


class Payload:
    """Turns a record into the plain dictionary that crosses, and back."""

    def to_dict(self) -> Json:
        return asdict(self)  # type: ignore[call-overload,no-any-return]  # every subclass is a dataclass

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        """Rebuild from `to_dict()`; keys of a newer release are left out, so that a run survives going back one."""
        known = {f.name for f in fields(cls)}  # type: ignore[arg-type]  # every subclass is a dataclass
        return cls(**{name: value for name, value in data.items() if name in known})


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

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


@dataclass(frozen=True, slots=True)
class Start(Payload):
    """Input of `import_report`. The retry interval is part of it, so that a replay finds the one it began with."""

    attempt: int
    first_retry_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class RunCall(Payload):
    """Input of an activity that works for a whole run. `cursor` is what the call before returned."""

    run: str
    attempt: int
    cursor: Json | None = None


@dataclass(frozen=True, slots=True)
class ChunkCall(Payload):
    """Input of `generate_report` and `store_data_to_db`. `cursor` is what the call before returned.

    `lanes` counts the lanes that are at work for the run at the same time.
    """

    run: str
    attempt: int
    chunk: int
    cursor: Json | None = None
    lanes: int = 1


@dataclass(frozen=True, slots=True)
class ChunkAnswer(Payload):
    """`cursor` None: the chunk is done. `totals` are those of this call alone.

    `too_many_rejects`: the call refused more rows than the run tolerates, so the lane ends and the run will fail.
    `wait`: seconds before the next call, because the database or the run's `ru_share` lets nothing be sent until then.
    """

    cursor: Json | None
    totals: Json
    wait: float = 0.0
    too_many_rejects: bool = False


@dataclass(frozen=True, slots=True)
class ReadAnswer(Payload):
    """What `read_input_file` returns. `chunks` counts those found so far."""

    cursor: Json | None
    chunks: int


@dataclass(frozen=True, slots=True)
class ReferenceAnswer(Payload):
    """What `read_data_from_db` returns: the size of what was staged."""

    bytes: int


@dataclass(frozen=True, slots=True)
class PublishCall(Payload):
    """Input of `publish_report`. `totals` are those of both phases."""

    run: str
    attempt: int
    totals: Json
    cursor: Json | None = None


@dataclass(frozen=True, slots=True)
class PublishAnswer(Payload):
    """`receipt` is there when `cursor` is None; its `superseded_by` names a newer run that is current."""

    cursor: Json | None
    receipt: Json | None = None


@dataclass(frozen=True, slots=True)
class UndoAnswer(Payload):
    """`wait`: seconds before the next call. `published`: the run turned out to be published, so it stays."""

    cursor: Json | None
    deleted: int
    wait: float = 0.0
    published: bool = False


@dataclass(frozen=True, slots=True)
class Removal(Payload):
    """Input of `remove_previous` and `remove_generation`."""

    report: str
    run: str
    first_retry_seconds: float = 5.0
    cursor: Json | None = None


@dataclass(frozen=True, slots=True)
class RemovalAnswer(Payload):
    """`wait`: seconds before the next call."""

    cursor: Json | None
    deleted: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class EmailAnswer(Payload):
    """`wait`: seconds until the mail service takes emails again; 0 where the call is done."""

    sent: bool
    wait: float = 0.0


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


@dataclass(frozen=True, slots=True)
class Wave(Payload):
    """Input of `run_wave`: chunks `first` to `last` of one phase, over `lanes` lanes."""

    run: str
    attempt: int
    phase: str
    number: int
    first: int
    last: int
    lanes: int
    first_retry_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Lane(Payload):
    """Input of `run_lane`: chunks `first`, `first + step`, … up to `last`, one after another."""

    run: str
    attempt: int
    phase: str
    first: int
    step: int
    last: int
    first_retry_seconds: float = 5.0
    cursor: Json | None = None
    totals: Json = field(default_factory=lambda: Totals().to_dict())


@dataclass(frozen=True, slots=True)
class Outcome(Payload):
    """What a lane or a wave returns; it never raises, so that `task_all` never ends early."""

    ok: bool
    error: Json | None
    totals: Json


@dataclass(frozen=True, slots=True)
class RunChange(Payload):
    """Input of `advance_run`: an event of `runs.transitions`, and what it brings along."""

    run: str
    attempt: int
    event: str
    totals: Json | None = None
    failure: Json | None = None
    outcome: str | None = None
    step: str | None = None
    receipt: Json | None = None
    can_email: bool = True
    owner: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Compensation(Payload):
    """Input of `compensate_run`. It says which run, and the record says all else: anyone with the app's system key can
    start an orchestration with an input of their own.

    `undo` is the cursor of an undo that is under way, and `view` the RunView when it began.
    """

    run: str
    attempt: int
    first_retry_seconds: float = 5.0
    undo: Json | None = None
    view: Json | None = None


@dataclass(frozen=True, slots=True)
class RunEnd(Payload):
    """What `compensate_run` returns of the record; `state` is None where the record could not be closed."""

    state: str | None = None
    failure: Json | None = None
    receipt: Json | None = None


@dataclass(frozen=True, slots=True)
class RunView(Payload):
    """What `advance_run` returns of the record. A limit that is None does not apply.

    `max_parallel` is the run's share of the lanes, which the runs at work divide among themselves. `attempt` is the
    next one where an orchestration that was started again takes the work over.
    """

    max_parallel: int
    tolerated_rejects: int | None = None
    tolerated_reject_percent: float | None = None
    min_rows: int = 0
    attempt: int | None = None
    state: str = ""
    pending: list[str] = field(default_factory=list)
    failure: Json | None = None
    receipt: Json | None = None

    def refusal(self, totals: Totals) -> str | None:
        """Say why this many rejects are too many, or why too few rows are left; None where neither is so."""
        return self._too_many_rejects(totals) or self._too_few_rows(totals)

    def refusal_so_far(self, totals: Totals) -> str | None:
        """Say why the run will fail whatever its other rows are; None where that is open."""
        most = most_rejects(self.tolerated_rejects, self.tolerated_reject_percent)
        return None if most is None or totals.rejected <= most else self._too_many_rejects(totals)

    def _too_few_rows(self, totals: Totals) -> str | None:
        left = totals.rows - totals.rejected
        if left >= self.min_rows:
            return None
        return (
            f"{left} of {totals.rows} rows are left to store and at least {self.min_rows} must be (min_rows); "
            "if that is right, start the report with a smaller min_rows"
        )

    def _too_many_rejects(self, totals: Totals) -> str | None:
        """Where neither limit is given, no reject is tolerated."""
        count, percent = self.tolerated_rejects, self.tolerated_reject_percent
        if count is None and percent is None:
            count = 0
        over_count = count is not None and totals.rejected > count
        over_percent = percent is not None and totals.rejected * 100 > percent * totals.rows
        if not (over_count or over_percent):
            return None
        limit = f"{count} rows" if over_count else f"{percent:g} % of the rows"
        return f"{totals.rejected} of {totals.rows} rows were rejected and {limit} are tolerated"
