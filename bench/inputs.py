"""Reading and generating by format: rows a second over those of plain CSV, and the peak memory of the process.

Each format is read in processes of its own, as the app reads it: copied where it must be, cut, and generated chunk by
chunk. What counts is the time of the CPU, which others on the machine do not change. The rows are those of January
again and again, with their numbers in `flight`, so that no two are the same.
"""

import asyncio
import csv
import gzip
import io
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from activities.read_input_file import CHUNKS, LARGEST, SMALLEST
from bench.ending import tell
from bench.runner import Figure, run
from bench.scaling.processes import peak_mb
from outlast.generating.part_builder import PART_BYTES, SLICE_SECONDS
from outlast.generating.part_contents import PartContents
from outlast.generating.row_window import Limits, RowWindow
from outlast.generating.slicers import slicer_of
from outlast.inputs import Reading, is_copied, resolved, rows_format
from outlast.inputs.types import HEAD_BYTES, MAX_RECORD
from outlast.load_reports import load_report
from outlast.memory import look_for_cycles_rarely
from outlast.staging.copying import copied
from outlast.staging.inflated import InflatedFile
from outlast.staging.input import MAX_COPIED, InputFile
from outlast.staging.store import Staging
from outlast.wanted import wanted_of

APP = Path(__file__).parents[1]
JANUARY = APP / "samples/flights-2013-01.csv.gz"
REPORT = load_report(APP / "reports", "flight_delays")
READINGS: Mapping[str, Reading] = {
    "csv": Reading(format="csv"),
    "semicolons": Reading(format="csv"),
    "gzip": Reading(format="csv", compression="gzip"),
    "cp1252": Reading(format="csv", encoding="cp1252"),
    "json": Reading(format="json", path="$"),
    "parquet": Reading(format="parquet"),
    "excel": Reading(format="excel"),
}
GOALS = {"parquet": 1.2, "json": 0.5, "gzip": 0.5, "cp1252": 0.5}


def inputs(quick: bool) -> Iterator[Figure]:
    rows, rounds = (100_000, 1) if quick else (1_000_000, 3)
    with TemporaryDirectory() as folder:
        write_all(Path(folder), rows)
        found = [{name: measured(Path(folder), name) for name in READINGS} for _ in range(rounds)]
    rate = median(one["csv"].rows_per_s for one in found)
    yield Figure(name="csv_rows_per_s", value=rate, unit="rows/s", goal=0, direction="min")
    for name in list(READINGS)[1:]:
        ratio = median(one[name].rows_per_s / one["csv"].rows_per_s for one in found)
        goal = GOALS.get(name, 0)
        yield Figure(name=f"{name}_over_csv", value=ratio, unit="times", goal=goal, direction="min")
    for name in READINGS:
        peak = max(one[name].peak_mb for one in found)
        yield Figure(name=f"{name}_peak_mb", value=peak, unit="MB", goal=200, direction="max")
    peak = max(one[name].peak_mb for one in found for name in READINGS)
    yield Figure(name="inputs_peak_mb", value=peak, unit="MB", goal=200, direction="max")


@dataclass(frozen=True, slots=True)
class Measured:
    rows: int
    seconds: float
    peak_mb: float

    @property
    def rows_per_s(self) -> float:
        return self.rows / self.seconds


def measured(folder: Path, name: str) -> Measured:
    """Read that input: copied in one process, if it must be, and generated in another, as the app does it."""
    shutil.rmtree(folder / "runs", ignore_errors=True)
    steps = [_step(folder, name) for _ in range(1 + is_copied(READINGS[name]))]
    return Measured(steps[-1].rows, sum(one.seconds for one in steps), max(one.peak_mb for one in steps))


def _step(folder: Path, name: str) -> Measured:
    command = [sys.executable, "-m", "bench.inputs", "--read", name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=APP)
    return Measured(**json.loads(done.stdout))


def january(rows: int) -> Iterator[dict[str, str]]:
    """So many rows; numbers that are missing are empty."""
    with gzip.open(JANUARY, "rt", encoding="utf-8", newline="") as lines:
        known = [{**row, "tailnum": f"Å{row['tailnum']}"} for row in csv.DictReader(lines)]
    for number in range(rows):
        yield {**known[number % len(known)], "flight": str(number)}


def write_all(folder: Path, rows: int) -> None:
    """The same rows in every format."""
    with (folder / "csv").open("w", encoding="utf-8", newline="") as file, (folder / "json").open("wb") as array:
        writer: Any = None
        array.write(b"[")
        for number, row in enumerate(january(rows)):
            writer = writer or csv.DictWriter(file, list(row), lineterminator="\n")
            if not number:
                writer.writeheader()
            writer.writerow(row)
            array.write((b",\n" if number else b"") + json.dumps(typed(row), ensure_ascii=False).encode())
        array.write(b"]")
    text = (folder / "csv").read_text("utf-8")
    (folder / "semicolons").write_text(text.replace(",", ";"), "utf-8")
    (folder / "cp1252").write_text(text, "cp1252")
    with gzip.open(folder / "gzip", "wb", compresslevel=6) as packed:
        packed.write(text.encode())
    write_parquet(folder / "parquet", rows)
    write_excel(folder / "excel", min(rows, 100_000))


