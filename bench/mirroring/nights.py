"""Runs of a report by reference, in a copy of the app with the reports of this bench."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.scaling.runs import House, Ran
from local.stack.ports import Ports
from local.stack.services import Services
from local.stack.settings import APP, sample_values

REPORTS = Path(__file__).parent / "reports"
DEPLOYED = ("activities", "orchestrators", "outlast", "reports", "samples", "ui")
FILES = ("function_app.py", "host.json", "local.settings.sample.json")
SHOPS = 1_000
NOTE = "x" * 400
NOTE_OF_A_KILOBYTE = "x" * 930
"""It makes a row and its document about 1 KB, and not more."""
WITHOUT_KEYS = {
    "orchestrators/import_report.py": (
        """    view = yield from run_phase(run, Event.RESOLVE, shards)
    finished = yield from run.caller.call_until_done("finish_keys", run.run_call())
    run.progress.add(Totals.from_dict(KeysAnswer.from_dict(finished).totals or {}))
""",
        "",
    ),
    "outlast/runs/transitions.py": ('(("resolving", "storing"), "storing")', '(("generating", "storing"), "storing")'),
    "outlast/generating/part_contents.py": (
        "keys = encode_named_keys(list(keyed)) if mode == MIRROR else encode_keys(keyed)",
        'keys = b""',
    ),
}
"""What to replace in a copy of the app, so that it neither stages nor compares keys."""


@contextmanager
def nights(
    changes: Mapping[str, tuple[str, str]],
    cosmos: Sequence[str] = (),
    host: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
) -> Iterator["Nights"]:
    """Run host, database and inbox around a copy of the app with these changes, options and further settings."""
    with TemporaryDirectory() as folder:
        app, data = Path(folder) / "app", Path(folder) / "data"
        for name in DEPLOYED:
            shutil.copytree(APP / name, app / name, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (*(APP / name for name in FILES), *REPORTS.glob("*.py")):
            shutil.copy(path, app / "reports" if path.parent == REPORTS else app)
        for name, (before, after) in changes.items():
            text = (app / name).read_text("utf-8")
            if before not in text:
                raise RuntimeError(f"{name} does not have the lines that this bench replaces")
            (app / name).write_text(text.replace(before, after), "utf-8")
        inputs = Path(folder) / "inputs"
        inputs.mkdir()
        given = {**sample_values(app), "INPUTS_URL": inputs.as_uri(), **(settings or {})}
        with Services(app, data, Ports(), given, cosmos, host) as services:
            yield Nights(services, inputs, data / "host" / "host.db")


class Nights:
    def __init__(self, services: Services, inputs: Path, histories: Path) -> None:
        self.services, self.inputs = services, inputs
        self.histories = histories
        """The host's file."""

    def run(self, report: str, lines: Iterable[str]) -> dict[str, Any]:
        """Run a report with this input; return its receipt, and `wall`, the seconds from the POST to its end."""
        ran = self.ran(report, lines)
        return {**ran.receipt, "wall": ran.seconds}

    def ran(self, report: str, lines: Iterable[str]) -> Ran:
        """The same with its phases."""
        with (self.inputs / "orders.csv").open("w") as file:
            file.writelines(lines)
        return House(self.services).run("orders.csv", report)


def orders(count: int, changed: Iterable[int] = (), gone: Iterable[int] = (), note: str = NOTE) -> Iterator[str]:
    """The export with this many orders, of which some have another amount and some are missing."""
    yield "number,shop,amount,note\n"
    other, missing = set(changed), set(gone)
    for number in range(count):
        if number not in missing:
            yield f"{number},s{number % SHOPS},{number + (number in other) / 2},{note}\n"
