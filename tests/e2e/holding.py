"""Runs that a test holds in a phase: the phase's activity fails and is retried until the test releases the run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outlast.runs.ids import run_of_key
from tests.e2e.stack import SECRET_OF_STACKS, Stack, first_rows

FIRST_RETRY_SECONDS = "2"
"""An activity is called again after 2, 4, 8 and 16 seconds. A run is held for at most that time in all, and goes on
after the wait that is running when it is released."""
ROWS = 60
WITH_LANES = 5000
"""Rows of which a run has two chunks, and so waves and lanes."""
DATABASE = "outlast"


class Held:
    """A run that stays in a phase because a file lies where a folder should be, or a folder where a file should."""

    def __init__(self, stack: Stack, report: str, key: str, phase: str, rows: int = ROWS) -> None:
        self.stack = stack
        self.phase = phase
        self.run = run_of_key(report, key, SECRET_OF_STACKS)
        self.folder = stack.data / "staging" / "runs" / self.run
        self._obstacle: Path | None = None
        self._obstruct()
        stack.start(report, first_rows(rows), key)

    def release(self) -> None:
        if self._obstacle is not None:
            self._obstacle.rmdir() if self._obstacle.is_dir() else self._obstacle.unlink()
            self._obstacle = None

    def staged(self) -> set[Path]:
        """Return every file of the run but the obstacle."""
        return {path for path in self.folder.rglob("*") if path.is_file() and path != self._obstacle}

    def _obstruct(self) -> None:
        """Put the obstacle in the way before the run starts. `publishing_held` holds the publishing of all runs."""
        self.folder.mkdir(parents=True)
        if self.phase == "reading":
            self._obstacle = self.folder / "chunks.json"
            self._obstacle.mkdir()
        elif self.phase == "storing":
            self._obstacle = self.folder / "stored" / "000000.json"
            self._obstacle.mkdir(parents=True)
        elif self.phase == "generating":
            self._obstacle = self.folder / "generated"
            self._obstacle.touch()


@contextmanager
def publishing_held(stack: Stack, container: str, status: int = 503) -> Iterator[None]:
    """Refuse every write of a snapshot header meanwhile, and no other write. A 503 is retried; a 403 fails the run for
    good."""
    rules = [
        stack.database.add_fault(database=DATABASE, container=container, kind=kind, status=status)
        for kind in ("create", "replace")
    ]
    yield
    for rule in rules:
        stack.database.remove_faults(rule)
