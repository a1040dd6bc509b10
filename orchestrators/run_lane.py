"""One lane: its chunks strictly one after another, each called until it answers without a cursor."""

from dataclasses import replace

from outlast.durable import Context, StepFailed, Steps, call
from outlast.models import ChunkAnswer, ChunkCall, Lane, Outcome, Totals

STEPS = {"generate": "generate_report", "store": "store_data_to_db"}
CALLS = 50
"""A lane starts anew after so many, so that cursors, however many, do not grow its history."""


def run_lane(context: Context) -> Steps:
    """Input: Lane. Returns an Outcome, a failure in it too: a lane that raised would end `task_all` early."""
    lane = Lane.of(context.get_input())
    context.set_custom_status(lane.totals)
    try:
        for _ in range(CALLS):
            if lane.first > lane.last:
                return Outcome(True, None, lane.totals).plain()
            given = ChunkCall(lane.run, lane.attempt, lane.first, lane.cursor).plain()
            answer = ChunkAnswer.of((yield from call(context, STEPS[lane.phase], given)))
            lane = _after(lane, answer)
            context.set_custom_status(lane.totals)
    except StepFailed as error:
        return Outcome(False, error.failure.plain(), lane.totals).plain()
    context.continue_as_new(lane.plain())
    return None


def _after(lane: Lane, answer: ChunkAnswer) -> Lane:
    totals = (Totals.of(lane.totals) + Totals.of(answer.totals)).plain()
    first = lane.first if answer.cursor is not None else lane.first + lane.step
    return replace(lane, first=first, cursor=answer.cursor, totals=totals)
