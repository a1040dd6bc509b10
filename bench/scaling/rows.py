"""Files of flights that are larger than January: its rows again and again, each with a flight number of its own."""

import csv
import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from local.stack.settings import APP

JANUARY = APP / "samples/flights-2013-01.csv.gz"


def write_flights(path: Path, rows: int) -> None:
    """A CSV file of so many rows, of which no two make one document."""
    with gzip.open(JANUARY, "rt", encoding="utf-8", newline="") as lines:
        header, *known = csv.reader(lines)
    flight = header.index("flight")
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for number in range(rows):
            row = known[number % len(known)]
            writer.writerow([*row[:flight], str(number), *row[flight + 1 :]])


def write_parquet_flights(path: Path, rows: int) -> None:
    """The same as Parquet, whose columns have the types of the values."""
    known = pyarrow.csv.read_csv(JANUARY, convert_options=pyarrow.csv.ConvertOptions(null_values=["NA"]))
    flight = known.schema.get_field_index("flight")
    with pq.ParquetWriter(path, known.schema) as writer:
        for first in range(0, rows, known.num_rows):
            part = known.slice(0, rows - first)
            numbers = pa.array(range(first, first + part.num_rows), known.schema.field(flight).type)
            writer.write_table(part.set_column(flight, "flight", numbers))
