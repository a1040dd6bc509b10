"""Shows or keeps the rejected rows of a run."""

import csv
import re
import shlex
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import Annotated

import httpx
import typer

from outlast_cli.api import Api
from outlast_cli.arguments import RunArgument
from outlast_cli.errors import Usage
from outlast_cli.runs import find_id, path_of
from outlast_cli.session import JsonOption, ProfileOption, Session, session

SHOWN = 50
OWN = ("row", "column", "code", "message")
HEADER = re.compile(r'\A(?:"[^"]*"|[^"\n])*\n?')
"""The first line of CSV. A column's name in quotes may have line ends."""


def rejects(
    context: typer.Context,
    run: RunArgument = "last",
    file: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Keep them as CSV there; - is standard output."),
    ] = None,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the rejected rows of a run, or keep them as CSV, to be corrected and sent back."""
    with session(context, profile, as_json) as s:
        found = find_id(s.api, run)
        if file is not None:
            _keep(s, found, file)
        elif as_json:
            s.output.data(list(_rows(_pages(s.api, found))))
        else:
            _show(s, found)


def _pages(api: Api, run: str) -> Iterator[str]:
    """Yield CSV, each page with a header. Links lead from one to the next."""
    answer = api.call("GET", path_of(run, "/rejects"))
    while True:
        yield answer.content.decode("utf-8-sig")
        following = answer.links.get("next", {}).get("url")
        if following is None:
            return
        answer = api.call("GET", path_of(run, "/rejects"), query=dict(httpx.URL(following).params))


def _rows(pages: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield each reject by column. A column of the input that is named as one of the reject's own has `input.` before
    its name."""
    for page in pages:
        reader = csv.DictReader(StringIO(page, newline=""))
        columns = list(reader.fieldnames or ())[len(OWN) :]
        reader.fieldnames = [*OWN, *(f"input.{name}" if name in OWN else name for name in columns)]
        yield from reader


def _show(s: Session, run: str) -> None:
    rows = _rows(_pages(s.api, run))
    shown = [tuple(row[name] for name in OWN) for row in islice(rows, SHOWN if s.output.for_people else None)]
    s.output.table(("ROW", "COLUMN", "CODE", "WHY"), shown)
    if s.output.for_people and next(rows, None) is not None:
        s.output.note(f"There are more. All of them: outlast rejects {run} -o rejects.csv")
    elif shown:
        s.output.note(f"Keep them to correct: outlast rejects {run} -o rejects.csv")


def _keep(s: Session, run: str, file: Path) -> None:
    """Write all pages as one file, which appears when it is whole. A mark at its start tells Excel that it is UTF-8."""
    if str(file) == "-":
        s.output.raw_bytes("".join(_joined(_pages(s.api, run))).encode())
        return
    part = file.with_name(f"{file.name}.part")
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as out:
            for text in _joined(_pages(s.api, run)):
                out.write(text)
        part.replace(file)
    except OSError as error:
        raise Usage(f"{file} cannot be written: {error.strerror}") from error
    s.output.note(f"They are in {file}. Correct them, then: outlast correct {run} {shlex.quote(str(file))}")


def _joined(pages: Iterator[str]) -> Iterator[str]:
    """Yield the first page whole and the others without their header."""
    for number, page in enumerate(pages):
        yield page if number == 0 else HEADER.sub("", page, count=1)
