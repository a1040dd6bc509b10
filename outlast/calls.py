"""What activities are given and what they return, as it crosses the durable boundary."""

from dataclasses import dataclass, field

from outlast.models import MOST_ATTEMPTS, Json, Payload, Totals, most_rejects


@dataclass(frozen=True, slots=True)
class RunCall(Payload):
    """Input of an activity that works for a whole run. `cursor` is what the call before returned."""

    run: str
    attempt: int
    cursor: Json | None = None


@dataclass(frozen=True, slots=True)
class ChunkCall(Payload):
    """Input of `generate_report`, `combine_groups`, `resolve_keys` and `store_data_to_db`. `cursor` is what the call
    before returned.

    For `combine_groups` and `store_data_to_db` of a grouped report, `chunk` is a shard of groups; for `resolve_keys` it
    is a shard of keys.

    `lanes` counts the lanes that are at work for the run at the same time: the next chunk of the caller's lane is so
    many behind this one, if it is not behind `last`. -1: the call is for this chunk alone.
    """

    run: str
    attempt: int
    chunk: int
    cursor: Json | None = None
    lanes: int = 1
    last: int = -1


@dataclass(frozen=True, slots=True)
class ChunkAnswer(Payload):
    """`cursor` None: the chunk is done. `totals` are those of this call alone.

    `before` counts the chunks that the call has done before that one: it begins with the chunk that it was asked for
    and may go on with the next ones of the lane.

    `too_many_rejects`: the call refused more rows than the run tolerates, so the lane ends and the run will fail.
    `wait`: seconds before the next call, because the database or the run's `ru_share` lets nothing be sent until then,
    of the next chunk neither.
    """

    cursor: Json | None
    totals: Json
    wait: float = 0.0
    too_many_rejects: bool = False
    before: int = 0


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
class DivideAnswer(Payload):
    """What `divide_groups` returns: the number of shards."""

    cursor: Json | None
    shards: int = 0


@dataclass(frozen=True, slots=True)
class KeysAnswer(Payload):
    """What `finish_keys` returns. `totals` are those of all its calls, and there when `cursor` is None."""

    cursor: Json | None
    totals: Json | None = None


@dataclass(frozen=True, slots=True)
class PlanAnswer(Payload):
    """What `plan_report` returns. `plan` is there when `cursor` is None, unless the run is approved: its hash and what
    else the record keeps of it."""

    cursor: Json | None
    plan: Json | None = None


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
class SendAnswer(Payload):
    """What `send_email` and `send_webhook` return. `wait`: seconds until the service takes something again; 0 where the
    call is done."""

    sent: bool
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class RunChange(Payload):
    """Input of `advance_run`: an event of `runs.transitions`, and what it brings along.

    `totals` are those of the phase that the event begins, and `ended` those of the one that it ends.
    """

    run: str
    attempt: int
    event: str
    totals: Json | None = None
    failure: Json | None = None
    outcome: str | None = None
    step: str | None = None
    receipt: Json | None = None
    can_email: bool = True
    can_post: bool = False
    owner: str | None = None
    reason: str | None = None
    at: str | None = None
    plan: Json | None = None
    options: Json | None = None
    regenerate: bool = False
    by: str | None = None
    correction: str | None = None
    level: str | None = None
    ended: Json | None = None


@dataclass(frozen=True, slots=True)
class RunView(Payload):
    """What `advance_run` returns of the record. A limit that is None does not apply.

    `max_parallel` is the run's share of the lanes, which the runs at work divide among themselves. `attempt` is the
    next one where an orchestration that was started again takes the work over, and `last_attempt` the one behind which
    the run fails. `plan`: the run shows a plan before it stores; a planned run that nobody approves expires then.
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
    grouped: bool = False
    last_attempt: int = MOST_ATTEMPTS
    mode: str = "upsert"
    plan: bool = False
    expires: str | None = None
    verify: str | None = None

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
