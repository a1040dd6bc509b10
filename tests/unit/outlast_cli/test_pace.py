from outlast_cli.pace import Pace
from outlast_cli.runs import Run
from tests.unit.outlast_cli.shown import custom, shown


def seen(phase: str, done: int, state: str | None = None, **totals: float) -> Run:
    return Run.of(shown(state or phase, custom=custom(phase, done) | {"totals": totals}))


def test_rates_are_those_of_the_last_seconds() -> None:
    """A rate is what was counted in the last 15 seconds, whatever was before."""
    pace = Pace()
    for second in range(101):
        rows = 10 * second if second < 50 else 500 + 1_000 * (second - 50)
        pace.add(seen("generating", 1, rows=rows), float(second))
    assert pace.rows_per_s == 1_000


def test_rates_begin_anew_with_a_phase() -> None:
    """Counts that begin anew with a phase make no negative rate and none across two phases."""
    pace = Pace()
    pace.add(seen("generating", 9, documents=900), 0)
    pace.add(seen("storing", 0, documents=0), 1)
    assert pace.documents_per_s == 0
    pace.add(seen("storing", 1, documents=50), 2)
    assert pace.documents_per_s == 50


def test_storing_is_measured_by_documents() -> None:
    """Where it is known how many documents were generated, storing is measured by them, and the time left follows."""
    pace = Pace()
    pace.add(seen("generating", 9, documents=1_000), 0)
    pace.add(seen("storing", 0, documents=0), 10)
    pace.add(seen("storing", 0, documents=250), 20)
    assert pace.phases[-1].share == 0.25
    assert pace.phases[-1].left == 30


def test_without_that_chunks_measure_it() -> None:
    """A phase that is watched from its middle is measured by chunks."""
    pace = Pace()
    pace.add(seen("storing", 5, documents=250), 0)
    assert pace.phases[-1].share == 0.5


def test_little_says_nothing_of_the_time_left() -> None:
    """In the first seconds, and before anything is done, no time left is told."""
    pace = Pace()
    pace.add(seen("generating", 5), 0)
    pace.add(seen("generating", 5), 1)
    assert pace.phases[-1].left is None
    pace.add(seen("generating", 0), 60)
    assert pace.phases[-1].share == 0.5


def test_a_phase_that_is_over_has_its_last_counts() -> None:
    """What a phase has counted between two looks is there when it is over; a broken one is as far as it came."""
    pace = Pace()
    pace.add(seen("generating", 5, rows=100), 0)
    pace.add(seen("storing", 0, rows=200), 2)
    over = pace.phases[0]
    assert (over.over, over.share, over.rows, over.seconds) == (True, 1.0, 200, 2)
    pace.add(seen("storing", 5, rows=200), 3)
    pace.add(seen("completed", 10, rows=200, documents=400), 4)
    assert [one.name for one in pace.phases] == ["generating", "storing"]
    assert pace.phases[1].documents == 400
    broken = Pace()
    broken.add(seen("generating", 5), 0)
    broken.add(seen("failing", 5), 1)
    assert broken.phases[0].share == 0.5
