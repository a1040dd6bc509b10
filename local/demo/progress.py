"""Shows a run's progress as a bar on a terminal, and as lines elsewhere."""

import sys
import time
from collections.abc import Callable
from typing import Any, Self, TextIO

WIDTH = 20


class Progress:
    """A terminal gets one line a phase, which is redrawn and shows the time; any other output gets a line for each
    change."""

    def __init__(self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out or sys.stdout
        self._clock = clock
        self._begun = clock()
        self._phase = self._shown = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._out.isatty() and self._shown:
            self._out.write("\n")

    def show(self, status: dict[str, Any]) -> None:
        """Show the run's custom status as it is now."""
        text = line(status, *blocks(self._out.encoding))
        if self._out.isatty():
            self._redraw(str(status.get("phase")), f"{text}  {self._clock() - self._begun:>3.0f} s")
        elif text != self._shown:
            self._out.write(f"{text.rstrip()}\n")
        self._out.flush()
        self._shown = text

    def _redraw(self, phase: str, text: str) -> None:
        if self._shown:
            self._out.write("\r" if phase == self._phase else "\n")
        self._phase = phase
        self._out.write(text)


def line(status: dict[str, Any], full: str, empty: str) -> str:
    """Return a line of under 80 characters, so that a terminal does not break it. It counts rows before storing and
    documents from then on."""
    done, chunks = status.get("chunks_done") or 0, status.get("chunks") or 0
    filled = WIDTH * done // chunks if chunks else 0
    bar = full * filled + empty * (WIDTH - filled)
    totals = status.get("totals") or {}
    unit = "rows" if status.get("phase") in ("reading", "generating") else "documents"
    return f"  {status.get('phase', ''):<11} {bar} {done:>3}/{chunks} chunks {totals.get(unit, 0):>11,} {unit:<9}"


def blocks(encoding: str | None) -> tuple[str, str]:
    """Return the full and the empty character of a bar, in ASCII if the output's encoding has no block characters."""
    try:
        "█░".encode(encoding or "ascii")
    except UnicodeEncodeError:
        return "#", "."
    return "█", "░"