def typed(row: dict[str, str]) -> dict[str, Any]:
    """Numbers as numbers."""
    return {name: None if value == "NA" else _plain(value) for name, value in row.items()}


def _plain(value: str) -> Any:
    return int(value) if value.lstrip("-").isdigit() else value


def write_parquet(path: Path, rows: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([typed(row) for row in january(min(rows, 100_000))])
    at = table.schema.get_field_index("time_hour")
    moment = table["time_hour"].cast(pa.timestamp("us", "UTC"))
    table = table.set_column(at, "time_hour", moment)
    with pq.ParquetWriter(path, table.schema) as writer:
        for _ in range(max(1, rows // 100_000)):
            writer.write_table(table)


def write_excel(path: Path, rows: int) -> None:
    import zipfile

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", '<w><sheets><sheet name="S" r:id="r1" xmlns:r="r"/></sheets></w>')
        archive.writestr("xl/_rels/workbook.xml.rels", '<r><Relationship Id="r1" Target="worksheets/s.xml"/></r>')
        with archive.open("xl/worksheets/s.xml", "w", force_zip64=True) as sheet:
            sheet.write(b"<worksheet><sheetData>")
            for number, row in enumerate(january(rows)):
                if not number:
                    sheet.write(_excel_row(list(row)))
                sheet.write(_excel_row(typed(row).values()))
            sheet.write(b"</sheetData></worksheet>")


def _excel_row(values: Any) -> bytes:
    cells = io.StringIO()
    for value in values:
        if value is None:
            cells.write("<c/>")
        elif isinstance(value, int):
            cells.write(f"<c><v>{value}</v></c>")
        else:
            cells.write(f'<c t="inlineStr"><is><t>{value}</t></is></c>')
    return f"<row>{cells.getvalue()}</row>".encode()


async def read(folder: Path, name: str) -> Measured:
    """Make the copy of it, if it needs one; or, with that, cut and generate all of it."""
    look_for_cycles_rarely()  # as the process does in which the app generates
    staging, reading, wanted = Staging(folder.as_uri()), READINGS[name], wanted_of(REPORT.row)
    file: Any = InputFile(staging, name, None)
    began, rows = time.process_time(), 0
    if is_copied(reading):
        pieces = copied(file, reading, wanted, _here, MAX_COPIED)
        file = InflatedFile(staging, name)
        if await file.find_size() is None:
            await file.stage(pieces, _never)
            return Measured(0, time.process_time() - began, peak_mb())
    size = await file.size()
    head = await file.read(0, HEAD_BYTES)
    reading = resolved(reading, head, len(head) >= size, wanted)
    form = rows_format(reading)
    target = min(LARGEST, max(SMALLEST, size // CHUNKS))
    columns, (offset, row) = form.columns(head, len(head) >= size), form.first(head, len(head) >= size)
    while offset < size:
        window = await file.read(offset, MAX_RECORD)
        cut = form.cut(window, offset + len(window) >= size, offset, row, target)
        for chunk in cut.chunks:
            data = window[chunk.offset - offset :][: chunk.length]
            rows += generate(columns, reading, chunk.first_row, data)
        offset, row = offset + cut.consumed, cut.next_row
    return Measured(rows, time.process_time() - began, peak_mb())


def generate(columns: list[str], reading: Reading, row: int, data: bytes) -> int:
    """The rows of a chunk, all of which are good."""
    window = RowWindow("k", "r", REPORT.name, None, "x", reading.format or "", columns, row, reading=reading.said())
    slicer = slicer_of(REPORT, None, window, data, time.monotonic, lambda _: None, by_columns=True)
    rows, ended = 0, False
    while not ended:
        made = slicer.take(Limits(SLICE_SECONDS, PART_BYTES, hand_over=False))
        if made.rejected:
            raise RuntimeError(f"rows that should be good are not: {slicer.contents.rejects[:1]}")
        rows, ended = rows + made.rows, made.ended
        if slicer.contents.size > PART_BYTES:  # the part is full, and the next one begins
            slicer.contents = PartContents()
    return rows


async def _here(work: Any) -> Any:
    return work()


async def _never() -> bool:
    return False


if __name__ == "__main__":
    if "--read" in sys.argv:
        name, folder = sys.argv[-2:]
        found = asyncio.run(read(Path(folder), name))
        tell(asdict(found))
    else:
        sys.exit(run(inputs))
