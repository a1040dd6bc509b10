"""One wave: all its lanes at once, and what they did together."""

from outlast.durable import Context, Steps, readable
from outlast.models import Failure, Lane, Outcome, Plain, Totals, Wave


def run_wave(context: Context) -> Steps:
    """Input: Wave. Returns an Outcome when every lane has ended: nothing of the wave is in flight any more."""
    wave = Wave.of(context.get_input())
    lanes = [
        context.call_sub_orchestrator("run_lane", _lane(wave, number).plain(), f"{wave.instance_id}-{number}")
        for number in range(wave.lanes)
    ]
    try:
        outcomes = [Outcome.of(answer) for answer in (yield context.task_all(lanes))]
    except Exception as error:  # noqa: BLE001  # the SDK raises nothing narrower; a lane's own failures are in its outcome
        return Outcome(False, Failure("run_lane", None, readable(error)).plain(), Totals().plain()).plain()
    totals = sum((Totals.of(outcome.totals) for outcome in outcomes), Totals())
    error_of: Plain | None = next((outcome.error for outcome in outcomes if not outcome.ok), None)
    return Outcome(error_of is None, error_of, totals.plain()).plain()


def _lane(wave: Wave, number: int) -> Lane:
    return Lane(wave.run, wave.attempt, wave.phase, wave.first + number, wave.lanes, wave.last)
