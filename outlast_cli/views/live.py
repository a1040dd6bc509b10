"""A run that is watched, on a terminal: its phases with bars, rates, throttling, time left and lanes, redrawn."""

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live as RichLive
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from outlast_cli.errors import Unreachable
from outlast_cli.pace import Pace, PhaseSeen
from outlast_cli.runs import Run
from outlast_cli.views.numbers import bar, count, duration

WIDTH = 24


class Live:
    """`with Live(console) as view:` draws until the block ends; the last picture stays."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = RichLive(console=console, auto_refresh=False)
        self._pace = Pace()
        self._begun: float | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._live.stop()

    def show(self, run: Run, now: float) -> None:
        self._begun = now if self._begun is None else self._begun
        self._pace.add(run, now)
        self._live.update(picture(run, self._pace, now - self._begun, self._console.encoding), refresh=True)

    def silent(self, error: Unreachable) -> None:
        self._live.update(Text(f"{error.text}\nThe run goes on. Asking again ...", style="yellow"), refresh=True)


def picture(run: Run, pace: Pace, seconds: float, encoding: str) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False)
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    for phase in pace.phases:
        table.add_row(*_cells(phase, run, pace, encoding))
    attempt = f", attempt {run.attempt}" if run.attempt > 1 else ""
    head = f"[bold]{escape(run.report)}[/bold] {escape(run.id)}{attempt}, watched for {duration(seconds)}"
    return Group(Text.from_markup(head), table, Text("  ".join(_rates(run, pace)), style="dim"))


def _cells(phase: PhaseSeen, run: Run, pace: Pace, encoding: str) -> tuple[str, ...]:
    rows = phase.name in ("reading", "generating")
    counted = f"{count(phase.rows)} rows" if rows else f"{count(phase.documents)} documents"
    if phase.over or run.has_ended:
        return phase.name, f"[green]{bar(phase.share, WIDTH, encoding)}[/green]", counted, duration(phase.seconds)
    left = "" if phase.left is None else f"about {duration(phase.left)} left"
    return phase.name, f"[cyan]{bar(phase.share, WIDTH, encoding)}[/cyan]", counted, left


def _rates(run: Run, pace: Pace) -> Iterator[str]:
    if run.has_ended or run.waits:
        return
    if run.phase in ("reading", "generating"):
        yield f"{count(pace.rows_per_s)} rows/s"
    else:
        yield f"{count(pace.documents_per_s)} documents/s"
        yield f"{count(pace.ru_per_s)} RU/s"
        yield f"{count(run.counts['throttled'])} throttled ({count(pace.throttled_per_s)}/s)"
    if run.counts["rejected"]:
        yield f"{count(run.counts['rejected'])} rejected"
    if run.lanes:
        yield f"{run.lanes_at_work} of {run.lanes} lanes at work"
