"""Removes what a run that has ended leaves behind: staged files, histories, and the input that was sent to the app."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from outlast.deadline import Deadline
from outlast.runs.histories import Histories
from outlast.runs.record import RunRecord
from outlast.staging.incoming_paths import is_accepted, options_path
from outlast.staging.paths import STARTING, folder_of, is_correction, starting_folder
from outlast.staging.store import Staging
from outlast.staging.uploads import is_upload

AT_ONCE = 64
"""Files that are deleted between two looks at the deadline."""


@dataclass(frozen=True, slots=True)
class RunRemover:
    """It may die anywhere and run twice at once: what is gone already is no error. The record is left to the caller,
    who changes or deletes it last."""

    staging: Staging
    inputs: Staging | None = None

    async def remove(self, client: Any, record: RunRecord, deadline: Deadline) -> bool:
        """Return False where time was up before all was removed. Raises StillAtWork.

        `record` is that of a run that is not open. `client` is the Durable client of the caller.
        """
        histories = Histories(client, record)
        await histories.refuse_at_work()
        await self._remove_upload(record)
        return await self._remove_files(record.id, deadline) and await histories.purge(deadline)

    async def _remove_upload(self, record: RunRecord) -> None:
        """Remove the file that was the run's input, if it was sent or came to the app and not only read by it."""
        path = record.request.reference or ""
        if self.inputs is not None and (is_upload(path) or is_accepted(path, record.id)):
            await self.inputs.delete_all([path, options_path(path)])

    async def _remove_files(self, run: str, deadline: Deadline) -> bool:
        for folder in (folder_of(run), starting_folder(run)):
            for paths in _groups(sorted(path for path, _ in await self.staging.list(folder) if not _is_staging(path))):
                if deadline.passed():
                    return False
                await self.staging.delete_all(paths)
            self.staging.remove_unfinished(folder)
            self.staging.remove_empty(folder)
        return True


def _is_staging(path: str) -> bool:
    """Whether a file says that a correction is being staged. It stays for `remove_unrecorded`, because what is staged
    behind this removal is found by it alone."""
    return path.startswith(f"{STARTING}/") and is_correction(path)


def _groups(paths: list[str]) -> Iterator[list[str]]:
    for first in range(0, len(paths), AT_ONCE):
        yield paths[first : first + AT_ONCE]
