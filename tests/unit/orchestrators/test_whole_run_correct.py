"""Runs of every kind of input and report whose rejected rows are corrected."""

import asyncio
import gzip
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from activities import read_input_file
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import Result, Target
from outlast.http.approve_run import ApproveRun
from outlast.http.problem import answering
from outlast.inputs import Reading
from outlast.models import Json
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.staging.stored import Stored
from outlast.wanted import wanted_of
from tests.fakes.correcting import Fix, go_on, post, rejects_of, sent_back
from tests.fakes.grouped_reports import Totals
from tests.fakes.http import FakeClient, ask, read
from tests.fakes.reports import ALL_REPORTS, Sale, make_csv
from tests.fakes.transport import FakeTransport
from tests.fakes.workbooks import make_xlsx
from tests.fakes.world import World

ROWS: list[dict[str, Any]] = [
    {"id": f"s{n:03}", "shop": "raise" if n in (7, 50) else "sh,op", "amount": n / 2, "copies": 1} for n in range(60)
]
TABLE = [list(ROWS[0]), *(list(row.values()) for row in ROWS)]
TEXT = "\n".join(";".join(str(cell) for cell in row) for row in TABLE)
WIDTHS = [(name, 10 * at, 10 * at + 10) for at, name in enumerate(ROWS[0])]
ALL = sorted((f"{row['id']}.0", row["amount"]) for row in ROWS)


def in_parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file, row_group_size=20)
    return file.getvalue()


INPUTS: Mapping[str, tuple[bytes, dict[str, Any]]] = {
    "csv": (TEXT.encode(), {"format": "csv"}),
    "decimal commas": (TEXT.replace(".", ",").encode(), {"format": "csv", "decimal": ","}),
    "utf-16": (gzip.compress(TEXT.encode("utf-16")), {"format": "csv", "compression": "gzip", "encoding": "utf-16"}),
    "lines": (b"\n".join(map(orjson.dumps, ROWS)), {"format": "jsonl"}),
    "array": (json.dumps(ROWS).encode(), {"format": "json", "path": "$"}),
    "parquet": (in_parquet(), {"format": "parquet"}),
    "xlsx": (make_xlsx({"Sales": TABLE}), {"format": "excel"}),
    "fixed": (
        "\n".join("".join(str(cell).ljust(10) for cell in row) for row in TABLE).encode(),
        {"format": "fixed", "header_line": 1, "widths": WIDTHS},
    ),
}


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 300)


def to_a_shop(line: dict[str, str]) -> dict[str, str]:
    """The line of a reject with a shop that does not raise, in whatever column the row is."""
    return {name: text.replace("raise", "sh,op") for name, text in line.items()}


def correct(world: World, fix: Fix = to_a_shop) -> tuple[int, Json]:
    lines = asyncio.run(rejects_of(world))
    response = asyncio.run(post(world, FakeClient(), sent_back(lines, fix)))
    return response.status_code, read(response)


def stored(world: World, container: str = "sales") -> list[tuple[str, float]]:
    return sorted((key[1], one["amount"]) for key, one in world.transport.documents(container).items())


@pytest.mark.parametrize("name", INPUTS)
def test_rows_of_every_format_are_corrected(name: str) -> None:
    """The corrected rows of every format make the documents that they would have made in the input."""
    world, (body, reading) = World(), INPUTS[name]
    said = Reading.from_dict(reading)
    fields: dict[str, Any] = {"format": said.format, "wanted": wanted_of(Sale).to_dict(), "reading": said.said()}
    asyncio.run(world.run(body, tolerated_rejects=2, **fields))
    assert correct(world)[0] == 202
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_read"], receipt["rows_stored"], receipt["rows_rejected"]) == (60, 60, 0)
    assert stored(world) == ALL


def test_rows_of_several_files_are_corrected() -> None:
    """The numbers of the rows go on from file to file; a corrected row has the columns of the first file."""
    world = World()

    async def run() -> None:
        await world.inputs.put("a.csv", b"id,shop,amount\na1,x,1\na2,raise,2\n")
        await world.inputs.put("b.csv", b"shop,amount,id\nx,3,b1\nraise,4,b2\nx,5,b3\n")
        body = orjson.dumps([[path, await world.inputs.etag(path)] for path in ("a.csv", "b.csv")])
        await world.run(body, several=True, wanted=wanted_of(Sale).to_dict(), tolerated_rejects=2)

    asyncio.run(run())
    lines = asyncio.run(rejects_of(world))
    assert correct(world)[0] == 202
    receipt = asyncio.run(go_on(world)).output
    assert [line["id"] for line in lines] == ["a2", "b2"]
    assert (receipt["rows_read"], receipt["rows_stored"]) == (5, 5)
    assert stored(world) == [("a1.0", 1), ("a2.0", 2), ("b1.0", 3), ("b2.0", 4), ("b3.0", 5)]


