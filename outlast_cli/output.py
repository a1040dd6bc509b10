"""What a command prints: data on standard output, all else on standard error, and no decoration outside a terminal."""

import json
import sys
from collections.abc import Iterable, Sequence
from io import TextIOWrapper
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from outlast_cli.errors import CommandError
from outlast_cli.naming import with_profile
from outlast_cli.views.numbers import digits


def write_utf_8() -> None:
    """Make standard output and error UTF-8 unless they are terminals. Windows gives them a code page otherwise, which
    has few characters."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and not stream.isatty():
            stream.reconfigure(encoding="utf-8", errors=stream.errors)


class Output:
    """`as_json` prints each result as JSON alone. Notes are for people, so they are printed on a terminal only; hints
    are printed elsewhere too, because a log is read when something has failed. Commands in both are for `profile`.

    rich leaves colours out where NO_COLOR is set, TERM is dumb, or the output is no terminal.
    """

    def __init__(self, *, as_json: bool = False, profile: str | None = None) -> None:
        self.as_json = as_json
        self._profile = profile
        self.out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
        self.err = Console(file=sys.stderr, highlight=False, soft_wrap=True)

    @property
    def for_people(self) -> bool:
        return self.out.is_terminal and not self.as_json

    def data(self, value: Any) -> None:
        self.raw(json.dumps(value, indent=2 if self.out.is_terminal else None, ensure_ascii=False))

    def raw(self, text: str) -> None:
        """Print exactly this text and a line end."""
        self.out.file.write(f"{text}\n")
        self.out.file.flush()

    def raw_bytes(self, content: bytes) -> None:
        """Print exactly these bytes: a text stream of Windows would change their line ends."""
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()

    def line(self, text: str) -> None:
        """Print a line, which may have rich's markup."""
        self.out.print(text)

    def note(self, text: str) -> None:
        if self.err.is_terminal:
            self.hint(text)

    def hint(self, text: str) -> None:
        if not self.as_json:
            self.err.print(f"[dim]{escape(self.to_call(text))}[/dim]")

    def to_call(self, text: str) -> str:
        """Return the text with commands that call the app that this one calls."""
        return with_profile(text, self._profile)

    def warn(self, text: str) -> None:
        self.err.print(f"[yellow]{escape(text)}[/yellow]")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """A table on a terminal; elsewhere lines with tabs and without a head, for other programs."""
        if not self.out.is_terminal:
            for row in rows:
                self.raw("\t".join(_plain(cell) for cell in row))
            return
        listed = list(rows)
        if not listed:
            self.note("There is nothing to show.")
            return
        table = Table(box=None, header_style="bold", pad_edge=False)
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in listed:
            table.add_row(*(escape(_plain(cell)) for cell in row))
        self.out.print(table, soft_wrap=False)

    def pairs(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Names and values, one pair a line."""
        shown = [(name, _plain(value)) for name, value in pairs]
        width = max((len(name) for name, _ in shown), default=0)
        for name, value in shown:
            self.line(f"{name:<{width}}  {escape(value)}")

    def facts(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """The pairs that have a value."""
        self.pairs([(name, value) for name, value in pairs if value is not None])

    def error(self, error: CommandError) -> None:
        hint = error.hint and self.to_call(error.hint)
        if self.as_json:
            known = {"error": error.text, "hint": hint, "exit_code": int(error.code), "problem": error.problem}
            self.err.file.write(json.dumps(known, ensure_ascii=False) + "\n")
            return
        self.err.print(f"[bold red]Error:[/bold red] {escape(error.text)}")
        if hint:
            self.err.print(escape(hint))


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if sys.stdout.isatty() else str(value)
    if isinstance(value, float):
        return f"{value:,.1f}" if sys.stdout.isatty() else digits(value)
    return " ".join(str(value).split())
