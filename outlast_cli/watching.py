"""Follows a run until it has ended or waits for a person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from outlast_cli.api import Api
from outlast_cli.errors import Unreachable
from outlast_cli.runs import Run, read_run

PATIENCE_SECONDS = 600.0
"""For so long an app that does not answer is asked again. The run goes on without the watcher."""
QUICKLY_FOR, QUICKLY = 5.0, 0.25
SLOWLY_AFTER, SLOWLY = 300.0, 5.0


class View(Protocol):
    """Shows a run that is watched."""

    def show(self, run: Run, now: float) -> None: ...

    def silent(self, error: Unreachable) -> None:
        """The app gives no answer at the moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    api: Api
    clock: Callable[[], float]
    sleep: Callable[[float], None]

    def watch(self, run: str, view: View) -> Run:
        """Raises Unreachable if the app gives no answer for PATIENCE_SECONDS."""
        begun = heard = self.clock()
        while True:
            try:
                found = read_run(self.api, run)
                heard = self.clock()
                view.show(found, heard)
                if found.has_ended or found.waits:
                    return found
            except Unreachable as error:
                if self.clock() - heard > PATIENCE_SECONDS:
                    raise
                view.silent(error)
            self.sleep(_pause(self.clock() - begun))


def _pause(watched: float) -> float:
    """A short run is seen while it lasts, and a long one costs few calls."""
    if watched < QUICKLY_FOR:
        return QUICKLY
    return 1.0 if watched < SLOWLY_AFTER else SLOWLY
