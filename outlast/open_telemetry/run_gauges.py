"""Gauges of the open runs, as the last sweep has found them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from opentelemetry.metrics import CallbackOptions, Meter, Observation

from outlast.runs.record import ENDED, STATES, RunRecord

FRESH_SECONDS = 90.0
"""The sweep comes each minute, each time in another process. What a process found longer ago is not said any more."""
OPEN = (*(state for state in STATES if state not in ENDED), "failing")
STEPS = ("undo", "email", "webhook")


@dataclass(slots=True)
class RunGauges:
    """Counts the runs of one owner. A gauge has no value where nobody has listed the open runs lately."""

    owner: str
    clock: Callable[[], float]
    _listed_at: float | None = None
    _states: Counter[str] | None = None
    _pending: Counter[str] | None = None

    def observe_by(self, meter: Meter) -> None:
        meter.create_observable_gauge("outlast.runs", [self._by_state], "{run}", "Open runs by state")
        meter.create_observable_gauge("outlast.pending", [self._by_step], "{step}", "Pending steps of compensations")

    def listed(self, open_runs: Sequence[RunRecord]) -> None:
        own = [record.status for record in open_runs if record.status.owner == self.owner]
        self._states = Counter(status.state for status in own)
        self._pending = Counter(step for status in own for step in status.pending)
        self._listed_at = self.clock()

    def _by_state(self, _: CallbackOptions) -> Iterator[Observation]:
        return self._observed(self._states, "outlast.state", OPEN)

    def _by_step(self, _: CallbackOptions) -> Iterator[Observation]:
        return self._observed(self._pending, "outlast.step", STEPS)

    def _observed(self, counted: Counter[str] | None, attribute: str, names: Sequence[str]) -> Iterator[Observation]:
        if counted is None or self._listed_at is None or self.clock() - self._listed_at > FRESH_SECONDS:
            return
        for name in names:
            yield Observation(counted[name], {attribute: name})
