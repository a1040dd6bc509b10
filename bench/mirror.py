"""What a mirror report's second run costs when little has changed, and what comparing keys costs every run."""

import json
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.mirroring.nights import WITHOUT_KEYS, nights, orders
from bench.runner import ROOT, Figure, run
from local.cosmos import charges
from local.json_calls import bypass_proxies

CHANGED, GONE = 100, 1_000
"""One order in so many."""
Night = dict[str, Any]


def mirror(quick: bool) -> Iterator[Figure]:
    bypass_proxies()
    yield from keys_resolved(10**6 if quick else 10**7, 6 if quick else 60)
    yield from second_runs(10**5 if quick else 10**6)
    yield overhead(10**5, 1 if quick else 5)


def second_runs(count: int) -> Iterator[Figure]:
    """The second run's request units and wall time over those of the first, unthrottled and at 40,000 RU/s."""
    first, second = two_nights(count, "--unthrottled")
    units = second["request_units"] / first["request_units"]
    yield Figure(name="mirror_ru_share", value=units, unit="", goal=0.02, direction="max")
    over = second["request_units"] / units_of_changes(count, first)
    yield Figure(name="mirror_ru_over_changes", value=over, unit="times", goal=1.001, direction="max")
    yield Figure(name="mirror_wall_share", value=second["wall"] / first["wall"], unit="", goal=0.5, direction="max")
    first, second = two_nights(count)
    share = second["wall"] / first["wall"]
    yield Figure(name="mirror_wall_share_throttled", value=share, unit="", goal=0.1, direction="max")
    yield Figure(name="mirror_first_throttled_s", value=first["wall"], unit="s", goal=0, direction="min")


def units_of_changes(count: int, first: Night) -> float:
    """The request units of replacing and deleting what is changed and gone, and of nothing else."""
    replaced: float = charges.REPLACE_FACTOR * first["request_units"] / count
    deleted = charges.delete(first["bytes"] // count)
    return -(-count // CHANGED) * replaced + -(-count // GONE) * deleted


def two_nights(count: int, *cosmos: str) -> tuple[Night, Night]:
    """The receipts of both runs, each with its wall time."""
    with nights({}, cosmos) as services:
        first = services.run("orders", orders(count))
        second = services.run("orders", orders(count, range(0, count, CHANGED), range(1, count, GONE)))
    expected = (-(-count // CHANGED), -(-count // GONE))
    if (second["rows_stored"], second["documents_deleted"]) != expected:
        raise RuntimeError(f"the second run is not what is measured here: {second}")
    return first, second


def keys_resolved(documents: int, goal: float) -> Iterator[Figure]:
    """`resolve_keys` alone, for all shards of a run; a mirror's is compared with the run before."""
    plain, mirrored = measured(documents, "upsert"), measured(documents, "mirror")
    yield Figure(name="resolve_cpu_s", value=plain["cpu"], unit="s", goal=goal, direction="max")
    yield Figure(name="resolve_mirror_cpu_s", value=mirrored["cpu"], unit="s", goal=2 * goal, direction="max")
    peak = max(plain["peak"], mirrored["peak"])
    yield Figure(name="resolve_peak_mb", value=peak, unit="MB", goal=200, direction="max")


def measured(documents: int, mode: str) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        in_process("stage", folder, documents, mode)
        return in_process("resolve", folder, documents, mode)


def in_process(step: str, folder: str, documents: int, mode: str) -> dict[str, float]:
    """What a step prints that runs in a process of its own, so that its memory is that of nothing else."""
    command = [sys.executable, "-m", "bench.mirroring.keys", step, folder, str(documents), mode]
    found = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(found.stdout)
    return figures


def overhead(count: int, rounds: int) -> Figure:
    """A plain run's wall time over that of an app which neither stages nor compares keys; the runs take turns."""
    with (
        nights({}, ("--unthrottled",)) as ours,
        nights(WITHOUT_KEYS, ("--unthrottled",)) as others,
    ):
        walls = [[one.run("plain_orders", orders(count))["wall"] for one in (ours, others)] for _ in range(rounds + 1)]
    with_keys, without = zip(*walls[1:], strict=True)  # the first of each warms up
    ratio = median(with_keys) / median(without)
    return Figure(name="resolve_overhead", value=ratio, unit="times", goal=1.05, direction="max")


if __name__ == "__main__":
    sys.exit(run(mirror))
