import json

from orchestrators.import_report import import_report
from orchestrators.progress import Progress
from outlast.models import Totals
from outlast.orchestrations import Wave
from tests.fakes.replay import ReplayContext
from tests.unit.orchestrators.telling import answer_run, tell

HUGE = Totals(10**12, 0, 10**12, 10**12, 10**15, 123456789012.345, 10**9, 10**9)


def test_the_status_counts_chunks_and_rows_of_the_phase() -> None:
    """The custom status has the phase, its chunks and totals, the time of the start, and the current wave with its
    lanes; none behind a wave, because the totals have what its lanes have counted."""
    context = ReplayContext("r1", None)
    progress = Progress(context)
    progress.begin("generating", 10)
    progress.enter("r1:1:generate0", Wave("r1", 1, "generate", 0, 0, 4, 2))
    begun = {
        "phase": "generating",
        "chunks_done": 0,
        "chunks": 10,
        "totals": Totals().to_dict(),
        "started": "2026-01-01T00:00:00+00:00",
        "wave": "r1:1:generate0",
        "lanes": 2,
    }
    assert context.statuses[-1] == begun
    done = Totals(rows=5, documents=5)
    progress.leave(5, done)
    progress.show("generating")
    assert context.statuses[-1] == {**begun, "chunks_done": 5, "totals": done.to_dict(), "wave": None, "lanes": 0}


def test_rows_and_rejects_are_those_of_both_phases() -> None:
    """The totals count rows and rejects of both phases, and documents and the rest of the current phase."""
    progress = Progress(ReplayContext("r1", None))
    progress.begin("generating", 1)
    progress.leave(1, Totals(rows=5, rejected=1, documents=4, bytes=40))
    progress.begin("storing", 1)
    progress.leave(1, Totals(rejected=1, documents=3, bytes=30, ru=1.005, sends=2))
    assert progress.totals == Totals(rows=5, rejected=2, documents=3, bytes=30, ru=1.0, sends=2)


def test_chunks_are_counted_anew_in_each_phase() -> None:
    """The custom status counts the chunks from 0 in each phase."""
    _, _, context = tell(import_report, {"attempt": 1}, answer_run(100, 2))
    shown = [(status["phase"], status["chunks_done"]) for status in context.statuses]
    assert 90 <= max(done for phase, done in shown if phase == "generating") < 100, "the next phase tells of the last"
    assert ("storing", 0) in shown
    assert shown[-1] == ("completed", 100)
    phases = ["reading", "generating", "resolving", "storing", "publishing", "completed"]
    assert [phase for phase, _ in shown] == sorted((phase for phase, _ in shown), key=phases.index)


def test_the_status_is_small_however_large_the_run_is() -> None:
    """The status takes less than 2 KB as the host counts it, in UTF-16."""
    _, _, context = tell(import_report, {"attempt": 10**6}, answer_run(10**6, 32, HUGE), "r" * 100)
    assert len(context.statuses) > 40
    assert max(len(json.dumps(status).encode("utf-16-le")) for status in context.statuses) < 2048
