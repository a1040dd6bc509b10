"""Records orchestrations of the current code: `python -m tests.histories.record NAME`.

It keeps the last turn of each instance of each story, whose history contains all others.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.json_calls import bypass_proxies
from local.stack.ports import Ports
from local.stack.provision import load_samples
from local.stack.services import Services
from local.stack.settings import APP, sample_values
from tests.e2e.stack import Stack
from tests.histories.stories import STORIES

FOLDER = Path(__file__).parent
SETTINGS = {
    "FIRST_RETRY_SECONDS": "5",  # as in Azure: the interval stands in the recorded actions
    "AzureFunctionsJobHost__functionTimeout": "00:00:05",
    "SNAPSHOT_GRACE_SECONDS": "0",
    "MAX_RUNS": "2",
}


def main(name: str) -> None:
    bypass_proxies()
    with TemporaryDirectory() as folder:
        turns, data = Path(folder) / "turns.jsonl", Path(folder) / "data"
        settings = {**sample_values(APP), **SETTINGS, "RECORD_TURNS_TO": str(turns)}
        with Services(FOLDER / "recording_app", data, Ports(), settings) as services:
            with services.open_database() as database:
                load_samples(database, APP / "samples" / "database")
            told = {story(Stack(services, data)): story.__name__ for story in STORIES}
        last = last_turns(turns, told)
    (FOLDER / f"{name}.jsonl").write_text("".join(json.dumps(turn) + "\n" for turn in last), encoding="utf-8")


def last_turns(turns: Path, told: dict[str, str]) -> list[dict[str, Any]]:
    """Return the last turn of each instance with its story's name. Runs that only help a story are left out."""
    last: dict[str, dict[str, Any]] = {}
    for line in turns.read_text(encoding="utf-8").splitlines():
        turn = json.loads(line)
        instance = turn["context"]["instanceId"]
        if story := told.get(instance.partition(":")[0]):
            last[instance] = {"story": story, **turn}
    return list(last.values())


if __name__ == "__main__":
    main(sys.argv[1])
