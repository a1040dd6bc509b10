"""Compensation: run the pending steps of a run that fails or has ended (undo, email, webhook), close its record.

It does what the record asks for and nothing else, whoever started it. It never changes the outcome.
"""

import logging
from dataclasses import replace

from outlast.calls import RunCall, RunChange, RunView, SendAnswer, UndoAnswer
from outlast.durable import CALLS, Caller, Context, StepFailed, Steps
from outlast.models import Failure, Json
from outlast.orchestrations import Compensation, RunEnd
from outlast.runs.transitions import Event

SENDERS = {"email": "send_email", "webhook": "send_webhook"}
"""The activity of each step that tells somebody."""
SEND_WAITS = 10
"""Times that a service may ask to wait; then the sweep compensates again, later."""


class _Unended(Exception):
    """The undo is not done after CALLS calls."""

    def __init__(self, cursor: Json | None) -> None:
        super().__init__(cursor)
        self.cursor = cursor


def compensate_run(context: Context) -> Steps:
    """Input: Compensation. Returns a RunEnd and does not raise. It may be started again until nothing is pending."""
    given = Compensation.from_dict(context.get_input())
    caller, run = Caller(context, given.first_retry_seconds), RunCall(given.run, given.attempt)
    try:
        view = yield from _begin(caller, given)
        if "undo" in view.pending:
            view = yield from _run_step(caller, run, view, "undo", _undo_report(caller, run, given.undo))
        for step in SENDERS:
            if step in view.pending:
                view = yield from _run_step(caller, run, view, step, _send(caller, run, step))
        view = yield from _advance(caller, RunChange(run.run, run.attempt, Event.CLOSE))
    except _Unended as unended:
        context.continue_as_new(replace(given, undo=unended.cursor, view=view.to_dict()).to_dict())
        return None
    except StepFailed as error:
        _log(context, f"run {run.run} could not be compensated: {error}")
        return RunEnd().to_dict()
    return RunEnd(view.state, view.failure, view.receipt).to_dict()


def _run_step(caller: Caller, run: RunCall, view: RunView, step: str, work: Steps) -> Steps:
    """Do the work of a step, record the event that it returns, return the view after it. A step that fails stays
    pending: the sweep compensates again."""
    try:
        event = yield from work
    except StepFailed as error:
        _log(caller.context, f"{step} is still pending for run {run.run}: {error}")
        return view
    return (yield from _advance(caller, RunChange(run.run, run.attempt, event, step=step)))


def _begin(caller: Caller, given: Compensation) -> Steps:
    """Record that a compensation begins, unless it goes on as new."""
    if given.view is not None:
        return RunView.from_dict(given.view)
    return (yield from _advance(caller, RunChange(given.run, given.attempt, Event.COMPENSATE)))


def _undo_report(caller: Caller, run: RunCall, cursor: Json | None) -> Steps:
    call = replace(run, cursor=cursor)
    for _ in range(CALLS):
        answer = UndoAnswer.from_dict((yield from caller.call("undo_report", call)))
        if answer.cursor is None:
            return Event.FIND_PUBLISHED if answer.published else Event.FINISH_STEP
        yield from caller.wait(answer.wait)
        call = replace(run, cursor=answer.cursor)
    raise _Unended(call.cursor)


def _send(caller: Caller, run: RunCall, step: str) -> Steps:
    for _ in range(SEND_WAITS):
        answer = SendAnswer.from_dict((yield from caller.call(SENDERS[step], run, caller.send_retry())))
        if not answer.wait:
            return Event.FINISH_STEP
        yield from caller.wait(answer.wait)
    raise StepFailed(Failure(SENDERS[step], None, f"its service takes no {step}"))


def _advance(caller: Caller, change: RunChange) -> Steps:
    answer: Json = yield from caller.call("advance_run", change)
    return RunView.from_dict(answer)


def _log(context: Context, text: str) -> None:
    if not context.is_replaying:
        logging.getLogger("outlast").error(text)
