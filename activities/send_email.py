"""Tells the people of MAIL_TO that a run failed: which, where, why, what was written, what to do next."""

import logging
from dataclasses import dataclass

from outlast.errors import Transient
from outlast.mail import Mailer, MailThrottled
from outlast.models import EmailAnswer, Json, RunCall, RunChange
from outlast.runs.emails import email
from outlast.runs.fence import refuse_strangers
from outlast.runs.record import OUTCOMES
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
