"""A year of flights as a grouped report, as an upsert and as a mirror, whose second run finds 1 % of the rows changed.

The file has the rows of January twelve times, each time as another month. The database has no limit.
"""

import sys
from collections.abc import Iterator, Sequence

from bench import groups
from bench.mirroring.nights import nights
from bench.runner import Figure, run
from bench.scaling.runs import House, Ran
from local.json_calls import bypass_proxies

CHANGED = 100
"""One row in so many."""
WAYS = {
    "grouped": "carrier_months",
    "upsert": "flight_delays",
    "mirror": "mirrored_flights",
    "mirror_again": "mirrored_flights",
}
"""The report of each way, in the order of their runs."""


def year(quick: bool) -> Iterator[Figure]:
    bypass_proxies()
    data = groups.year(1 if quick else 12)
    with nights({}, ("--unthrottled",)) as app:
        for way, report in WAYS.items():
            (app.inputs / "year.csv").write_bytes(changed(data) if way == "mirror_again" else data)
            yield from figures(way, House(app.services).run("year.csv", report))


def figures(way: str, ran: Ran) -> Iterator[Figure]:
    """What the table shows. Nothing of it has a goal."""
    receipt = ran.receipt
    found = {
        "s": (ran.seconds, "s"),
        "rows_per_s": (ran.receipt["rows_read"] / ran.seconds, "rows/s"),
        "rows": (receipt["rows_read"], "rows"),
        "written": (receipt["documents_written"], "documents"),
        "units": (receipt["request_units"], "RU"),
    }
    for name, (value, unit) in found.items():
        yield Figure(name=f"{way}_{name}", value=value, unit=unit, goal=0, direction="min")


def changed(data: bytes) -> bytes:
    """The file with another distance in one row of a hundred."""
    head, *lines = data.splitlines(keepends=True)
    distance = head.split(b",").index(b"distance")
    return head + b"".join(
        line if number % CHANGED else _other(line.split(b","), distance) for number, line in enumerate(lines)
    )


def _other(fields: Sequence[bytes], at: int) -> bytes:
    return b",".join([*fields[:at], b"1" + fields[at], *fields[at + 1 :]])


if __name__ == "__main__":
    sys.exit(run(year))
