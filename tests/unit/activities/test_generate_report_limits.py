import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from activities.generate_report import GenerateReport
from outlast.errors import Permanent
from outlast.generating import part_builder, part_contents, part_limits, row_generator, row_slicer
from outlast.generating.part_filler import PartFiller
from outlast.report import Document
from outlast.runs.fence import Gate
from tests.fakes.reports import HEADER, Sales, make_csv
from tests.fakes.world import call_until_done
from tests.unit.activities.generating import GIVEN, generate, generate_all, prepare, staged


@pytest.mark.parametrize(
    ("limits", "rows", "over"),
    [
        ({}, 10, True),
        ({"tolerated_rejects": 5}, 15, True),
        ({"tolerated_rejects": 5, "tolerated_reject_percent": 100.0}, 15, True),
        ({"tolerated_rejects": 40}, 40, False),
        ({"tolerated_reject_percent": 0.0}, 10, True),
        ({"tolerated_reject_percent": 50.0}, 40, False),
    ],
)
def test_generating_stops_when_more_rows_are_refused_than_tolerated(
    monkeypatch: pytest.MonkeyPatch, limits: dict[str, Any], rows: int, over: bool
) -> None:
    """A part ends some rejects after those that are tolerated, and its answer says that they are too many."""
    monkeypatch.setattr(part_limits, "MORE_REJECTS", 10)
    world = prepare(make_csv(40, bad=range(40)), **limits)
    answer = generate(world)
    assert (answer["totals"]["rows"], answer["too_many_rejects"]) == (rows, over)
    assert len(staged(world)[1]) == rows
    assert generate(world) == answer


def test_a_reject_more_than_tolerated_is_enough() -> None:
    """All rejects of a small chunk are listed, and the answer says that they are too many."""
    world = prepare(make_csv(12, bad=[1, 5, 9]), tolerated_rejects=2)
    answer = generate(world)
    assert (answer["totals"]["rejected"], answer["cursor"], answer["too_many_rejects"]) == (3, None, True)
    assert not generate(prepare(make_csv(12, bad=[1, 5]), tolerated_rejects=2))["too_many_rejects"]


def test_rejects_beyond_a_number_are_only_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The list ends with a line that counts the others, and the totals have all of them."""
    monkeypatch.setattr(part_contents, "MOST_LISTED", 3)
    world = prepare(make_csv(10, bad=range(8)), tolerated_reject_percent=100.0)
    assert generate(world)["totals"]["rejected"] == 8
    rejects = staged(world)[1]
    assert [(reject.row, reject.code) for reject in rejects[-2:]] == [(4, "float_parsing"), (5, "not_listed")]
    assert rejects[-1].message == "this row and 4 others after it were rejected and are not listed"


def test_rejects_that_are_only_counted_take_little_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a reject that is not listed only the row is kept, so many of them fit into one part."""
    monkeypatch.setattr(part_contents, "MOST_LISTED", 3)
    monkeypatch.setattr(part_builder, "PART_BYTES", 8000)
    body = make_csv(30, bad=range(30))
    parts = []
    for listed in (30, 3):
        monkeypatch.setattr(row_slicer, "MOST_LISTED", listed)
        world = prepare(body, tolerated_reject_percent=100.0)
        generate_all(world)
        parts.append(staged(world)[2])
    assert parts == [2, 1]


@pytest.mark.parametrize("part_bytes", [1, 16 * 1024 * 1024])
def test_a_chunk_may_make_documents_in_proportion_to_its_size(monkeypatch: pytest.MonkeyPatch, part_bytes: int) -> None:
    """A chunk that makes more fails the run with a text that says so, in however many parts."""
    monkeypatch.setattr(part_builder, "PART_BYTES", part_bytes)
    monkeypatch.setattr(part_limits, "LEAST_STAGED", 1000)
    monkeypatch.setattr(part_limits, "STAGED_RATIO", 5)
    body = HEADER + b"".join(b"s%d,x,1,%d\n" % (n, 30) for n in range(4))
    with pytest.raises(Permanent, match="a chunk of the input made more than 1,000 bytes of documents"):
        generate_all(prepare(body))
    generate_all(prepare(make_csv(4)))


def test_a_run_may_make_so_many_bytes_of_documents() -> None:
    """What the waves before made counts, and the text names the setting."""
    world = prepare(make_csv(40))
    world.runs.set("r1", totals={"bytes": 10_000})
    gate = Gate(world.runs, world.deadlines)
    filler = PartFiller(world.stopped)
    step = GenerateReport(world.reports, gate, world.files, world.compute, filler, max_staged=10_100).generate_report
    with pytest.raises(Permanent, match=r"made more than 10,100 bytes of documents \(MAX_STAGED_BYTES\)"):
        asyncio.run(call_until_done(step, GIVEN))


def test_a_row_may_make_so_many_bytes_of_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row whose documents never end is a reject."""

    class Endless(Sales):
        def generate_report(self, row: Any, reference: Any) -> Iterable[Document]:
            count = 0
            while True:
                count += 1
                yield {"id": f"{row.id}.{count}", "shop": row.shop}

    monkeypatch.setattr(row_generator, "MOST_BYTES", 1000)
    world = prepare(make_csv(1), Endless())
    generate(world)
    lines, [reject], _ = staged(world)
    assert (lines, reject.code) == ([], "too_large")
    assert reject.message == "the row makes more than 1,000 bytes of documents"
