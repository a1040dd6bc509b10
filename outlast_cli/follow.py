"""Watches a run for a command: the view, what Ctrl-C does, the summary and the exit code."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated

import typer
from rich.markup import escape

from outlast_cli.exit_codes import ExitCode
from outlast_cli.runs import Run, read_run
from outlast_cli.session import Session
from outlast_cli.views.lines import Lines
from outlast_cli.views.live import Live
from outlast_cli.views.summary import show_summary
from outlast_cli.watching import View, Watcher


class Progress(StrEnum):
    AUTO = "auto"
    LIVE = "live"
    LINES = "lines"
    NONE = "none"


ProgressOption = Annotated[
    Progress, typer.Option("--progress", help="How to show it; auto is live on a terminal and none elsewhere.")
]
WatchOption = Annotated[bool, typer.Option("--watch/--no-watch", help="Watch the run to its end.")]


class Silent:
    def show(self, run: Run, now: float) -> None:
        """Nothing is shown."""

    def silent(self, error: object) -> None:
        """Nothing is shown."""


def follow(s: Session, run: str, progress: Progress = Progress.AUTO) -> None:
    """Watch a run to its end and end with its exit code. Ctrl-C ends the watching alone."""
    watcher = Watcher(api=s.api, clock=s.machine.clock, sleep=s.machine.sleep)
    try:
        with _view(s, progress) as view:
            found = watcher.watch(run, view)
    except KeyboardInterrupt:
        s.output.err.print(escape(s.output.to_call(f"\nRun {run} goes on. Watch it again with: outlast watch {run}")))
        raise typer.Exit(int(ExitCode.INTERRUPTED)) from None
    show_summary(s.output, found)
    if found.exit_code is not ExitCode.DONE:
        raise typer.Exit(int(found.exit_code))


def follow_or_tell(s: Session, run: str, *, watch: bool, progress: Progress) -> None:
    """Watch the run, or show how it stands now."""
    if watch:
        follow(s, run, progress)
    else:
        show_summary(s.output, read_run(s.api, run))


@contextmanager
def _view(s: Session, progress: Progress) -> Iterator[View]:
    if progress is Progress.AUTO:
        progress = Progress.LIVE if s.output.err.is_terminal and not s.output.as_json else Progress.NONE
    if progress is Progress.LIVE:
        with Live(s.output.err) as live:
            yield live
    else:
        yield Lines() if progress is Progress.LINES else Silent()
