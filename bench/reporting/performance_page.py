"""Writes the newest kept figures into the tables of docs/performance.md: `python -m bench.reporting.performance_page`.

A line `<!-- figures of BENCH -->` stands before the line that names their origin and their table. In a table the head
of a column and the first cell of a row name a figure together: `WAY_` and `figure` are WAY_figure, `_figure` alone in a
head is the end of its name, and under `value` the row has the whole name. Every other cell is left as it is.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.runner import RESULTS, ROOT, number

PAGE = ROOT / "docs" / "performance.md"
MARK = re.compile(r"<!-- figures of (\w+) -->")
NOTHING = "-"
"""What a cell has of a figure that no kept result has."""
Result = dict[str, Any]


def newest(folder: Path = RESULTS) -> dict[str, Result]:
    """The newest kept result of each bench, with the name of its file."""
    found = [{**json.loads(file.read_text("utf-8")), "file": file.name} for file in folder.glob("*.json")]
    return {result["bench"]: result for result in sorted(found, key=lambda result: str(result["date"]))}


def renewed(page: str, results: Mapping[str, Result]) -> str:
    """The page with the figures of these results in the place of those that it has."""
    return "\n".join(_lines(page.split("\n"), results))


def _lines(lines: Sequence[str], results: Mapping[str, Result]) -> Iterator[str]:
    """Behind a mark come the origin, an empty line and the table, which ends with the next empty line."""
    bench, since, heads = "", 0, list[str]()
    for line in lines:
        if found := MARK.fullmatch(line):
            bench, since, heads = found[1], 0, []
        elif bench:
            since += 1
            result = results.get(bench)
            if since == 1:
                line = _origin(result)
            elif line.startswith("|") and not heads:
                heads = _cells(line)
            elif line.startswith("| ") and heads:
                line = _row(heads, line, _values(result))
            elif heads and not line:
                bench = ""
        yield line


def _origin(result: Result | None) -> str:
    if result is None:
        return "No result is kept yet."
    machine = result["machine"]
    of_machine = f"{machine['cores']} cores of {machine['cpu']}, Python {machine['python']}"
    if "load" in machine:
        of_machine += f", load {machine['load']} before"
    file = f"[{result['file']}](../bench/results/{result['file']})"
    return f"From {file}: commit `{result['commit'][:10]}`, {result['date'][:10]}, {of_machine}."


def _values(result: Result | None) -> dict[str, str]:
    return {figure["name"]: number(figure["value"]) for figure in result["figures"]} if result else {}


def _row(heads: Sequence[str], line: str, values: Mapping[str, str]) -> str:
    first, *others = _cells(line)
    cells = [_cell(head, first, cell, values) for head, cell in zip(heads[1:], others, strict=True)]
    return f"| {' | '.join([first, *cells])} |"


def _cell(head: str, first: str, cell: str, values: Mapping[str, str]) -> str:
    """A figure where the row has a name and the head names a way or says `value`; else the cell as it is."""
    if not first.startswith("`") or not (head == "value" or head.startswith("`")):
        return cell
    row, column = first.strip("`"), head.strip("`")
    name = row if head == "value" else f"{column}{row}" if column.endswith("_") else f"{row}{column}"
    return values.get(name, NOTHING)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def main() -> None:
    PAGE.write_text(renewed(PAGE.read_text("utf-8"), newest()), "utf-8")
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} has the newest kept figures\n")


if __name__ == "__main__":
    main()
