"""One lane: its chunks strictly one after another, each called until a call answers that it is done."""

from dataclasses import replace

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.durable import CALLS, Caller, Context, StepFailed, Steps
from outlast.models import Totals
from outlast.orchestrations import Lane, Outcome

STEPS = {
    "generate": "generate_report",
    "combine": "combine_groups",
    "resolve": "resolve_keys",
    "store": "store_data_to_db",
    "delete": "delete_gone",
    "verify": "verify_report",
}
"""The activity of each phase of chunks. A call of one may do several chunks of its lane."""


def run_lane(context: Context) -> Steps:
    """Input: Lane. Returns an Outcome, a failure in it too: a lane that raised would end `task_all` early.

    A lane whose call refused more rows than the run tolerates ends early; the run fails after the wave.
    """
    lane = Lane.from_dict(context.get_input())
    caller = Caller(context, lane.first_retry_seconds)
    context.set_custom_status(lane.totals)
    try:
        for _ in range(CALLS):
            if lane.first > lane.last:
                return Outcome(True, None, lane.totals).to_dict()
            given = ChunkCall(lane.run, lane.attempt, lane.first, lane.cursor, lane.step, lane.last)
            answer = yield from call_chunk(caller, lane.phase, given)
            lane = _after(lane, answer)
            context.set_custom_status(lane.totals)
            if answer.too_many_rejects:
                return Outcome(True, None, lane.totals).to_dict()
            yield from caller.wait(answer.wait)
    except StepFailed as error:
        return Outcome(False, error.failure.to_dict(), lane.totals).to_dict()
    context.continue_as_new(lane.to_dict())
    return None


def call_chunk(caller: Caller, phase: str, given: ChunkCall) -> Steps:
    """Call the activity of a phase for one chunk; return a ChunkAnswer."""
    return ChunkAnswer.from_dict((yield from caller.call(STEPS[phase], given)))


def _after(lane: Lane, answer: ChunkAnswer) -> Lane:
    totals = (Totals.from_dict(lane.totals) + Totals.from_dict(answer.totals)).to_dict()
    first = lane.first + (answer.before + (answer.cursor is None)) * lane.step
    return replace(lane, first=first, cursor=answer.cursor, totals=totals)
