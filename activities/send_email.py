"""Tells the people of MAIL_TO that a run failed: which, where, why, what was written, what to do next."""

import logging
from dataclasses import dataclass

from outlast.errors import Transient
from outlast.mail import Email, Mailer, MailThrottled
from outlast.models import EmailAnswer, Json, RunCall, RunChange, Totals
from outlast.runs.fence import refuse_strangers
from outlast.runs.record import OUTCOMES, RunRecord
from outlast.runs.store import Runs, need
from outlast.runs.transitions import Event, apply


@dataclass(frozen=True, slots=True)
class SendEmail:
    runs: Runs
    mailer: Mailer

    async def send_email(self, given: Json) -> Json:
        """Input: RunCall. Returns an EmailAnswer.

        An email that is not pending is not sent. It holds no address, no key and no row of the input.
        """
        call = RunCall.from_dict(given)
        record = await need(self.runs, call.run)
        refuse_strangers(record, call.attempt, "failing", *OUTCOMES)
        if "email" not in record.status.pending:
            return EmailAnswer(False).to_dict()
        try:
            await self.mailer.send(email(record))
        except MailThrottled as error:
            return EmailAnswer(False, error.seconds).to_dict()
        await self._finish(call)
        return EmailAnswer(True).to_dict()

    async def _finish(self, call: RunCall) -> None:
        """Record it at once, or the next compensation sends it again. Where this fails, compensate_run does it."""
        change = RunChange(call.run, call.attempt, Event.FINISH_STEP, step="email")
        try:
            await self.runs.change(call.run, lambda record: apply(record, change))
        except Transient as error:
            logging.getLogger("outlast").warning("run %s: its email was sent and is still pending: %s", call.run, error)


def email(record: RunRecord) -> Email:
    """The email about a failed run."""
    failure = record.result.failure or {"step": "an unknown step", "chunk": None, "text": "the reason was not recorded"}
    totals = Totals.from_dict(record.result.totals or {})
    where = failure["step"] if failure["chunk"] is None else f"{failure['step']}, chunk {failure['chunk']}"
    lines = [
        f"The report {record.request.report} failed.",
        "",
        f"Run:      {record.id} (attempt {record.status.attempt}, accepted {record.request.accepted})",
        f"Step:     {where}",
        f"Reason:   {failure['text']}",
        f"Written:  {_written(record, failure, totals)}",
        f"Rejects:  {_rejects(record, totals)}",
        "",
        "What to do next: " + _next(totals),
    ]
    return Email(
        f"{record.id}:{record.status.attempt}:failed",
        f"Report {record.request.report} failed: run {record.id}",
        "\n".join(lines),
    )


def _written(record: RunRecord, failure: Json, totals: Totals) -> str:
    if not record.status.wrote:
        return "nothing"
    documents = f"{_count(record, failure, totals)} documents"
    if record.request.mode == "snapshot":
        undone = "are still to be removed" if "undo" in record.status.pending else "have been removed again"
        return f"{documents}, which {undone}; readers see the report as it was"
    return f"{documents}, which stay: the report's mode is upsert"


def _count(record: RunRecord, failure: Json, totals: Totals) -> str:
    """How many documents a run that began to store has written, as far as that is known.

    The number is exact only when every storing call of the only attempt has ended well. In each other case a call that
    failed, was given up or belongs to a run that was ended from outside may have written more than was counted.
    """
    documents = totals.documents if totals.sends else 0
    all_ended = failure["step"] in ("store_data_to_db", "publish_report") and failure["chunk"] is None
    if all_ended and record.status.attempt == 1:
        return str(documents)
    return f"at least {documents}" if documents else "an unknown number of"


def _rejects(record: RunRecord, totals: Totals) -> str:
    if not totals.rejected:
        return "none"
    return f"{totals.rejected} of {totals.rows} rows, listed at GET /api/runs/{record.id}/rejects"


def _next(totals: Totals) -> str:
    if totals.rejected:
        return "correct those rows and start the report again, or start it with tolerated_rejects to leave them out."
    return "remove the reason and start the report again; documents keep their ids, so none is doubled."
