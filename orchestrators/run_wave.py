"""One wave: all its lanes at once, and what they did together."""

from outlast.durable import Context, Steps, readable
from outlast.models import Failure, Json, Totals
from outlast.orchestrations import Lane, Outcome, Wave
from outlast.runs.ids import lane_id


def run_wave(context: Context) -> Steps:
    """Input: Wave. Returns an Outcome when every lane has ended: nothing of the wave is in flight any more."""
    wave = Wave.from_dict(context.get_input())
    lanes = [
        context.call_sub_orchestrator("run_lane", _lane(wave, number).to_dict(), lane_id(context.instance_id, number))
        for number in range(wave.lanes)
    ]
    try:
        outcomes = [Outcome.from_dict(answer) for answer in (yield context.task_all(lanes))]
    except Exception as error:  # noqa: BLE001  # the SDK raises nothing narrower; a lane's own failures are in its outcome
        return Outcome(False, Failure("run_lane", None, readable(error)).to_dict(), Totals().to_dict()).to_dict()
    totals = sum((Totals.from_dict(outcome.totals) for outcome in outcomes), Totals())
    error_of: Json | None = next((outcome.error for outcome in outcomes if not outcome.ok), None)
    return Outcome(error_of is None, error_of, totals.to_dict()).to_dict()


def _lane(wave: Wave, number: int) -> Lane:
    first = wave.first + number
    return Lane(wave.run, wave.attempt, wave.phase, first, wave.lanes, wave.last, wave.first_retry_seconds, wave.cursor)
