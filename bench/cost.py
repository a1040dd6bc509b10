"""What a million rows of 1 KB cost: request units, calls, turns, requests to the storage, lines of log, GB-seconds.

Each is counted in a run on the embedded services: of this app as upsert, as snapshot, and as mirror with 1 % changed;
of a loop of `upsert_item`; of a fan-out of one activity a thousand rows. How the requests to the task hub are figured
is in `bench/costing/histories.py`. With `--quick` the file is small and is cut into smaller chunks, so a million rows
of such files would need more calls than one file of a million rows.

`--price NAME=AMOUNT`, once for each price, adds what that comes to. There are no prices here, because they change.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.costing.cost import MILLION, PRICED, Cost
from bench.costing.counted_app import Counted, CountedApp, counted_app
from bench.costing.plain import ROWS_OF_A_CALL, plain
from bench.mirroring.nights import NOTE_OF_A_KILOBYTE, orders
from bench.runner import Figure, run
from bench.scaling.rows import JANUARY, write_flights
from local.json_calls import bypass_proxies

CHANGED = 100
"""One order in so many, in the mirror's second run."""
SMALL_ROWS = 100
SMALL_TURNS_BEFORE = 29
"""Turns of a run of 100 rows at the commit 5191e5a, when they were first counted."""


def figures_of(quick: bool, prices: Mapping[str, float]) -> Iterator[Figure]:
    bypass_proxies()
    for way, cost in costs(quick):
        yield from cost.figures(way)
        if prices:
            yield Figure(name=f"{way}_price", value=cost.at(prices), unit="", goal=0, direction="min")
    with counted_app() as app:
        yield from small_runs(app)


def costs(quick: bool) -> Iterator[tuple[str, Cost]]:
    """Each way to import a million rows, with its cost."""
    rows = 5_000 if quick else MILLION
    for way, report in (("upsert", "plain_orders"), ("snapshot", "snapshot_orders"), ("mirror", "orders")):
        with counted_app() as app:
            counted = (mirrored if way == "mirror" else imported)(app, report, rows)
            yield way, counted.cost.times(MILLION / counted.rows)
    with TemporaryDirectory() as folder:
        for way, rows, a_call in (("loop", 500, 500), ("fan_out", 1_000, 50)) if quick else FULL:
            file = Path(folder) / f"{way}.csv"
            write_orders(file, rows)
            yield way, plain(way, file, a_call).of_a_million()


FULL = (("loop", 5_000, 5_000), ("fan_out", 50 * ROWS_OF_A_CALL, ROWS_OF_A_CALL // 20))
"""The fan-out has a thousand calls, as for a million rows, with a twentieth of the rows each."""


def imported(app: CountedApp, report: str, rows: int) -> Counted:
    write_orders(app.app.inputs / "orders.csv", rows)
    return app.run("orders.csv", report)


def mirrored(app: CountedApp, report: str, rows: int) -> Counted:
    """The second run, in which 1 % of the rows has changed."""
    write_orders(app.app.inputs / "orders.csv", rows)
    app.run("orders.csv", report, remove=False)
    write_orders(app.app.inputs / "orders.csv", rows, range(0, rows, CHANGED))
    return app.run("orders.csv", report)


def write_orders(file: Path, rows: int, changed: Sequence[int] = ()) -> None:
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(orders(rows, changed, note=NOTE_OF_A_KILOBYTE))


def small_runs(app: CountedApp) -> Iterator[Figure]:
    """Activities, turns and histories of a run of 100 rows and of January's."""
    write_flights(app.app.inputs / "small.csv", SMALL_ROWS)
    shutil.copy(JANUARY, app.app.inputs / "january.csv.gz")
    for name, file in (("small", "small.csv"), ("january", "january.csv.gz")):
        counted = app.run(file, "flight_delays")
        histories, cost = counted.histories, counted.cost
        yield _count(f"{name}_activity_calls", cost.activity_calls)
        for activity, calls in sorted(histories.calls.items()):
            yield _count(f"{name}_calls_{activity}", calls)
        yield _count(f"{name}_turns", cost.turns)
        yield _count(f"{name}_histories", histories.instances)
        yield _count(f"{name}_history_events", histories.events)
        yield _count(f"{name}_staging_operations", cost.staging_operations)
        yield _count(f"{name}_hub_operations", cost.hub_operations)
        if name == "small":
            share = cost.turns / SMALL_TURNS_BEFORE
            yield Figure(name="turns_small", value=share, unit="of before", goal=0.5, direction="max")


def _count(name: str, value: float) -> Figure:
    return Figure(name=name, value=value, unit="", goal=0, direction="min")


def read_prices(argv: Sequence[str]) -> tuple[dict[str, float], list[str]]:
    """The prices, and the arguments that are not about them. A name that is not known ends the program."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", add_help=False, allow_abbrev=False)
    parser.add_argument("--price", action="append", default=[], metavar="NAME=AMOUNT")
    options, others = parser.parse_known_args(argv)
    prices = {}
    for given in options.price:
        name, _, amount = given.partition("=")
        if name not in PRICED:
            parser.error(f"there is no price {name!r}; there are {', '.join(PRICED)}")
        try:
            prices[name] = float(amount)
        except ValueError:
            parser.error(f"the price {name} is not a number: {amount!r}")
    return prices, others


def main(argv: Sequence[str]) -> int:
    prices, others = read_prices(argv)

    def cost(quick: bool) -> Iterator[Figure]:
        yield from figures_of(quick, prices)

    return run(cost, others)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
