"""Waiting is not dying: many runs share few slots, and the database throttles."""

import asyncio
import contextlib
from datetime import datetime

import pytest

from activities import read_input_file
from outlast.runs.patience import Patience
from outlast.runs.reconcile import STUCK
from tests.fakes.reports import make_csv
from tests.fakes.world import World as FakeWorld
from tests.simulation.scheduler import START
from tests.simulation.world import Faults, Job, World

NEIGHBOURS = 4
"""Runs beside each other end in any order, and whoever asks first of those accepted in one instant gets a seat."""
CROWD = [Job(f"t{number}", "sales", 3, waits=2) for number in range(40)]


class Watched(World):
    """A life without faults that notes when each run completed."""

    def __init__(self, jobs: list[Job], slots: int, most_runs: int) -> None:
        super().__init__(1, Faults(), jobs, slots=slots, most_runs=most_runs)
        self.completed: dict[str, datetime] = {}

    async def _step(self) -> None:
        await super()._step()
        for record in self.invariants.known.values():
            if record.status.state == "completed":
                self.completed.setdefault(record.id, self.scheduler.now)

    def stuck(self) -> list[str]:
        """The instances that the sweep took for dead."""
        return [instance for instance, reason in self.engine.terminated if reason == STUCK]


def live(jobs: list[Job], slots: int, most_runs: int) -> Watched:
    lived = Watched(jobs, slots, most_runs)
    asyncio.run(lived.play())
    return lived


def test_no_run_is_terminated_while_the_database_throttles() -> None:
    """Forty runs at work on one slot move once in thirteen minutes each, and all complete in their first attempt."""
    lived = live(CROWD, slots=1, most_runs=40)
    assert lived.stuck() == []
    assert len(lived.completed) == len(CROWD)
    assert {record.status.attempt for record in lived.runs.all()} == {1}


def test_a_sweep_that_ignores_the_queue_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: with the patience that a run has without others, the same crowd is terminated."""
    monkeypatch.setattr(Patience, "seconds", lambda self, records: 2 * self.timeout + 600)
    lived = Watched(CROWD, slots=1, most_runs=40)
    with contextlib.suppress(AssertionError):
        asyncio.run(lived.play())
    assert lived.stuck()


def test_queued_runs_are_served_in_their_order_and_none_starves() -> None:
    """Of forty runs on two seats, those that had to wait end in the order of their acceptance, but for neighbours."""
    lived = live(CROWD, slots=8, most_runs=2)
    assert lived.stuck() == []
    accepted = sorted(lived.runs.all(), key=lambda record: (record.request.accepted, record.id))
    place = {record.id: number for number, record in enumerate(accepted)}
    ended = [place[run] for run in sorted(lived.completed, key=lambda run: lived.completed[run])]
    assert all(abs(number - order) <= NEIGHBOURS for order, number in enumerate(ended))


def test_a_small_run_ends_within_a_minute_beside_a_throttled_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of 12 rows is not held up by a run whose eight lanes are throttled for longer."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)
    long, short = Job("long", "sales", 200, waits=40, lanes=8), Job("short", "stock", 12)
    lived = live([long, short], slots=10, most_runs=8)
    ended = lived.completed
    assert lived.stuck() == []
    assert (ended[short.run] - START).total_seconds() < 60
    assert (ended[long.run] - START).total_seconds() > 600


def test_a_thousand_runs_posted_at_once_all_end() -> None:
    """Eight are at work at a time, and each of the others gets its seat."""
    world = FakeWorld(most_runs=8)
    runs = [f"r{number:04}" for number in range(1000)]

    async def post() -> None:
        for run in runs:
            await world.accept(make_csv(2), run)
        await asyncio.gather(*(world.driver.run("import_report", {"attempt": 1}, run) for run in runs))

    asyncio.run(post())
    assert {record.status.state for record in world.runs.records.values()} == {"completed"}
    assert len(asyncio.run(world.admission.seats.taken())) == 0
