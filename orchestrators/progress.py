"""What the run shows of itself while it goes on: its customStatus, under 2 KB."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from outlast.durable import Context
from outlast.models import Json, Totals
from outlast.orchestrations import Wave


class Progress:
    """Counts all phases. Kept apart from the story, which would drown in it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._started = context.current_utc_datetime.isoformat()
        self._before = Totals()
        self.of_phase = Totals()
        self._ended: Totals | None = None
        self._chunks = 0
        self._done = 0
        self._wave: str | None = None
        self._lanes = 0
        self._phase = "accepted"

    @property
    def totals(self) -> Totals:
        """What is counted in rows, of all phases; documents, bytes and the rest of the current one."""
        now, before = self.of_phase, self._before
        return replace(
            now,
            rows=before.rows + now.rows,
            rejected=before.rejected + now.rejected,
            unchanged=before.unchanged + now.unchanged,
            ru=round(now.ru, 2),
        )

    @property
    def ended(self) -> Totals:
        """The totals with which the last phase has ended, until the next one has counted something."""
        return self._ended or self.totals

    def add(self, totals: Totals) -> None:
        self.of_phase += totals
        self._ended = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Count a phase that does not change what the run has stored; go on with the counts of the one before."""
        before, of_phase = self._before, self.of_phase
        try:
            yield
        finally:
            self._ended = self.totals
            self._before, self.of_phase = before, of_phase

    def begin(self, state: str, chunks: int, *, goes_on: bool = False) -> None:
        """Count anew; with `goes_on` only the chunks."""
        self._ended = self.totals
        if not goes_on:
            self._before += self.of_phase
            self.of_phase = Totals()
        self._chunks, self._done, self._phase = chunks, 0, state

    def enter(self, instance_id: str, wave: Wave) -> None:
        self._wave, self._lanes = instance_id, wave.lanes
        self.show(self._phase)

    def leave(self, done: int, totals: Totals) -> None:
        """Count what a wave or a call has done. Who adds its lanes to the totals must not find it any more."""
        self._wave, self._lanes, self._done = None, 0, done
        self.add(totals)

    def show(self, phase: str) -> None:
        self._phase = phase
        shown: Json = {
            "phase": phase,
            "chunks_done": self._done,
            "chunks": self._chunks,
            "totals": self.totals.to_dict(),
            "started": self._started,
            "wave": self._wave,
            "lanes": self._lanes,
        }
        self._context.set_custom_status(shown)
