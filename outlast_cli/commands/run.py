"""Starts a report with files and watches the run."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from outlast_cli.errors import Unreachable, Usage
from outlast_cli.follow import Progress, ProgressOption, WatchOption, follow_or_tell
from outlast_cli.session import JsonOption, ProfileOption, Session, session
from outlast_cli.starting import MOST_INLINE, Start, key_of, local_files, lost_answer, name_of, read_pairs
from outlast_cli.uploads import Uploader

Texts = list[str]


def run(
    context: typer.Context,
    report: Annotated[str, typer.Argument(help="The report's name; `outlast reports` lists them.")],
    files: Annotated[
        Texts | None, typer.Argument(metavar="[FILE]...", help="Files of this machine; - is standard input.")
    ] = None,
    inputs: Annotated[
        Texts | None,
        typer.Option("--input", "-i", metavar="PATH", help="A file, folder or pattern of the app's inputs location."),
    ] = None,
    parameters: Annotated[
        Texts | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="A parameter of the report.")
    ] = None,
    options: Annotated[
        Texts | None,
        typer.Option("--option", "-o", metavar="NAME=VALUE", help="An option of the start, as docs/api.md lists them."),
    ] = None,
    tolerated: Annotated[
        int | None, typer.Option("--tolerated-rejects", metavar="N", help="Rejected rows that do not fail the run.")
    ] = None,
    plan: Annotated[
        bool | None, typer.Option("--plan/--no-plan", help="Wait for approval before anything is stored.")
    ] = None,
    label: Annotated[str | None, typer.Option("--label", help="A name to find the run by.")] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Idempotency-Key: the same key with the same request is the same run.")
    ] = None,
    watch: WatchOption = True,
    progress: ProgressOption = Progress.AUTO,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start a report with files of any size, and watch the run to its end.

    A file of up to 32 MB goes with the start, a larger one or several are uploaded first. Ctrl-C leaves the run alone.
    """
    with session(context, profile, as_json) as s:
        asked = read_pairs(options or [], "--option")
        own = {"tolerated_rejects": tolerated, "plan": None if plan is None else str(plan).lower(), "label": label}
        asked |= {name: str(value) for name, value in own.items() if value is not None}
        start = Start(
            report=report,
            key=key_of(key),
            options=asked,
            parameters=read_pairs(parameters or [], "--param"),
        )
        started = _start(s, start, files or [], inputs or [])
        s.output.note(f"Run {started} is accepted.")
        if not watch and not as_json:
            s.output.raw(started)
        else:
            follow_or_tell(s, started, watch=watch, progress=progress)


def _start(s: Session, start: Start, files: Sequence[str], inputs: Sequence[str]) -> str:
    """Return the id of the run."""
    if bool(files) == bool(inputs):
        raise Usage("Give the FILE to run with, or --input PATH", "Example: outlast run flight_delays january.csv")
    if inputs:
        return _by_name(s, start, inputs)
    with local_files(files, lambda: typer.get_binary_stream("stdin")) as found:
        if len(found) == 1 and found[0].stat().st_size <= MOST_INLINE:
            return _inline(s, start, files[0], found[0])
        return _by_name(s, start, _uploaded(s, files, found))


def _inline(s: Session, start: Start, given: str, file: Path) -> str:
    name = None if given == "-" else name_of(file)
    try:
        return str(start.with_file(s.api, file.read_bytes(), name)["id"])
    except Unreachable as error:
        raise lost_answer(error, start.report, _again(start, [given]), start.key) from error


def _by_name(s: Session, start: Start, inputs: Sequence[str]) -> str:
    try:
        return str(start.with_input(s.api, inputs)["id"])
    except Unreachable as error:
        named = [text for path in inputs for text in ("--input", path)]
        raise lost_answer(error, start.report, _again(start, named), start.key) from error


def _again(start: Start, given: Sequence[str]) -> list[str]:
    """The arguments that make the same request."""
    options = [text for name, value in start.options.items() for text in ("-o", f"{name}={value}")]
    parameters = [text for name, value in start.parameters.items() for text in ("-p", f"{name}={value}")]
    return [*given, *options, *parameters]


def _uploaded(s: Session, given: Sequence[str], files: Sequence[Path]) -> list[str]:
    """Send each file, with a bar on a terminal; return the names to start with, in order."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    hidden = not s.output.err.is_terminal or s.output.as_json
    names = []
    with (
        httpx.Client(transport=s.machine.transport, timeout=httpx.Timeout(120, connect=10)) as client,
        Bars(*columns, console=s.output.err, disable=hidden) as bars,
    ):
        uploader = Uploader(api=s.api, client=client, sleep=s.machine.sleep)
        for text, file in zip(given, files, strict=True):
            task = bars.add_task(escape(text), total=file.stat().st_size)
            names.append(uploader.upload(file, name_of(file), Counter(bars, task)))
    return names


class Counter:
    """Moves a bar on by the bytes that arrived; 0 sets it back, because the file is sent anew."""

    def __init__(self, bars: Bars, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def __call__(self, sent: int) -> None:
        if sent:
            self._bars.advance(self._task, sent)
        else:
            self._bars.reset(self._task)
