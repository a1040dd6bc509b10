"""Runs that are held in a phase for as long as a test wants: the step meets what fails, and is tried again."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outlast.runs.ids import run_of_key
from tests.e2e.stack import SECRET_OF_STACKS, Stack, first_rows

FIRST_RETRY_SECONDS = "2"
"""A step is tried again after 2, 4, 8 and 16 seconds: so long is a run held, and so soon does it go on."""
ROWS = 60
DATABASE = "outlast"


class Held:
    """A run that stays in a phase: a file lies where a folder should be, or a folder where a file should."""

    def __init__(self, stack: Stack, report: str, key: str, phase: str) -> None:
        self.stack = stack
        self.phase = phase
        self.run = run_of_key(report, key, SECRET_OF_STACKS)
        self.folder = stack.data / "staging" / "runs" / self.run
        self._obstacle: Path | None = None
        self._obstruct()
        stack.start(report, first_rows(ROWS), key)

    def release(self) -> None:
        if self._obstacle is not None:
            self._obstacle.rmdir() if self._obstacle.is_dir() else self._obstacle.unlink()
            self._obstacle = None

    def staged(self) -> set[Path]:
        """Every file of the run."""
        return {path for path in self.folder.rglob("*") if path.is_file() and path != self._obstacle}

    def _obstruct(self) -> None:
        """Before it is started. Publishing is held by `publishing_held`, for all runs."""
        self.folder.mkdir(parents=True)
        if self.phase == "reading":
            self._obstacle = self.folder / "chunks.json"
            self._obstacle.mkdir()
        elif self.phase != "publishing":
            self._obstacle = self.folder / {"generating": "generated", "storing": "stored"}[self.phase]
            self._obstacle.touch()


@contextmanager
def publishing_held(stack: Stack, container: str, status: int = 503) -> Iterator[None]:
    """Headers cannot be written meanwhile; documents can. 503 passes, 403 fails the run for good."""
    rules = [
        stack.database.add_fault(database=DATABASE, container=container, kind=kind, status=status)
        for kind in ("create", "replace")
    ]
    yield
    for rule in rules:
        stack.database.remove_faults(rule)
