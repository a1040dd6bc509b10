"""Files of flights that are larger than January: its rows again and again, each with a flight number of its own."""

import csv
import gzip
from pathlib import Path

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
