"""Compensation: stop the run's activities, run its pending steps (undo, email), close its record.

It never changes the outcome.
"""

import logging

from outlast.durable import Context, Retry, StepFailed, Steps, call, wait
from outlast.models import Failure, Json, RunView

MAIL_WAITS = 10


def compensate_run(context: Context) -> Steps:
    """Input: run, attempt, failure; totals and outcome, where known. Returns state, failure and receipt of the record;
    it does not raise. It may be started again until nothing is pending."""
    given = context.get_input()
    run = {"run": given["run"], "attempt": given["attempt"]}
    try:
        view = yield from _advance(context, {**given, "to": "failing"})
        if "undo" in view.pending:
            view = yield from _run_step(context, run, view, "undo", _undo_report(context, run))
        if "email" in view.pending:
            view = yield from _run_step(context, run, view, "email", _send_email(context, run))
        ended = yield from _advance(context, {**run, "to": "closed"})
    except StepFailed as error:
        _note(context, f"run {run['run']} could not be compensated: {error}")
        return {"state": None, "failure": None, "receipt": None}
    return {"state": ended.state, "failure": ended.failure, "receipt": ended.receipt}


def _run_step(context: Context, run: Json, view: RunView, step: str, steps: Steps) -> Steps:
    """Return the record's view after the steps. What fails stays pending: the sweep compensates again."""
    try:
        to = yield from steps
    except StepFailed as error:
        _note(context, f"{step} is still pending for run {run['run']}: {error}")
        return view
    return (yield from _advance(context, {**run, "to": to, "done": step}))


def _undo_report(context: Context, run: Json) -> Steps:
    """Return what the run becomes: one that was published before the fence is whole, and completed."""
    cursor = None
    while True:
        answer = yield from call(context, "undo_report", {**run, "cursor": cursor})
        cursor = answer["cursor"]
        if cursor is None:
            return "completed" if answer["published"] else "failing"
        if answer["wait"]:
            yield from wait(context, answer["wait"])


def _send_email(context: Context, run: Json) -> Steps:
    """As often as the mail service says that it takes mail later; the rest is for the sweep."""
    for _ in range(MAIL_WAITS):
        answer = yield from call(context, "send_email", run, Retry.mail())
        if not answer.get("wait"):
            return "failing"
        yield from wait(context, answer["wait"])
    raise StepFailed(Failure("send_email", None, "the mail service takes no mail"), permanent=False)


def _advance(context: Context, given: Json) -> Steps:
    return RunView.from_dict((yield from call(context, "advance_run", given)))


def _note(context: Context, text: str) -> None:
    if not context.is_replaying:
        logging.getLogger("outlast").error(text)
