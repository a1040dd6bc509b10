"""The rate controllers of an instance with several worker processes: each range has one state for all of them."""

import hashlib
import json
import os
import stat
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from outlast.cosmos.bulk.number_file import NumberFile
from outlast.cosmos.bulk.rate_controller import MIN_WAIT, Cycle, RateController, RateControllers

LAYOUT = 1
"""To be raised with each change of what the numbers mean, so that two versions of the app do not meet."""
KNOWN_SECONDS = 300.0
"""A state that nobody has changed for so long is forgotten. One from the future is of an earlier boot."""
KEPT_SECONDS = 86_400
"""Files that were not changed for so long are removed."""
FIXED = 14
"""Numbers before those of `served`."""


@dataclass(kw_only=True)
class SharedRateController(RateController):
    """Takes the state from the file before each change. Only `in_flight` is the process's own: it dies with it.

    All lanes of a process wait until the same instant, so the file is not asked again before `waits_until`."""

    file: NumberFile
    waits_until: float = 0.0

    def wait(self) -> float:
        if self.waits_until > self.clock():
            return max(MIN_WAIT, self.waits_until - self.clock())
        with self._shared():
            seconds = super().wait()
        self.waits_until = self.clock() + seconds
        return seconds

    def sent(self, operations: int) -> float:
        with self._shared():
            return super().sent(operations)

    def answered(self, expected: float, charge: float, written: int, retry_after: float | None) -> None:
        self.waits_until = 0.0
        with self._shared():
            super().answered(expected, charge, written, retry_after)

    @contextmanager
    def _shared(self) -> Iterator[None]:
        """Go on with what the process knew when the file has no whole and recent state."""
        with self.file.opened() as opened:
            numbers = opened.read()
            if len(numbers) >= FIXED and 0 <= self.clock() - numbers[0] < KNOWN_SECONDS:
                self._take(numbers)
            yield
            opened.write(self._numbers())

    def _take(self, numbers: Sequence[float]) -> None:
        _, self.per_operation, self.opens_at, window, self.credit, self.updated_at, *others = numbers[:FIXED]
        self.growth, self.measured, steady, self.spent, *cycle = others
        self.window, self.steady = int(window), bool(steady)
        self.cycle = Cycle(*cycle) if cycle[1] else None
        self.served = deque(zip(numbers[FIXED::2], numbers[FIXED + 1 :: 2], strict=True))

    def _numbers(self) -> Sequence[float]:
        cycle = self.cycle or Cycle(0.0, 0.0, 0.0, 0.0)
        return (
            self.clock(),
            self.per_operation,
            self.opens_at,
            self.window,
            self.credit,
            self.updated_at,
            self.growth,
            self.measured,
            self.steady,
            self.spent,
            cycle.begins,
            cycle.seconds,
            cycle.low,
            cycle.high,
            *chain.from_iterable(self.served),
        )


@dataclass(slots=True, kw_only=True)
class SharedRateControllers(RateControllers):
    """`scope` names what is paced: two apps that write to one database share their pace, two databases do not."""

    folder: Path
    scope: tuple[str, ...]
    workers: int

    def _new(self, container: str, range_id: str) -> RateController:
        named = json.dumps([LAYOUT, *self.scope, container, range_id])
        file = NumberFile(self.folder / hashlib.sha256(named.encode()).hexdigest()[:32])
        return SharedRateController(self.clock, window=self.first_operations, sharers=self.workers, file=file)


def shared_controllers(
    clock: Callable[[], float], temporary: Path, scope: tuple[str, ...], workers: int
) -> RateControllers:
    """Return controllers that all workers share, the process's own ones where they cannot keep files."""
    folder = temporary / f"outlast-pace-{os.getuid()}"
    try:
        folder.mkdir(0o700, exist_ok=True)
        _check(folder)
        _remove_old(folder)
    except OSError:
        return RateControllers(clock)
    return SharedRateControllers(clock, folder=folder, scope=scope, workers=workers)


def _check(folder: Path) -> None:
    """Raise OSError when the folder, whose name everybody knows, is not the user's own."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is not the user's own")


def _remove_old(folder: Path) -> None:
    for path in folder.iterdir():
        with suppress(FileNotFoundError):  # another worker removes them at the same time
            if path.lstat().st_mtime < time.time() - KEPT_SECONDS:
                path.unlink()
