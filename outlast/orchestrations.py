"""What orchestrations are given and what they return, as it crosses the durable boundary."""

from dataclasses import dataclass, field

from outlast.models import Json, Payload, Totals
from outlast.plain import as_dict


@dataclass(frozen=True, slots=True)
class Start(Payload):
    """Input of `import_report`. The retry interval is part of it, so that a replay finds the one it began with.

    `reason` says why the work begins again, and is left out where it does not.
    """

    attempt: int
    first_retry_seconds: float = 5.0
    reason: str | None = None

    def to_dict(self) -> Json:
        return {name: value for name, value in as_dict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Wave(Payload):
    """Input of `run_wave`: chunks `first` to `last` of one phase, over `lanes` lanes. With `cursor` it is one chunk,
    which goes on from there."""

    run: str
    attempt: int
    phase: str
    number: int
    first: int
    last: int
    lanes: int
    first_retry_seconds: float = 5.0
    cursor: Json | None = None


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
