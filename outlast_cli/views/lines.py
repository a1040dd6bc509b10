"""A run that is watched, as a line for each change: for logs and other outputs that are no terminal."""

import sys
from typing import TextIO

from outlast_cli.errors import Unreachable
from outlast_cli.runs import Run
from outlast_cli.views.numbers import bar, count

WIDTH = 20


class Lines:
    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._shown = ""

    def show(self, run: Run, now: float) -> None:
        text = line(run, self._out.encoding)
        if text != self._shown:
            self._write(text)
        self._shown = text

    def silent(self, error: Unreachable) -> None:
        self._write(f"  {error.text}; the run goes on, asking again")

    def _write(self, text: str) -> None:
        self._out.write(f"{text.rstrip()}\n")
        self._out.flush()


def line(run: Run, encoding: str | None) -> str:
    """Return a line of under 80 characters. It counts rows before storing and documents from then on."""
    share = run.chunks_done / run.chunks if run.chunks else 0.0
    unit = "rows" if run.phase in ("reading", "generating") else "documents"
    counted = f"{run.chunks_done:>3}/{run.chunks} chunks {count(run.counts[unit]):>11} {unit:<9}"
    return f"  {run.phase:<11} {bar(share, WIDTH, encoding)} {counted}"
