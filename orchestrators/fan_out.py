"""How the chunks of a phase are spread over waves of lanes. An only chunk has no wave unless it takes long."""

from math import ceil

from orchestrators.run_at_work import PHASES, RunAtWork
from orchestrators.run_lane import STEPS, call_chunk
from outlast.calls import ChunkCall, RunView
from outlast.durable import StepFailed, Steps, readable
from outlast.models import CHUNKS_OF_A_LANE, MOST_LANES, MOST_WAVES, Failure, Json, Totals
from outlast.orchestrations import Outcome, Wave
from outlast.runs.ids import wave_id
from outlast.runs.transitions import Event

MAKING = (Event.GENERATE, Event.COMBINE)
"""The phases that make documents and rejects. A run that rejects too many rows in them fails after a wave."""


def run_phase(run: RunAtWork, event: Event, chunks: int) -> Steps:
    """Handle every chunk once; return the RunView of the phase. A call or a wave that fails ends it.

    Behind the last of them nothing is recorded: the event that begins the next phase brings the counts of this one.
    """
    run.progress.begin(PHASES[event], chunks, goes_on=event is Event.DELETE)
    view = yield from run.advance(event)
    cursor = None
    if chunks == 1:
        cursor = yield from _call_once(run, event)
        if cursor is None:
            return view
    return (yield from _run_waves(run, event, chunks, view, cursor))


def _call_once(run: RunAtWork, event: Event) -> Steps:
    """Handle the only chunk of a phase by one call; return the cursor with which a wave goes on, None where none does.

    So a small run needs no orchestration beside its own, and the history of a long one stays short.
    """
    given = ChunkCall(run.id, run.attempt, 0)
    answer = yield from call_chunk(run.caller, event, given)
    ended = answer.cursor is None or answer.too_many_rejects
    run.progress.leave(int(ended), Totals.from_dict(answer.totals))
    if ended:
        return None
    yield from run.caller.wait(answer.wait)
    return answer.cursor


def _run_waves(run: RunAtWork, event: Event, chunks: int, view: RunView, cursor: Json | None) -> Steps:
    """Give all lanes of a wave equally many chunks, because a wave waits for its slowest lane."""
    number = first = 0
    while first < chunks:
        lanes = min(view.max_parallel, MOST_LANES, chunks - first)
        after = min(chunks, first + lanes * _each(chunks - first, lanes, number))
        wave = Wave(run.id, run.attempt, str(event), number, first, after - 1, lanes, run.caller.first_seconds, cursor)
        yield from _run_wave(run, wave)
        if event in MAKING:
            run.check_rejects_so_far(STEPS[event], view)
        if after < chunks:
            view = yield from run.advance(event)
        number, first = number + 1, after
    return view


def _each(left: int, lanes: int, number: int) -> int:
    """How many chunks each lane of a wave gets: twice as many in each, so that a run that rejects too many rows fails
    early, and at most half of what is left, so that the status is not far behind at the end; more where the phase would
    otherwise need too many waves."""
    half = ceil(left / lanes / 2)
    return max(ceil(left / lanes / (MOST_WAVES - number)), min(1 << number, CHUNKS_OF_A_LANE, half))


def _run_wave(run: RunAtWork, wave: Wave) -> Steps:
    instance_id = wave_id(wave.run, wave.attempt, wave.phase, wave.number)
    run.progress.enter(instance_id, wave)
    try:
        answer = yield run.context.call_sub_orchestrator("run_wave", wave.to_dict(), instance_id)
    except Exception as error:  # the SDK raises nothing narrower
        raise StepFailed(Failure("run_wave", None, readable(error))) from error
    outcome = Outcome.from_dict(answer)
    run.progress.leave(wave.last + 1, Totals.from_dict(outcome.totals))
    if outcome.error is not None:
        raise StepFailed(Failure.from_dict(outcome.error))
