"""How fast a run goes on: rates and the time left, from what is seen of it while it is watched."""

from collections import deque
from dataclasses import dataclass, field, replace

from outlast_cli.runs import Run

WINDOW_SECONDS = 15.0
LEAST_SECONDS, LEAST_SHARE = 2.0, 0.03
"""Less than this of a phase says nothing about the time that it takes."""
BROKEN = frozenset({"failing", "failed", "cancelled"})
BY_DOCUMENTS = frozenset({"storing", "verifying"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseSeen:
    """One phase of a run. `share` is how much of it is done, `left` the seconds that it will take, None if unknown."""

    name: str
    begun: float
    seconds: float = 0.0
    share: float = 0.0
    rows: float = 0.0
    documents: float = 0.0
    left: float | None = None
    over: bool = False


@dataclass(slots=True)
class Pace:
    """Fed with the run and the time, in seconds, each time that the run was read."""

    phases: list[PhaseSeen] = field(default_factory=list)
    rows_per_s: float = 0.0
    documents_per_s: float = 0.0
    ru_per_s: float = 0.0
    throttled_per_s: float = 0.0
    _seen: deque[tuple[float, Run]] = field(default_factory=deque)
    _generated: float = 0.0

    def add(self, run: Run, now: float) -> None:
        if not self.phases or self.phases[-1].name != run.phase:
            self._begin(run, now)
        if run.has_ended or run.waits:
            return
        self._seen.append((now, run))
        while now - self._seen[0][0] > WINDOW_SECONDS:
            self._seen.popleft()
        if run.phase not in BY_DOCUMENTS:
            self._generated = max(self._generated, run.counts["documents"])
        self.phases[-1] = self._measured(self.phases[-1], run, now)
        self._rate(run, now)

    def _begin(self, run: Run, now: float) -> None:
        """Counts begin anew with each phase, so rates are never taken across two."""
        self._seen.clear()
        if self.phases:
            self.phases[-1] = _over(self.phases[-1], run, now)
        if not (run.has_ended or run.waits):
            self.phases.append(PhaseSeen(name=run.phase, begun=now))

    def _measured(self, phase: PhaseSeen, run: Run, now: float) -> PhaseSeen:
        share, seconds = self._share(run), now - phase.begun
        known = seconds >= LEAST_SECONDS and LEAST_SHARE <= share < 1
        return replace(
            phase,
            seconds=seconds,
            share=max(phase.share, share),
            rows=run.counts["rows"],
            documents=run.counts["documents"],
            left=seconds * (1 - share) / share if known else None,
        )

    def _share(self, run: Run) -> float:
        """By documents where their number is known, which is finer than chunks."""
        if run.phase in BY_DOCUMENTS and self._generated:
            return min(1.0, run.counts["documents"] / self._generated)
        return run.chunks_done / run.chunks if run.chunks else 0.0

    def _rate(self, run: Run, now: float) -> None:
        since, first = self._seen[0]
        seconds = now - since

        def per_second(name: str) -> float:
            return max(0.0, run.counts[name] - first.counts[name]) / seconds if seconds > 0 else 0.0

        self.rows_per_s, self.documents_per_s = per_second("rows"), per_second("documents")
        self.ru_per_s, self.throttled_per_s = per_second("ru"), per_second("throttled")


def _over(phase: PhaseSeen, run: Run, now: float) -> PhaseSeen:
    """The phase that has ended when this was seen. What it has counted since the look before is in the run's counts:
    rows always, documents unless the run counts other documents now."""
    documents = phase.documents if run.phase in BY_DOCUMENTS else max(phase.documents, run.counts["documents"])
    rows = max(phase.rows, run.counts["rows"])
    share = phase.share if run.state in BROKEN else 1.0
    return replace(phase, over=True, share=share, left=None, seconds=now - phase.begun, rows=rows, documents=documents)
