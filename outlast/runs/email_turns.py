"""Whose email is sent now: the app's email log, kept in the container `runs`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from outlast.models import Json
from outlast.runs.app_documents import AppDocuments, name_of
from outlast.runs.email_log import (
    Digest,
    EmailLog,
    Taken,
    Turn,
    collect,
    digest_done,
    digest_left,
    single_done,
    take_turn,
)
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Runs


@dataclass(frozen=True, slots=True)
class EmailTurns:
    """`lease`: seconds after which a call that sends a digest is surely dead."""

    documents: AppDocuments
    runs: Runs
    owner: str
    now: Callable[[], datetime]
    lease: float

    @property
    def name(self) -> str:
        """The id of the document with the log. Each owner has one, because each sends its emails to its own people."""
        return name_of("emails", self.owner)

    async def take(self, record: RunRecord) -> Taken:
        """What the call for this run's email does. COLLECT is never returned."""
        entry = entry_of(record)
        taken = await self._change(lambda log, now: take_turn(log, entry, now, self.lease))
        if taken.turn is not Turn.COLLECT:
            return taken
        pending = [entry_of(one) for one in await self._pending()]
        return await self._change(lambda log, now: collect(log, entry, pending, now, self.lease))

    async def records_of(self, digest: Digest) -> Sequence[RunRecord]:
        """The records of the digest's entries whose email is still pending."""
        entries = set(digest.entries)
        return [record for record in await self._pending() if entry_of(record) in entries]

    async def single_done(self, record: RunRecord) -> None:
        await self._change(lambda log, now: Taken(single_done(log, entry_of(record), now), Turn.SINGLE))

    async def digest_done(self, key: str) -> None:
        await self._change(lambda log, _: Taken(digest_done(log, key), Turn.DIGEST))

    async def digest_left(self, key: str) -> None:
        await self._change(lambda log, _: Taken(digest_left(log, key), Turn.DIGEST))

    async def _pending(self) -> list[RunRecord]:
        """The owner's runs that a digest may name. What a run still undoes can show that it is completed."""
        return [
            record
            for record in await self.runs.open_runs()
            if record.status.owner == self.owner
            and "email" in record.status.pending
            and ("undo" not in record.status.pending or record.status.state in ENDED)
        ]

    async def _change(self, decide: Callable[[EmailLog, float], Taken]) -> Taken:
        taken: Taken | None = None

        def edit(members: Json) -> Json:
            nonlocal taken
            taken = decide(EmailLog.from_dict(members), self.now().timestamp())
            return taken.log.to_dict()

        await self.documents.change(self.name, edit)
        assert taken is not None
        return taken


def entry_of(record: RunRecord) -> str:
    """A run that fails again in a later attempt gets another email, and so does a later run of the same id."""
    return f"{record.id}:{record.status.attempt}:{record.accepted_milliseconds}"
