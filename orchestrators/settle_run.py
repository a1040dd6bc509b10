"""The compensation: fence the run, tell people, close its record. It never changes the run's outcome."""

import logging

from outlast.durable import Context, Retry, StepFailed, Steps, call
from outlast.models import Plain


def settle_run(context: Context) -> Steps:
    """Input: run, attempt, failure, totals. Returns nothing; it does not raise."""
    given = context.get_input()
    run = {"run": given["run"], "attempt": given["attempt"]}
    try:
        failing = {**run, "to": "failing", "failure": given["failure"], "totals": given["totals"], "owed": "mail"}
        yield from call(context, "advance_run", failing)
        owed = yield from _send_email(context, run)
        yield from call(context, "advance_run", {**run, "to": "failed", "owed": owed})
    except StepFailed as error:
        _note(context, f"run {run['run']} could not be settled: {error}")


def _send_email(context: Context, run: Plain) -> Steps:
    """Return what is still owed: the mail, where the mail service was not there all the time."""
    try:
        yield from call(context, "send_email", run, Retry.mail())
    except StepFailed as error:
        _note(context, f"no email was sent for run {run['run']}: {error}")
        return None if error.permanent else "mail"
    return None


def _note(context: Context, text: str) -> None:
    if not context.is_replaying:
        logging.getLogger("outlast").error(text)
