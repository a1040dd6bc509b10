"""Records what orchestrations of the current code look like: `python -m tests.histories.record NAME`.

One run that completes and one that fails; of each of their instances the last turn, whose history holds all others.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.app_settings import APP, sample_values
from local.calls import bypass_proxies
from local.client import App, watch
from local.parts import Parts
from local.ports import Ports
from tests.e2e.stack import BROKEN, first_rows

FOLDER = Path(__file__).parent
FIRST_RETRY = "5"
"""Seconds, as in Azure: the interval stands in the recorded actions."""


def main(name: str) -> None:
    bypass_proxies()
    with TemporaryDirectory() as folder:
        turns = Path(folder) / "turns.jsonl"
        january = Path(folder) / "january.csv"
        january.write_bytes(first_rows(8_000))
        settings = {**sample_values(APP), "RECORD_TURNS_TO": str(turns), "FIRST_RETRY_SECONDS": FIRST_RETRY}
        with Parts(FOLDER / "recording_app", Path(folder) / "data", Ports(), settings) as parts:
            app = App(parts.host.url, parts.function_key)
            for file in (january, BROKEN):
                watch(app.start("flight_delays", file)["statusQueryGetUri"], lambda _: None)
        last = last_turns(turns)
    (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in last), encoding="utf-8")


def last_turns(turns: Path) -> list[dict[str, Any]]:
    """Of each instance the last turn."""
    last: dict[str, dict[str, Any]] = {}
    for line in turns.read_text(encoding="utf-8").splitlines():
        turn = json.loads(line)
        last[turn["context"]["instanceId"]] = turn
    return list(last.values())


if __name__ == "__main__":
    main(sys.argv[1])
