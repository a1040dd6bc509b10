"""The compensation: fence the run, pay what is owed, close its record. It never changes what became of the run."""

import logging

from outlast.durable import Context, Retry, StepFailed, Steps, call, wait
from outlast.models import Failure, Json, Orders

MAIL_WAITS = 10


def compensate_run(context: Context) -> Steps:
    """Input: run, attempt, failure; totals and outcome, where known. Returns state, failure and receipt of the record;
    it does not raise. It may be started again until nothing is owed."""
    given = context.get_input()
    run = {"run": given["run"], "attempt": given["attempt"]}
    try:
        orders = yield from _advance(context, {**given, "to": "failing"})
        if "undo" in orders.owed:
            orders = yield from _pay(context, run, orders, "undo", _undo_report(context, run))
        if "mail" in orders.owed:
            orders = yield from _pay(context, run, orders, "mail", _send_email(context, run))
        ended = yield from _advance(context, {**run, "to": "closed"})
    except StepFailed as error:
        _note(context, f"run {run['run']} could not be compensated: {error}")
        return {"state": None, "failure": None, "receipt": None}
    return {"state": ended.state, "failure": ended.failure, "receipt": ended.receipt}


def _pay(context: Context, run: Json, orders: Orders, debt: str, steps: Steps) -> Steps:
    """Return the record's orders after the steps. What fails stays owed: the sweep compensates again."""
    try:
        to = yield from steps
    except StepFailed as error:
        _note(context, f"{debt} is still owed for run {run['run']}: {error}")
        return orders
    return (yield from _advance(context, {**run, "to": to, "paid": debt}))


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
    return Orders.from_dict((yield from call(context, "advance_run", given)))


def _note(context: Context, text: str) -> None:
    if not context.is_replaying:
        logging.getLogger("outlast").error(text)
