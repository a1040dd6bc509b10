"""Whole runs of inputs in which several rows make one document, near each other or far apart."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities import read_input_file
from outlast import models
from outlast.generating import part_builder
from outlast.http.show_rejects import ShowRejects
from outlast.staging import part_windows
from tests.fakes.driver import Instance
from tests.fakes.http import ask
from tests.fakes.reports import HEADER
from tests.fakes.world import World

RULES = ("last", "first", "reject")
ROWS = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 3)), max_size=40)
"""Number of the id, and how many documents the row makes."""


@dataclass(frozen=True)
class Sizes:
    """How an input is divided: bytes of a chunk, of a part and of a window, keys of a shard, lanes."""

    chunk: int = 150
    part: int = 2_000
    window: int = 500
    shard: int = 10
    lanes: int = 3


def run(body: bytes, rule: str, sizes: Sizes, seed: int = 0) -> tuple[World, Instance]:
    world = World(seed=seed)
    fields: dict[str, Any] = {"max_parallel": sizes.lanes, "tolerated_reject_percent": 100, "min_rows": 0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read_input_file, "SMALLEST", sizes.chunk)
        patch.setattr(part_builder, "PART_BYTES", sizes.part)
        patch.setattr(part_windows, "WINDOW", sizes.window)
        patch.setattr(models, "SHARD", sizes.shard)
        return world, asyncio.run(world.run(body, duplicates=rule, **fields))


def rejected(world: World) -> dict[int, str]:
    """The text of each row's reject."""
    shown = ShowRejects(world.runs, world.files, world.clock).show_rejects(ask("runs/r1/rejects", run="r1"))
    lines = asyncio.run(shown).get_body().decode().splitlines()[1:]
    return {int(line.split(",")[0]): line.split('"')[1] for line in lines}


def expected(rows: list[tuple[int, int]], rule: str) -> tuple[dict[str, float], set[int]]:
    """Amount by id, and the rows without a document, as one loop over all rows finds them."""
    made = [(f"s{name}.{copy}", n) for n, (name, copies) in enumerate(rows) for copy in range(copies)]
    counts, winners = Counter(key for key, _ in made), dict[str, int]()
    for key, n in made:
        if rule == "last" or (rule == "first" and key not in winners) or counts[key] == 1:
            winners[key] = n
    left = set(winners.values())
    return {key: float(n) for key, n in winners.items()}, {n for _, n in made if n not in left}


@settings(max_examples=150, deadline=None)
@given(
    ROWS,
    st.sampled_from(RULES),
    st.builds(
        Sizes,
        st.sampled_from([60, 150, 10_000]),
        st.sampled_from([1, 2_000]),
        st.sampled_from([200, 5_000]),
        st.sampled_from([1, 10, 1_000]),
        st.integers(1, 8),
    ),
    st.integers(0, 99),
)
def test_the_result_depends_on_the_file_alone(rows: list[tuple[int, int]], rule: str, sizes: Sizes, seed: int) -> None:
    """Whatever the sizes of chunks, parts, windows and shards, the number of lanes and their order: documents, rejects
    and counts are those of one loop over all rows."""
    body = HEADER + b"".join(b"s%d,x,%d,%d\n" % (name, n, copies) for n, (name, copies) in enumerate(rows))
    world, instance = run(body, rule, sizes, seed)
    documents, without = expected(rows, rule)
    stored = {key: document["amount"] for (_, key), document in world.transport.documents("sales").items()}
    assert (stored, set(rejected(world))) == (documents, {n + 2 for n in without})
    receipt = instance.output
    assert receipt["rows_read"] == len(rows) == receipt["rows_stored"] + receipt["rows_rejected"]
    assert (receipt["rows_rejected"], receipt["documents_written"]) == (len(without), len(documents))


def far_twins() -> bytes:
    """Seven rows that make the document `twin.0`, in chunks far apart; the last one has the amount 6."""
    rows = (b"twin,p,%d,1\n" % (n // 1500) if n % 1500 == 0 else b"r%d,p,%d,1\n" % (n, n) for n in range(9001))
    return HEADER + b"".join(rows)


@pytest.mark.parametrize(
    ("rule", "value", "rejects"),
    [("last", 6, range(2, 9001, 1500)), ("first", 0, range(1502, 9003, 1500)), ("reject", None, range(2, 9003, 1500))],
)
@pytest.mark.parametrize("seed", range(3))
def test_of_seven_distant_rows_the_report_says_which_is_stored(
    rule: str, value: int | None, rejects: range, seed: int
) -> None:
    """With eight lanes, whatever their order, the same row wins every time, and the others are rejects that name it."""
    world, _ = run(far_twins(), rule, Sizes(chunk=2_000, part=10**6, window=10**6, shard=2_000, lanes=8), seed)
    stored = {key: document["amount"] for (_, key), document in world.transport.documents("sales").items()}
    assert stored.get("twin.0") == value
    assert list(rejected(world)) == list(rejects)
    winner = {"last": 9002, "first": 2}.get(rule)
    assert winner is None or all(text.startswith(f"row {winner} has") for text in rejected(world).values())
    assert len(stored) == 8994 + (value is not None)


def test_rows_that_are_not_tolerated_fail_the_run_before_anything_is_stored() -> None:
    """Duplicates are rejects like others: by default none is tolerated."""
    world = World()
    instance = asyncio.run(world.run(HEADER + b"a,x,1,1\nb,x,1,1\na,x,2,1\n"))
    assert instance.status == "Failed"
    assert "1 of 3 rows were rejected and 0 rows are tolerated" in str(instance.output)
    assert world.transport.sent == []
    assert (world.runs.records["r1"].result.failure or {})["step"] == "resolve_keys"
