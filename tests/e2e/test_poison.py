"""Rows made to break the code that reads, checks, encodes or stores them."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, copy_app, running

REPORT = Path(__file__).parent / "reports" / "crates.py"
MOST_MEMORY = 300
"""The most MB that a worker or its child may hold."""
MB = 1024 * 1024
RUN = "r" * 32
MANY = 600_000
"""About as many members as fit into a row that is not too long."""

Poison = list[tuple[bytes | str, str | None]]
"""Lines, each with the code of its reject, or None for a good line."""


def crate(id: object, **members: object) -> str:
    return json.dumps({"id": id, "shelf": "a", **members})


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def largest() -> str:
    """A row whose document has exactly the size limit of the service."""
    document = {"id": f"largest:{RUN}", "shelf": "a", "content": "", "snapshot_run": RUN, "snapshot_id": "largest"}
    return crate("largest", content="x" * (2 * MB - len(json.dumps(document, separators=(",", ":")))))


def json_lines() -> Poison:
    return [
        (crate("first"), None),
        (crate("over", content="x" * (3 * MB)), "too_large"),
        (crate("over", content=["x" * MB] * 2), "too_large"),
        (largest(), None),
        (crate("a/b"), "id"),
        (crate(7), "id"),
        (crate(None), "id"),
        (crate("i" * 1024), "id"),
        (crate("key", shelf={"a": 1}), "partition_key"),
        (crate("key", shelf=[1]), "partition_key"),
        (crate("key", shelf="k" * 2049), "partition_key"),
        ('{"id": "nan", "shelf": "a", "content": NaN}', "json"),
        (crate("nan", written='{"n": NaN}'), "json"),
        (crate("infinite", written='{"n": [1e999]}'), "json"),
        (crate("second"), None),
        (f'{{"id": "deep", "shelf": "a", "content": {nested(200)}}}', "nesting"),
        (f'{{"id": "deep", "shelf": "a", "content": {nested(100_000)}}}', "json"),
        (crate("deep", written=f'{{"n": {nested(200)}}}'), "nesting"),
        (crate("deep", written=f'{{"n": {nested(100_000)}}}'), "error"),
        ('{"id": "lone", "shelf": "a", "content": "\\ud800"}', "json"),
        (crate("lone", written='{"n": "\\udfff"}'), "json"),
        (crate("lone", written='{"\\udfff": 1}'), "json"),
        (crate("lone", written='{"id": "\\udfff"}'), "json"),
        (crate("lone", written='{"shelf": "\\udfff"}'), "json"),
        (crate("field", content="x" * (7 * MB)), "too_large"),
        (crate("field", content="x" * (10 * MB)), "too_long"),
        (crate("third"), None),
        (crate("columns", **{f"{n:x}": 0 for n in range(1_000_000)}), "too_long"),
        (crate("columns", **{f"{n:x}": 0 for n in range(MANY)}), None),
        (crate("members", content={f"{n:x}": 0 for n in range(MANY)}), "too_large"),
        (b'{"id": "bytes", "shelf": "\xff"}', "encoding"),
        ("[1, 2]", "json"),
        (crate("last"), None),
    ]


def csv_lines() -> Poison:
    return [
        ("first,a,,", None),
        (f"over,a,,{'x' * (3 * MB)}", "too_large"),
        ("a/b,a,,", "id"),
        (",a,,", "id"),
        (f"{'i' * 1024},a,,", "id"),
        (f"key,{'k' * 2049},,", "partition_key"),
        ('key,a,"{""shelf"": {}}",', "partition_key"),
        ('nan,a,"{""n"": NaN}",', "json"),
        ("second,,,", None),
        (f'deep,a,"{{""n"": {nested(200)}}}",', "nesting"),
        (f'deep,a,"{{""n"": {nested(100_000)}}}",', "error"),
        ('lone,a,"{""n"": ""\\ud800""}",', "json"),
        (f"field,a,,{'x' * (7 * MB)}", "too_large"),
        (f'field,a,,"{"x" * (7 * MB)}"', "too_large"),
        (f"field,a,,{'x' * (10 * MB)}", "too_long"),
        (f'field,a,,"{"x" * (10 * MB)}"', "too_long"),
        ("third,a,,", None),
        ("columns" + ",x" * 1_000_000, "field_count"),
        (b"bytes,a,,\xff", "encoding"),
        ('quote,a,,"open', "quoting"),
        ("last,a,,", None),
    ]


GOOD = {"first", "second", "third", "last"}
FILES = {
    "poison.jsonl": (1, b"", json_lines, {*GOOD, "largest", "columns"}),
    "poison.csv": (2, b"id,shelf,written,content\n", csv_lines, GOOD),
}
"""The number of the first row, the header, what makes the lines, and the ids of the good ones."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    app = copy_app(tmp_path_factory.mktemp("app"), REPORT)
    for name, (_, header, poison, _) in FILES.items():
        lines = [line if isinstance(line, bytes) else line.encode() for line, _ in poison()]
        (app / "samples" / name).write_bytes(header + b"\n".join(lines))
    with running(tmp_path_factory.mktemp("stack"), app=app) as stack:
        yield stack


@pytest.mark.parametrize("name", FILES)
def test_poison_costs_itself_alone(stack: Stack, name: str) -> None:
    """Every good row is stored, every bad row is listed under its number, and the worker's memory stays under 300
    MB."""
    first, _, make, good = FILES[name]
    codes = [code for _, code in make()]
    run = stack.start_with("crates", name, tolerated_reject_percent=99)
    receipt = stack.wait(run)["output"]
    assert (receipt["rows_read"], receipt["rows_stored"]) == (len(codes), len(good))
    assert {document["snapshot_id"] for document in stack.current("crates")} == good
    listed = [(int(row), code) for row, _, code, *_ in csv.reader(stack.rejects(run)[1:])]
    assert listed == [(number, code) for number, code in enumerate(codes, first) if code]
    assert most_memory(stack) < MOST_MEMORY


def children_of(pid: int) -> list[int]:
    """The process ids of a process's children, whichever of its threads has started them."""
    found = [path.read_text("ascii").split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(child) for children in found for child in children]


def most_memory(stack: Stack) -> float:
    """Return the largest amount of memory that any worker or child of one has held, in MB."""
    processes = [pid for worker in stack.workers() for pid in (worker, *children_of(worker))]
    lines = [line for pid in processes for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines()]
    return max(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
