import pytest

from outlast_cli.exit_codes import ExitCode
from outlast_cli.runs import Run
from tests.unit.outlast_cli.shown import custom, shown


def counted(done: int, phase: str = "storing", wave: str = "a1:1:store0") -> float:
    """The documents of a run whose parent has counted 100 and whose two lanes 10 and 5."""
    status = custom(phase, done, wave=wave, documents=100)
    return Run.of(shown(custom=status, lanes=[{"documents": 10}, {"documents": 5}])).counts["documents"]


def test_lanes_that_are_under_way_are_counted() -> None:
    """Counts are those of the parent and of the current wave's lanes."""
    assert counted(8) == 115


def test_a_wave_that_is_over_is_counted_once() -> None:
    """Lanes whose counts are in the parent's already are left out: behind the last wave, and in the next phase."""
    assert counted(10) == 100
    assert counted(0, phase="verifying") == 100
    assert counted(0, phase="publishing") == 100


def test_a_run_without_an_orchestration_is_shown() -> None:
    """A run that has not begun has its state as its phase and counts nothing."""
    run = Run.of(shown("queued"))
    assert (run.phase, run.chunks, run.counts["rows"], run.has_ended) == ("queued", 0, 0, False)


def test_a_sum_has_no_rest_of_binary_fractions() -> None:
    """Request units of parent and lanes are added up to a figure as a person would write it."""
    lane = {"ru": 0.2}
    run = Run.of(shown("storing", custom=custom("storing", 1, wave="1:store", ru=0.1), lanes=[lane]))
    assert run.counts["ru"] == 0.3


@pytest.mark.parametrize(
    ("state", "failure", "code"),
    [
        ("completed", None, ExitCode.DONE),
        ("completed", {"text": "the correction failed"}, ExitCode.FAILED),
        ("failed", {"text": "x"}, ExitCode.FAILED),
        ("cancelled", None, ExitCode.FAILED),
        ("superseded", None, ExitCode.FAILED),
        ("expired", None, ExitCode.FAILED),
        ("planned", None, ExitCode.WAITING),
        ("storing", None, ExitCode.DONE),
    ],
)
def test_each_end_has_its_code(state: str, failure: object, code: ExitCode) -> None:
    """Only a completed run without a failure is done; a plan waits, and every other end is a failure."""
    assert Run.of(shown(state, failure=failure)).exit_code is code