@pytest.mark.parametrize(("report", "why"), [("totals", "added into groups"), ("shelf", "writes only what differs")])
def test_a_run_that_cannot_be_corrected_says_what_to_do(report: str, why: str) -> None:
    """Corrections of a grouped or a mirror report are refused with the reason and what to do instead."""
    world = World(reports={**ALL_REPORTS, "totals": Totals()})
    kind = world.reports[report]
    fields: dict[str, Any] = {"report": report, "mode": kind.mode, "grouped": kind.grouped}
    asyncio.run(world.run(make_csv(9, bad=(3,)), tolerated_rejects=1, **fields))
    status, problem = correct(world)
    assert (status, problem["field"]) == (409, "run")
    assert why in problem["detail"]
    assert "start" in problem["detail"]


def test_a_created_row_of_which_a_part_was_stored_is_corrected() -> None:
    """The documents that the run has created itself are no rejects when their row is generated again."""
    world = World(reports=ALL_REPORTS)
    world.transport.poison = {"a.1": 400}
    asyncio.run(
        world.run(b"id,shop,amount,copies\na,x,1,3\nb,x,1,1\n", report="new_sales", mode="create", tolerated_rejects=1)
    )
    world.transport.poison = {}
    assert correct(world)[0] == 202
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_rejected"]) == (2, 0)
    assert [name for name, _ in stored(world, "new_sales")] == ["a.0", "a.1", "a.2", "b.0"]


@dataclass(slots=True)
class Halved(FakeTransport):
    """Throttles one shop for a while and refuses it then for good, until it is mended."""

    gone: bytes | None = b'"shop0"'
    throttled: int = 3

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        if documents[0].partition_key != self.gone:
            return await FakeTransport.send(self, container, target, documents)
        self.throttled -= 1
        return [Result(429, 3200, retry_after=50.0) if self.throttled > 0 else Result(401)] * len(documents)


def test_a_chunk_that_is_stored_in_part_begins_anew_when_its_rows_are_corrected() -> None:
    """What was acknowledged is numbered without the documents that are left out, and a correction leaves out more."""
    transport = Halved()
    world = World(transport=transport)
    lines = (b"s%02d,shop%d,%b,2\n" % (n, n % 3, b"?" if n == 3 else b"1") for n in range(12))
    asyncio.run(world.run(b"id,shop,amount,copies\n" + b"".join(lines), tolerated_rejects=1))
    cursor = asyncio.run(Stored(world.staging, "r1", 0).find_cursor()) or {}
    assert (world.runs.records["r1"].status.state, bool(cursor["ahead"])) == ("failed", True)
    transport.gone = None
    assert correct(world, lambda line: {**line, "id": "s01", "shop": "shop1", "amount": "7"})[0] == 202
    receipt = asyncio.run(go_on(world)).output
    assert (receipt["rows_stored"], receipt["rows_duplicate"], receipt["documents_written"]) == (11, 1, 22)
    amounts = {n: 7.0 if n == 1 else 1.0 for n in range(12) if n != 3}
    assert stored(world) == [(f"s{n:02}.{copy}", amount) for n, amount in amounts.items() for copy in (0, 1)]


def approved(record: RunRecord) -> Any:
    return (record.status.approved or {}).get("documents_sha256")


def test_the_correction_of_a_planned_run_is_planned_and_approved_again() -> None:
    """Who approved a plan did not approve the corrected rows: the run plans anew with them, and waits."""
    world, waits = World(), list[str]()
    approve = answering(ApproveRun(world.runs, Launcher(5.0), world.clock.now).approve_run)

    class Client(FakeClient):
        async def raise_event(self, instance_id: str, event_name: str, *_: Any, **__: Any) -> None:
            await world.driver.raise_event(instance_id, event_name, None)

    async def decide(instance_id: str) -> None:
        record = world.runs.records["r1"]
        if record.status.state == "planned":
            waits.append(record.status.planned["documents_sha256"] if record.status.planned else "")
            await approve(ask("approve", run="r1"), Client())

    world.driver.waiting = decide
    first = asyncio.run(world.run(make_csv(40, bad=(7,)), plan=True, tolerated_rejects=1)).output
    assert correct(world, lambda line: {**line, "amount": "5"})[0] == 202
    second = asyncio.run(go_on(world)).output
    assert (first["rows_stored"], second["rows_stored"]) == (39, 40)
    assert waits == [first["documents_sha256"], second["documents_sha256"]]
    assert approved(world.runs.records["r1"]) == second["documents_sha256"]
