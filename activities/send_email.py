"""Tells the people of MAIL_TO of the end of a run: by an email of its own, or by a digest of many runs."""

import logging
from dataclasses import dataclass

from outlast.calls import RunCall, RunChange, SendAnswer
from outlast.errors import Throttled, Transient
from outlast.mail import Mailer
from outlast.models import Json
from outlast.rendering.page import ShownReject
from outlast.runs.email_log import Digest, Turn
from outlast.runs.email_turns import EmailTurns
from outlast.runs.emails import Emails
from outlast.runs.fence import find_pending
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.runs.transitions import Event, apply
from outlast.staging.reject_files import RejectFiles

MOST_REJECTS = 10
"""Rejects that an email names."""


@dataclass(frozen=True, slots=True)
class SendEmail:
    runs: Runs
    mailer: Mailer
    turns: EmailTurns
    emails: Emails
    rejects: RejectFiles

    async def send_email(self, given: Json) -> Json:
        """Input: RunCall. Returns a SendAnswer.

        An email that is not pending is not sent. Each run is named in one email; beyond ten emails in a minute
        the answer asks to wait, and a digest names all runs that wait.
        """
        call = RunCall.from_dict(given)
        record = await find_pending(self.runs, call, "email")
        if record is None:
            return SendAnswer(False).to_dict()
        try:
            return (await self._send(call, record)).to_dict()
        except Throttled as error:
            return SendAnswer(False, error.seconds).to_dict()

    async def _send(self, call: RunCall, record: RunRecord) -> SendAnswer:
        taken = await self.turns.take(record)
        while taken.turn is Turn.DIGEST:
            await self._send_digest(taken.log.open_digest())
            taken = await self.turns.take(record)
        if taken.turn is Turn.WAIT:
            return SendAnswer(False, taken.wait)
        if taken.turn is Turn.SINGLE:
            await self.mailer.send(self.emails.one(record, await self._rejects(record)))
        await self._finish(call, record)
        return SendAnswer(True)

    async def _rejects(self, record: RunRecord) -> list[ShownReject]:
        """The first rejects, without what may repeat a value; none where the run has counted none."""
        if not (record.result.totals or {}).get("rejected"):
            return []
        return [ShownReject(one.row, one.column, one.code) for one in await self.rejects.first(record, MOST_REJECTS)]

    async def _send_digest(self, digest: Digest | None) -> None:
        """The digest of all entries; those whose email was done meanwhile are not named again."""
        assert digest is not None
        try:
            records = await self.turns.records_of(digest)
            if records:
                await self.mailer.send(self.emails.digest(digest.key, records))
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
