"""Shows what the app has logged under `make serve`: its events, and its warnings."""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from local.console import LocalError, say
from local.host.telemetry.file import older
from local.stack.settings import APP

FILE = "telemetry.jsonl"
"""Where `make serve` keeps what the host would send to Application Insights, in the folder of all data."""
LEVELS = ("VERBOSE", "INFO", "WARNING", "ERROR", "CRITICAL")
Row = dict[str, Any]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local logs", description=__doc__)
    parser.add_argument("--run", metavar="R", help="only what belongs to this run")
    parser.add_argument("--json", action="store_true", help="lines of JSON instead of text")
    parser.add_argument("--data", type=Path, default=APP / ".local", metavar="DIR", help="default: .local in the app")
    options = parser.parse_args(argv)
    for row in logged(options.data / FILE, options.run):
        say(as_json(row) if options.json else as_text(row))
    return 0


def logged(path: Path, run: str | None) -> Iterator[Row]:
    """Yield the rows of `traces`, of one run if it is given: its events, and what was logged in its operations."""
    if not path.exists():
        raise LocalError(f"There is no {path}: `make serve` writes it; name its folder with --data.")
    traces = [row for row in _rows(path) if row["itemType"] == "trace"]
    operations = {row["operation_Id"] for row in traces if event_of(row).get("run") == run}
    for row in traces:
        named = event_of(row).get("run")
        if run is None or named == run or (named is None and row["operation_Id"] in operations):
            yield row


def event_of(row: Row) -> Row:
    """Return the event of a row, or nothing where the message is none."""
    message = row["message"]
    event: Row = json.loads(message) if message.startswith('{"event"') else {}
    return event


def as_text(row: Row) -> str:
    """Return a line for people: the time, the event, and each field that has a value."""
    event, time = event_of(row), row["timestamp"][:23].replace("T", " ")
    if not event:
        return f"{time}  {LEVELS[row['severityLevel']]}  {row['message']}"
    fields = [
        f"{name}={_shown(value)}" for name, value in event.items() if name != "event" and value not in (None, {}, [])
    ]
    return "  ".join([time, event["event"], *fields])


def as_json(row: Row) -> str:
    """Return a line of JSON: the time, and the event or the level and the text."""
    event = event_of(row) or {"level": LEVELS[row["severityLevel"]], "text": row["message"]}
    return json.dumps({"time": row["timestamp"], **event}, ensure_ascii=False)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _rows(path: Path) -> Iterator[Row]:
    """Yield every row, the older file's first. A row that is still being written is left out."""
    for file in (older(path), path):
        if file.exists():
            with file.open(encoding="utf-8") as lines:
                yield from (json.loads(line) for line in lines if line.endswith("\n"))
