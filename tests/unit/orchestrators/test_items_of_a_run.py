"""How many requests and dependencies a run makes in Application Insights, counted on the orchestrators."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from orchestrators.compensate_run import compensate_run
from orchestrators.import_report import import_report
from orchestrators.run_lane import run_lane
from orchestrators.run_wave import run_wave
from outlast.calls import ChunkAnswer, RunView, SendAnswer
from outlast.models import Json, Totals
from tests.fakes.driver import Driver, Step

PAGE = Path(__file__).parents[3] / "docs" / "telemetry.md"
LANES = 8
EVENTS = 8
"""Of the run, beside two of each chunk; tests/e2e/test_telemetry.py counts them on the embedded host."""
JANUARY = (10, 2_701)
"""Chunks, and documents of each."""
MORE: dict[str, Json] = {
    "a verification": {"verify": "written"},
    "a mirror report": {"mode": "mirror"},
    "an event of the webhook": {"pending": ["webhook"]},
    "an event and an email": {"pending": ["email", "webhook"]},
}
"""What the record of a run says that makes more than one which is asked for nothing."""


def answering(answer: Any) -> Step:
    async def step(given: Json) -> Any:
        return answer

    return step


def steps(chunks: int, documents: int, view: Json) -> dict[str, Step]:
    """Return activities that have nothing to do, for a run in which each chunk makes so many documents. `view` is what
    its record says beside the number of lanes."""
    generated = ChunkAnswer(None, Totals(rows=documents, documents=documents).to_dict()).to_dict()
    nothing = ChunkAnswer(None, Totals().to_dict()).to_dict()
    answers: dict[str, Json] = {
        "advance_run": RunView(LANES, **view).to_dict(),
        "read_input_file": {"cursor": None, "chunks": chunks},
        "read_data_from_db": {"bytes": 4},
        "generate_report": generated,
        "resolve_keys": nothing,
        "finish_keys": {"cursor": None, "totals": {}},
        "store_data_to_db": nothing,
        "delete_gone": nothing,
        "verify_report": generated,
        "send_email": SendAnswer(sent=True).to_dict(),
        "send_webhook": SendAnswer(sent=True).to_dict(),
        "publish_report": {"cursor": None, "receipt": {}},
    }
    return {name: answering(answer) for name, answer in answers.items()}


def counted(chunks: int, documents: int, **view: Any) -> dict[str, int]:
    """Run the orchestrators, and return what they leave: a request and a dependency each, and the POST."""
    stories = {story.__name__: story for story in (import_report, run_wave, run_lane, compensate_run)}
    driver = Driver(stories, steps(chunks, documents, view))
    ended = asyncio.run(driver.run("import_report", {"attempt": 1, "first_retry_seconds": 5.0}, "r1"))
    assert ended.status == "Completed", ended.output
    spans = len(driver.instances) + len(driver.calls)  # one that continues as new keeps its span
    return {"traces": EVENTS + 2 * chunks, "requests": 1 + spans, "dependencies": spans}


def told(column: int) -> dict[str, int]:
    """Return a column of the page's table."""
    rows = [
        row for row in PAGE.read_text("utf-8").partition("## How many items")[2].splitlines() if row.startswith("| `")
    ]
    cells = [row.split("|") for row in rows]
    return {cell[1].strip(" `"): int(cell[column].replace(",", "")) for cell in cells}


@pytest.mark.parametrize(("column", "chunks", "documents"), [(3, *JANUARY), (4, 10_000, 1_000)])
def test_the_page_says_how_many_items_a_run_makes(column: int, chunks: int, documents: int) -> None:
    """docs/telemetry.md has what the orchestrators do in January's run, and in one of 10,000 chunks and ten million
    documents: a row for each orchestration and each call of an activity."""
    assert told(column) == counted(chunks, documents)


def test_the_page_says_what_makes_more() -> None:
    """docs/telemetry.md has what a verification, the deletions of a mirror and those who are told add to a run."""
    rows = [row.split("|") for row in PAGE.read_text("utf-8").partition("| with | traces more")[2].splitlines()[2:6]]
    usual = counted(*JANUARY)["requests"]
    more = {name: counted(*JANUARY, **view)["requests"] - usual for name, view in MORE.items()}
    assert {row[1].strip(): int(row[3]) for row in rows} == more
