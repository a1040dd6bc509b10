import json
from pathlib import Path
from typing import Any

from bench.reporting.performance_page import MARK, PAGE, newest, renewed

FIGURES = {"loop_turns": 2, "ours_turns": 12_345.6, "ours_rows_4k": 0.1234, "ratio": 3}
RESULT: dict[str, Any] = {
    "bench": "cost",
    "date": "2026-11-27T03:00:00+00:00",
    "commit": "0123456789abcdef",
    "machine": {"cpu": "a CPU", "cores": 2, "python": "3.11.7"},
    "figures": [{"name": name, "value": value} for name, value in FIGURES.items()],
    "file": "cost-1.json",
}
BEFORE = """# Speed

<!-- figures of cost -->
old

| figure | `loop_` | `ours_` | remark |
|---|---|---|---|
| `turns` | 9 | 9 | of orchestrators |

Text | with | bars.

<!-- figures of cost -->
old

| figure | value | `_rows_4k` |
|---|---|---|
| `ratio` | | |
| `ours` | | |
"""
AFTER = """# Speed

<!-- figures of cost -->
From [cost-1.json](../bench/results/cost-1.json): commit `0123456789`, 2026-11-27, 2 cores of a CPU, Python 3.11.7.

| figure | `loop_` | `ours_` | remark |
|---|---|---|---|
| `turns` | 2 | 12,346 | of orchestrators |

Text | with | bars.

<!-- figures of cost -->
From [cost-1.json](../bench/results/cost-1.json): commit `0123456789`, 2026-11-27, 2 cores of a CPU, Python 3.11.7.

| figure | value | `_rows_4k` |
|---|---|---|
| `ratio` | 3 | - |
| `ours` | - | 0.123 |
"""


def test_a_table_gets_the_figures_that_its_heads_and_rows_name() -> None:
    """A name is put together from the head and the row, and nothing else of the page is changed."""
    assert renewed(BEFORE, {"cost": RESULT}) == AFTER
    assert renewed(AFTER, {"cost": RESULT}) == AFTER


def test_the_origin_says_how_busy_the_machine_was() -> None:
    """A result that knows the load before the bench shows it."""
    busy = {**RESULT, "machine": {**RESULT["machine"], "load": 12.5}}
    assert "Python 3.11.7, load 12.5 before." in renewed(BEFORE, {"cost": busy})


def test_without_a_result_there_is_no_figure() -> None:
    """A figure of which no result is kept is taken out of the page."""
    page = renewed(AFTER, {})
    assert "No result is kept yet." in page
    assert "12,346" not in page


def test_the_newest_result_of_each_bench_counts(tmp_path: Path) -> None:
    """Of several results of one bench the newest is taken."""
    for name, date in (("a", "2026-01-02"), ("b", "2026-01-03"), ("c", "2026-01-01")):
        (tmp_path / f"{name}.json").write_text(json.dumps({**RESULT, "date": date}))
    assert newest(tmp_path)["cost"]["file"] == "b.json"


def test_the_page_has_the_newest_kept_figures() -> None:
    """Each figure of docs/performance.md is that of the newest file in bench/results; the module writes them."""
    page = PAGE.read_text("utf-8")
    assert len(MARK.findall(page)) >= 4
    assert renewed(page, newest()) == page
