"""Uploads: files below the inputs location that callers send there, each under a name that nobody can guess."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import azure.functions as func

from outlast.deadline import Deadlines
from outlast.staging.store import Staging

UPLOADS = "uploads"
MOST_BYTES = 5 * 1024**3
LIFETIME = timedelta(hours=1)
"""For so long an address takes the file."""
FOR_EVER = -1
NAME = re.compile(r"[0-9a-f]{32}-[0-9A-Za-z._-]{1,100}")
_UNSAFE = re.compile(r"[^0-9A-Za-z._-]")
"""Characters that the signature of an address does not cover as Azure computes it, or that a path cannot have."""


def upload_name(new_id: str, name: str) -> str:
    """The name of a new upload. It ends as the file's own, because the end tells the format."""
    return f"{new_id}-{_UNSAFE.sub('_', name)[-100:]}"


def upload_path(name: str) -> str:
    return f"{UPLOADS}/{name}"


def is_upload(path: str) -> bool:
    """Whether a path of the inputs location is that of an upload."""
    folder, _, name = path.partition("/")
    return folder == UPLOADS and NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploads:
    """`days` after its arrival an upload is removed that no run's removal has removed; -1: it is kept for ever."""

    inputs: Staging | None
    now: Callable[[], datetime]
    days: int
    deadlines: Deadlines

    async def remove_old_uploads(self, timer: func.TimerRequest) -> None:
        """What is left when time is up is left for the next hour."""
        if self.inputs is None:
            return
        before, deadline = self.now() - timedelta(days=self.days), self.deadlines.start()
        self.inputs.remove_unfinished(UPLOADS, self.now() - LIFETIME)
        for path, arrived in await self.inputs.list(UPLOADS) if self.days != FOR_EVER else []:
            if deadline.passed():
                return
            if arrived <= before and is_upload(path):
                await self.inputs.delete(path)
