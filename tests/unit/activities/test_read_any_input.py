"""Inputs that are copied before they are cut: read whole, in several calls, and refused before the first row."""

import asyncio
import bz2
import gzip
import io
import json
import lzma
import random
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from activities import read_input_file
from outlast.inputs import Reading, detect_format
from outlast.inputs.detect import LOOK_AT
from outlast.staging import copying, inflated
from outlast.wanted import wanted_of
from tests.fakes.reports import Sale
from tests.fakes.workbooks import make_ods, make_xlsx
from tests.fakes.world import World

ROWS: list[dict[str, Any]] = [
    {"id": f"s{n:03}", "shop": f"schöp{n % 3}", "amount": n / 2, "copies": 1} for n in range(400)
]
TABLE = [list(ROWS[0]), *(list(row.values()) for row in ROWS)]
TEXT = "\n".join(",".join(str(cell) for cell in row) for row in TABLE)

JSON_LINES = "\n".join(json.dumps(row) for row in ROWS)

UTF_16 = gzip.compress(TEXT.encode("utf-16"))


def zipped(data: bytes, **before: bytes) -> bytes:
    """An archive of other files and then this one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, other in {**before, "sales.csv": data}.items():
            archive.writestr(name, other)
    return file.getvalue()


def in_parquet() -> bytes:
    """The rows as Parquet with several row groups."""
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file, row_group_size=150)
    return file.getvalue()


INPUTS: Mapping[str, tuple[bytes, dict[str, Any]]] = {
    "plain": (TEXT.encode(), {"format": "csv"}),
    "gzip": (gzip.compress(TEXT.encode()), {"format": "csv", "compression": "gzip"}),
    "zstd": (zstandard.compress(TEXT.encode()), {"format": "csv", "compression": "zstd"}),
    "bzip2": (bz2.compress(TEXT.encode()), {"format": "csv", "compression": "bzip2"}),
    "xz": (lzma.compress(TEXT.encode()), {"format": "csv", "compression": "xz"}),
    "zip": (zipped(TEXT.encode()), {"format": "csv", "compression": "zip"}),
    "cp1252": (TEXT.encode("cp1252"), {"format": "csv", "encoding": "cp1252"}),
    "utf-16, gzip": (UTF_16, {"format": "csv", "compression": "gzip", "encoding": "utf-16"}),
    "semicolons": (TEXT.replace(",", ";").replace(".", ",").encode(), {"format": "csv", "decimal": ","}),
    "array": (json.dumps(ROWS, indent=1).encode(), {"format": "json", "path": "$"}),
    "envelope in zip": (
        zipped(json.dumps({"value": ROWS}).encode()),
        {"format": "json", "path": "$.value", "compression": "zip"},
    ),
    "parquet": (in_parquet(), {"format": "parquet"}),
    "xlsx": (make_xlsx({"Cover": [["x"]], "Sales": TABLE}), {"format": "excel"}),
    "ods": (make_ods({"Sales": TABLE}), {"format": "excel"}),
    "fixed": (
        "\n".join("".join(str(cell).ljust(10) for cell in row) for row in TABLE).encode(),
        {
            "format": "fixed",
            "header_line": 1,
            "widths": [(name, 10 * at, 10 * at + 10) for at, name in enumerate(ROWS[0])],
        },
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes chunks of a few rows, and copies of many pieces."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 1000)
    monkeypatch.setattr(inflated, "PIECE", 2000)
    monkeypatch.setattr(copying, "PIECE", 700)
    monkeypatch.setattr(copying, "BATCH", 1500)


def run(name: str, world: World | None = None, **more: Any) -> tuple[World, Any]:
    """Run the report over that input, and return the world and how it ended."""
    world = world or World()
    body, reading = INPUTS[name]
    said = Reading.from_dict(reading)
    fields: dict[str, Any] = {"format": said.format, "wanted": wanted_of(Sale).to_dict()}
    fields["reading"] = {**said.said(), **more}
    return world, asyncio.run(world.run(body, **fields))


def stored(world: World) -> list[tuple[str, str, float]]:
    """Id, shop and amount of each document."""
    return sorted((key, one["shop"], one["amount"]) for (_, key), one in world.transport.documents("sales").items())


WANTED = sorted((f"{row['id']}.0", row["shop"], row["amount"]) for row in ROWS)


@pytest.mark.parametrize("name", INPUTS)
def test_every_input_gives_the_same_documents(name: str) -> None:
    """The rows of every format, encoding and compression are those of the plain file."""
    world, ended = run(name)
    assert ended.status == "Completed", ended.output
    assert (stored(world), ended.output["rows_read"]) == (WANTED, len(ROWS))
    assert ended.output["reading"]["format"] == INPUTS[name][1]["format"]


@pytest.mark.parametrize(
    ("text", "encoding", "form"),
    [(TEXT, "utf-16", "csv"), (json.dumps(ROWS), "utf-8-sig", "json"), (JSON_LINES, "utf-8", "jsonl")],
)
def test_a_file_that_lies_far_in_an_archive_is_read_as_what_it_is(text: str, encoding: str, form: str) -> None:
    """Format and encoding are those of the member, which the start has not seen behind a large file."""
    body = zipped(text.encode(encoding), picture=random.Random(1).randbytes(200_000))
    reading = detect_format(None, "day.zip", body[:LOOK_AT], said=Reading(member="sales.csv")).reading
    world = World()
    ended = asyncio.run(world.run(body, wanted=wanted_of(Sale).to_dict(), reading=reading.said()))
    assert ended.status == "Completed", ended.output
    assert (stored(world), ended.output["reading"]["format"]) == (WANTED, form)


@pytest.mark.parametrize("name", sorted(INPUTS.keys() - {"plain", "semicolons"}))
def test_a_copy_is_made_in_several_calls(name: str) -> None:
    """A call that reaches its deadline leaves the rest to the next one, which stages no piece again."""
    world, pieces = World(timeout=20.0), list[str]()
    put = world.staging.put

    async def slow(path: str, data: bytes) -> None:
        if "/inflated/" in path:
            pieces.append(path)
            world.clock.advance(13.0)
        await put(path, data)

    object.__setattr__(world.staging, "put", slow)
    _, ended = run(name, world)
    assert (ended.status, stored(world)) == ("Completed", WANTED)
    assert len(pieces) == len(set(pieces)) > 1


@pytest.mark.parametrize(
    ("name", "more", "says"),
    [
        (
            "semicolons",
            {"delimiter": ","},
            "The header lacks the column id, shop, amount, which the report needs. Read with",
        ),
        ("envelope in zip", {"path": "$.rows"}, "There is no 'rows' on the path $.rows"),
        ("zip", {"member": "b.csv"}, "The zip archive has no file 'b.csv'"),
        ("xlsx", {"sheet": "Cover"}, "No sheet has id, shop, amount"),
        ("fixed", {"widths": [("id", 0, 10)]}, "The columns lack shop, amount"),
    ],
)
def test_a_wrong_reading_fails_before_the_first_row(name: str, more: dict[str, Any], says: str) -> None:
    """The run fails while it reads, with what was found."""
    world, ended = run(name, **more)
    assert ended.status == "Failed"
    assert says in ended.output
    assert stored(world) == []


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress, bz2.compress, lzma.compress])
def test_a_copy_has_a_limit(compress: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that inflates beyond the limit fails the run."""
    monkeypatch.setattr("outlast.staging.input.MAX_INFLATED", 1000)
    name = {gzip.compress: "gzip", zstandard.compress: "zstd", bz2.compress: "bzip2", lzma.compress: "xz"}[compress]
    _, ended = run(name)
    assert ended.status == "Failed"
    assert f"The {name} file holds more than 1,000 bytes" in ended.output


def test_a_plain_input_is_not_copied() -> None:
    """CSV in UTF-8 is read where it lies, in any dialect."""
    for name in ("plain", "semicolons"):
        world, _ = run(name)
        assert asyncio.run(world.staging.get("runs/r1/inflated.json")) is None


@pytest.mark.parametrize("name", ["cp1252", "array", "parquet", "xlsx"])
def test_an_input_that_is_copied_has_a_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An input that is too large to be copied fails the run before anything is copied."""
    monkeypatch.setattr("outlast.staging.input.MAX_COPIED", 1000)
    world, ended = run(name)
    assert ended.status == "Failed"
    assert "bytes and 1,000 can be copied" in ended.output
    assert asyncio.run(world.staging.list("runs/r1/inflated")) == []
