"""Files that arrived and cannot be taken: they are moved aside, with a text that says why, and people are told."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from outlast.errors import Permanent
from outlast.mail import Email, Mailer
from outlast.staging.incoming_paths import Arrival, options_path, reason_path, refused_path
from outlast.staging.store import Staging

MOST_NAMED = 50
"""Files that one email names."""


class Refused(NamedTuple):
    """A file with its ETag, and why it is refused."""

    arrival: Arrival
    version: str
    reason: str

    @property
    def path(self) -> str:
        return refused_path(self.arrival, self.version)


@dataclass(frozen=True, slots=True)
class Refusals:
    inputs: Staging
    mailer: Mailer

    async def keep(self, refused: Sequence[Refused]) -> None:
        """Copy the files aside and tell people, in one email; the caller then removes what has arrived.

        The text beside a file is written behind the email, so that a repeat knows what was told. Raises Transient when
        the mail service does not answer; the files then stay where they are until the next look.
        """
        untold = [one for one in refused if await self.inputs.size(reason_path(one.path)) is None]
        for one in untold:
            await self.inputs.copy(one.arrival.path, one.path)
            if await self.inputs.size(options_path(one.arrival.path)) is not None:
                await self.inputs.copy(options_path(one.arrival.path), options_path(one.path))
        if untold:
            await self._tell(untold)
        for one in untold:
            await self.inputs.put(reason_path(one.path), f"{one.reason}\n".encode())

    async def _tell(self, refused: Sequence[Refused]) -> None:
        """Send an email. One that the mail service refuses for good is logged, because the texts say the same."""
        for one in refused:
            logging.getLogger("outlast").warning("%s is refused: %s", one.arrival.path, one.reason)
        if self.mailer.missing is not None:
            return
        try:
            await self.mailer.send(_email(refused))
        except Permanent as error:
            logging.getLogger("outlast").error("nobody was told of %d refused files: %s", len(refused), error)


def _email(refused: Sequence[Refused]) -> Email:
    lines = [f"{one.arrival.path}: {one.reason}\n  It is now {one.path}" for one in refused[:MOST_NAMED]]
    if (more := len(refused) - MOST_NAMED) > 0:
        lines.append(f"… and {more} more; each has a text beside it that says why")
    key = hashlib.sha256("\n".join(one.path for one in refused).encode()).hexdigest()[:32]
    files = "a file" if len(refused) == 1 else f"{len(refused)} files"
    return Email(key, f"Outlast: {files} that arrived cannot be taken", "\n".join([*lines, _NEXT]))


_NEXT = "\nCorrect what is wrong, and put the file into incoming/{report}/ again under its name."
