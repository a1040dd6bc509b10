"""A run's progress as a bar on a terminal, and as lines elsewhere."""

import sys
from typing import Any, Self, TextIO

WIDTH = 30


class Progress:
    """A bar for each phase; a terminal sees one line grow, a file a line for each step."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._grows = self._out.isatty()
        self._phase = ""

    def show(self, status: dict[str, Any]) -> None:
        """Show one custom status of the run."""
        phase = str(status.get("phase", ""))
        if self._grows and self._phase:
            self._out.write("\r" if phase == self._phase else "\n")
        self._phase = phase
        self._out.write(line(status, *blocks(self._out.encoding)) + ("" if self._grows else "\n"))
        self._out.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._grows and self._phase:
            self._out.write("\n")


def line(status: dict[str, Any], full: str, empty: str) -> str:
    done, chunks = status.get("chunks_done") or 0, status.get("chunks") or 0
    filled = WIDTH * done // chunks if chunks else 0
    bar = full * filled + empty * (WIDTH - filled)
    totals = status.get("totals") or {}
    counts = f"{totals.get('rows', 0):>7,} rows  {totals.get('documents', 0):>7,} documents"
    return f"  {status.get('phase', ''):<11} {bar} {done:>3}/{chunks} chunks {counts}"


def blocks(encoding: str | None) -> tuple[str, str]:
    """What a bar is made of: plain signs where the output knows no others."""
    try:
        "█░".encode(encoding or "ascii")
    except UnicodeEncodeError:
        return "#", "."
    return "█", "░"
