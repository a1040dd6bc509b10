"""Records how the command shows a run that it watches, as text in docs/command.md: `make recording`.

The run is a real one, on a container with few request units, so that it lasts. What the app answered each second is
kept beside the test of the view, which draws it again: so the page shows what the command draws now.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from outlast_cli.pace import Pace
from outlast_cli.runs import Run
from outlast_cli.views.live import picture

if TYPE_CHECKING:
    from tests.e2e.stack import Stack

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "command.md"
SAMPLE = ROOT / "samples" / "flights-2013-01.csv.gz"
LOOKS = ROOT / "tests" / "unit" / "outlast_cli" / "views" / "recorded_looks.jsonl"
BEGIN, END = "<!-- recording: made by `make recording` -->\n", "<!-- end of the recording -->\n"
WIDTH = 88
FEW = 10_000
"""RU/s of the container: storing is throttled."""
EVERY_SECONDS = 1.0
OF_STATUS = ("phase", "chunks_done", "chunks", "totals", "wave", "lanes")
OF_RUN = ("id", "report", "state", "attempt")


def main() -> None:
    from tests.e2e.stack import running  # the test of the page needs no stack

    with tempfile.TemporaryDirectory() as data, running(Path(data)) as stack:
        lines = [json.dumps(look) for look in watched(stack)]
    LOOKS.write_text("\n".join(lines) + "\n", "utf-8")
    page = PAGE.read_text("utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    PAGE.write_text(before + recording(read_looks()) + after, "utf-8")
    sys.stdout.write(f"{len(lines)} looks\n")


def watched(stack: "Stack") -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield the seconds and what the app shows of a run, until it has ended."""
    stack.make_container_anew("flight-delays", "/carrier", FEW)
    run, begun = stack.start("flight_delays", SAMPLE.read_bytes()), time.monotonic()
    while True:
        found = reduced(stack.request("GET", f"/api/runs/{run}")[1])
        yield round(time.monotonic() - begun, 2), found
        if Run.of(found).has_ended:
            return
        time.sleep(EVERY_SECONDS)


def reduced(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What the view reads of an answer."""
    status = (shown.get("status") or {}).get("customStatus") or {}
    lanes = [
        {"runtimeStatus": lane["runtimeStatus"], "customStatus": _counts(lane.get("customStatus") or {})}
        for lane in shown.get("lanes") or []
    ]
    kept = {name: status[name] for name in OF_STATUS if name in status}
    return {
        "run": {name: shown["run"][name] for name in OF_RUN},
        "status": {"customStatus": {**kept, "totals": _counts(kept.get("totals") or {})}},
        "lanes": lanes,
    }


def _counts(totals: Mapping[str, Any]) -> dict[str, float]:
    return {name: value for name, value in totals.items() if isinstance(value, int | float) and value}


def read_looks() -> list[tuple[float, Run]]:
    looks = map(json.loads, LOOKS.read_text("utf-8").splitlines())
    return [(seconds, Run.of(shown)) for seconds, shown in looks]


def recording(looks: Sequence[tuple[float, Run]]) -> str:
    """Return the part of the page: the picture while rows are made, while documents are stored, and at the end."""
    pictures = "\n\n".join(drawn(looks[: at + 1]) for at in chosen([run for _, run in looks]))
    return f"{BEGIN}\n```text\n$ outlast run flight_delays {SAMPLE.relative_to(ROOT)}\n\n{pictures}\n```\n\n{END}"


def chosen(runs: Sequence[Run]) -> Iterator[int]:
    """Yield a look in the middle of generating, one in the middle of storing, and the last of all."""
    for phase, unit in (("generating", "rows"), ("storing", "documents")):
        counting = [at for at, run in enumerate(runs) if run.phase == phase and run.counts[unit]]
        yield counting[len(counting) // 2]
    yield len(runs) - 1


def drawn(looks: Sequence[tuple[float, Run]]) -> str:
    """Return the picture after these looks, on a terminal of WIDTH columns without colours."""
    pace = Pace()
    for seconds, run in looks:
        pace.add(run, seconds)
    out = StringIO()
    seconds, run = looks[-1]
    Console(file=out, width=WIDTH, color_system=None, force_terminal=False).print(
        picture(run, pace, seconds - looks[0][0], "utf-8")
    )
    return "\n".join(line.rstrip() for line in out.getvalue().rstrip().splitlines())


if __name__ == "__main__":
    main()
