"""Starts a report and watches its run, by the client that the command `outlast` is."""

import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from local.console import LocalError
from local.stack.services import Services
from outlast_cli.address import Address
from outlast_cli.api import Api
from outlast_cli.errors import CommandError, Unreachable
from outlast_cli.runs import Run
from outlast_cli.starting import Start
from outlast_cli.views.lines import Lines
from outlast_cli.watching import Watcher

EVERY_SECONDS = 0.2
PATIENCE_SECONDS = 120


@dataclass(slots=True)
class Watched:
    """`started` is the answer of the start, `run` the run at its end, `looks` each line that was seen of it."""

    started: dict[str, Any]
    run: Run
    looks: list[str] = field(default_factory=list)


class Looks(Lines):
    """Prints and keeps a line for each change. Raises LocalError when the run takes too long."""

    def __init__(self, out: TextIO) -> None:
        super().__init__(out)
        self.seen: list[str] = []
        self._begun: float | None = None

    def show(self, run: Run, now: float) -> None:
        super().show(run, now)
        if self._shown not in self.seen:
            self.seen.append(self._shown)
        self._begun = now if self._begun is None else self._begun
        if now - self._begun > PATIENCE_SECONDS and not run.has_ended:
            raise LocalError(f"The run {run.id} was still {run.state} after {PATIENCE_SECONDS} s.")

    def silent(self, error: Unreachable) -> None:
        """The services are this process's own, so one that gives no answer has died."""
        raise LocalError(f"Watching failed: {error.text}")


def api_of(services: Services) -> Api:
    return Api(Address(url=services.host.url, key=services.function_key, source="this machine"))


def start(api: Api, report: str, file: Path) -> dict[str, Any]:
    """Post the file; return the durable status payload of the 202."""
    asked = Start(report=report, key=uuid.uuid4().hex, options={}, parameters={})
    try:
        return asked.with_file(api, file.read_bytes(), file.name)
    except CommandError as error:
        raise LocalError(error.text) from error


def watch(api: Api, started: dict[str, Any], out: TextIO | None = None) -> Watched:
    """Watch a run to its end."""
    looks = Looks(out or sys.stdout)
    watcher = Watcher(api=api, clock=time.monotonic, sleep=lambda seconds: time.sleep(min(seconds, EVERY_SECONDS)))
    try:
        return Watched(started, watcher.watch(str(started["id"]), looks), looks.seen)
    except CommandError as error:
        raise LocalError(error.text) from error
