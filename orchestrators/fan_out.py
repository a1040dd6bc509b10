"""How the chunks of a phase are spread over waves of lanes."""

from math import ceil

from orchestrators.run_at_work import PHASES, RunAtWork
from outlast.durable import StepFailed, Steps, readable
from outlast.models import MOST_LANES, MOST_WAVES, Failure, Totals
from outlast.orchestrations import Outcome, Wave
from outlast.runs.ids import wave_id
from outlast.runs.transitions import Event


def run_phase(run: RunAtWork, event: Event, chunks: int) -> Steps:
    """Handle every chunk once, wave after wave; return the RunView after the last. A wave that fails ends the phase.

    Each wave gives all its lanes equally many chunks, because a wave waits for its slowest lane.
    """
    run.progress.begin(PHASES[event], chunks)
    view = yield from run.advance(event)
    number = first = 0
    while first < chunks:
        lanes = min(view.max_parallel, MOST_LANES, chunks - first)
        after = min(chunks, first + lanes * ceil((chunks - first) / lanes / (MOST_WAVES - number)))
        wave = Wave(run.id, run.attempt, str(event), number, first, after - 1, lanes, run.caller.first_seconds)
        yield from _run_wave(run, wave)
        view = yield from run.advance(event)
        if event not in (Event.STORE, Event.VERIFY):
            run.check_rejects_so_far(view)
        number, first = number + 1, after
    return view


def _run_wave(run: RunAtWork, wave: Wave) -> Steps:
    instance_id = wave_id(wave.run, wave.attempt, wave.phase, wave.number)
    run.progress.enter(instance_id, wave)
    try:
        answer = yield run.context.call_sub_orchestrator("run_wave", wave.to_dict(), instance_id)
    except Exception as error:  # the SDK raises nothing narrower
        raise StepFailed(Failure("run_wave", None, readable(error))) from error
    outcome = Outcome.from_dict(answer)
    run.progress.leave(wave, Totals.from_dict(outcome.totals))
    if outcome.error is not None:
        raise StepFailed(Failure.from_dict(outcome.error))
