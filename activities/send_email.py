"""Tells the people of MAIL_TO that a run failed: by an email of its own, or by a digest of many runs."""

import logging
from dataclasses import dataclass

from outlast.calls import EmailAnswer, RunCall, RunChange
from outlast.errors import Transient
from outlast.mail import Mailer, MailThrottled
from outlast.models import Json
from outlast.runs.email_log import Digest, Turn
from outlast.runs.email_turns import EmailTurns
from outlast.runs.emails import digest_email, email
from outlast.runs.fence import refuse_strangers
from outlast.runs.record import OUTCOMES, RunRecord, differs
from outlast.runs.store import Runs, need
from outlast.runs.transitions import Event, apply


@dataclass(frozen=True, slots=True)
class SendEmail:
    runs: Runs
    mailer: Mailer
    turns: EmailTurns

    async def send_email(self, given: Json) -> Json:
        """Input: RunCall. Returns an EmailAnswer.

        An email that is not pending is not sent. Each failed run is named in one email; beyond ten emails in a minute
        the answer asks to wait, and a digest names all runs that wait.
        """
        call = RunCall.from_dict(given)
        record = await need(self.runs, call.run)
        refuse_strangers(record, call.attempt, "failing", *OUTCOMES, *_if_it_differs(record))
        if "email" not in record.status.pending:
            return EmailAnswer(False).to_dict()
        try:
            return (await self._send(call, record)).to_dict()
        except MailThrottled as error:
            return EmailAnswer(False, error.seconds).to_dict()

    async def _send(self, call: RunCall, record: RunRecord) -> EmailAnswer:
        taken = await self.turns.take(record)
        while taken.turn is Turn.DIGEST:
            await self._send_digest(taken.log.open_digest())
            taken = await self.turns.take(record)
        if taken.turn is Turn.WAIT:
            return EmailAnswer(False, taken.wait)
        if taken.turn is Turn.SINGLE:
            await self.mailer.send(email(record))
        await self._finish(call, record)
        return EmailAnswer(True)

    async def _send_digest(self, digest: Digest | None) -> None:
        """The digest of all entries; those whose email was done meanwhile are not named again."""
        assert digest is not None
        try:
            records = await self.turns.records_of(digest)
            if records:
                await self.mailer.send(digest_email(digest.key, records))
        except Exception:
            await self.turns.digest_left(digest.key)
            raise
        await self.turns.digest_done(digest.key)

    async def _finish(self, call: RunCall, record: RunRecord) -> None:
        """Record it at once, or the next compensation sends it again. Where this fails, compensate_run does it."""
        change = RunChange(call.run, call.attempt, Event.FINISH_STEP, step="email")
        try:
            await self.runs.change(call.run, lambda before: apply(before, change))
            await self.turns.single_done(record)
        except Transient as error:
            logging.getLogger("outlast").warning("run %s: its email was sent and is still pending: %s", call.run, error)


def _if_it_differs(record: RunRecord) -> tuple[str, ...]:
    """A completed run has an email where its verification found a difference, or a correction of it failed."""
    return ("completed",) if differs(record.result.receipt) or record.status.was_completed else ()
