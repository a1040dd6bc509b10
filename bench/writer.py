"""The bulk writer compared with what people use today and with other SDKs, and against a database that throttles.

At a database that answers at once the emulator's CPU is the limit. Speeds are therefore measured at a stub that only
answers; our speed at the emulator is one more figure.
"""

import sys
from collections.abc import Callable, Iterator
from statistics import median

from bench.runner import Figure, run
from bench.writing import peers
from bench.writing.lanes import LANES, WINDOW
from bench.writing.peers import Peer, Rate
from bench.writing.removing import removal_speed
from bench.writing.stub import Stub
from bench.writing.tenth import at_a_tenth
from bench.writing.throttled import (
    emulated,
    hot_range,
    peak_mb,
    seconds_to_adapt,
    two_processes,
    used_on_emulator,
    used_on_stub,
)

UNTHROTTLED = 1_000_000
LATENCIES = {"0ms": 0.0, "5ms": 0.005}
GOALS = {
    "loop": ("against_loop", {"0ms": 60, "5ms": 300}),
    "pool_of_3": ("against_pool3", {"5ms": 100}),
    "gather_of_100": ("against_gather100", {"0ms": 40}),
    "item_batch": ("against_item_batch", {"0ms": 0}),
    "javascript": ("against_js_bulk", {"0ms": 3}),
}


def writer(quick: bool) -> Iterator[Figure]:
    yield from speeds(runs=1 if quick else 5, seconds=1.0 if quick else 3.0)
    warm_up, seconds = (3.0, 10.0) if quick else (5.0, 30.0)
    yield from shares(warm_up, seconds)
    hot = hot_range(8_000 if quick else 24_000)
    yield at_least("hot_range", hot.use, 0.97, "of rate")
    yield at_most("other_ranges", hot.late, 0.05, "of bound")
    yield at_most("adapt_s", seconds_to_adapt(6 if quick else 10), 3, "s")
    both = two_processes(warm_up, seconds)
    yield at_least("two_processes", both.used, 0.95, "of rate")
    yield at_least("fairness", both.smaller, 0.40, "of rows")
    tenth = at_a_tenth(180 if quick else 1800)
    yield at_most("sends_per_operation", tenth.sends_per_operation, 1.05, "times")
    yield at_most("failed_chunks", tenth.failures, 0, "chunks")
    yield from removal(60_000 if quick else 200_000, runs=3)
    yield from memory(100_000 if quick else 1_000_000)


def speeds(runs: int, seconds: float) -> Iterator[Figure]:
    """Measure each peer and our writer at the same stub in the same run."""
    with peers.javascript() as javascript:
        others: dict[str, Peer | None] = {
            "loop": peers.loop,
            "pool_of_3": peers.pool_of_3,
            "gather_of_100": peers.gather_of_100,
            "item_batch": peers.item_batch,
            "javascript": javascript,
        }
        for name, latency in LATENCIES.items():
            with Stub(latency=latency) as stub:
                yield from at_latency(name, others, lambda peer, at=stub: peer(at.url, at.key, seconds), runs)  # type: ignore[misc]  # the stub of this turn
    with emulated(UNTHROTTLED, ranges=4) as process:
        rates = [peers.ours(process.url, process.key, seconds) for _ in range(runs)]
        yield at_least("rows_per_s_emulator", median(rate.rows_per_s for rate in rates), 0, "rows/s")


def at_latency(
    name: str, others: dict[str, Peer | None], measure: Callable[[Peer], Rate], runs: int
) -> Iterator[Figure]:
    mine = [measure(peers.ours) for _ in range(runs)]
    ours = median(rate.rows_per_s for rate in mine)
    yield at_least(f"rows_per_s_{name}", ours, 0, "rows/s")
    yield at_least(f"best_rows_per_s_{name}", max(rate.rows_per_s for rate in mine), 0, "rows/s")
    if name == "0ms":
        yield at_most("client_us_per_row", median(rate.us_per_row for rate in mine), 25, "µs")
    for peer, run_peer in others.items():
        if run_peer is None:
            continue
        theirs = [measure(run_peer) for _ in range(runs)]
        figure, goals = GOALS[peer]
        ratio = ours / median(rate.rows_per_s for rate in theirs)
        label = f"{figure}_{name}" if len(goals) > 1 or name not in goals or name == "5ms" else figure
        yield at_least(label, ratio, goals.get(name, 0), "times")
        yield at_least(f"{peer}_us_per_row_{name}", median(rate.us_per_row for rate in theirs), 0, "µs")
    keyed = measure(lambda url, key, seconds: peers.ours(url, key, seconds, rows_per_key=100))
    yield at_least(f"rows_per_s_100_a_key_{name}", keyed.rows_per_s, 0, "rows/s")


def shares(warm_up: float, seconds: float) -> Iterator[Figure]:
    small, large = used_on_emulator(warm_up, seconds), used_on_stub(warm_up, seconds)
    yield at_least("ru_used_8k", small.used, 0.97, "of rate")
    yield at_least("ru_used_80k", large.used, 0.97, "of rate")
    yield at_most("throttled_share", max(small.throttled, large.throttled), 0.05, "of sent")
    yield at_most("surfaced_failures", small.failures + large.failures, 0, "failures")


def removal(rows: int, runs: int) -> Iterator[Figure]:
    """Measure how fast generations are deleted, at an emulator that does not throttle."""
    speeds = []
    for _ in range(runs):
        with emulated(UNTHROTTLED, ranges=4) as process:
            speeds.append(removal_speed(process.url, process.key, rows))
    yield at_least("removal_speed", median(speeds), 0.5, "of writing")


def memory(rows: int) -> Iterator[Figure]:
    """Measure growth with windows so small that a tenth of the rows keeps every lane at work too."""
    window = min(WINDOW, rows // 10 // (2 * LANES))
    yield at_most("peak_mb", peak_mb(rows), 150, "MB")
    yield at_most("peak_growth", peak_mb(rows, window) / peak_mb(rows // 10, window), 1.1, "times")


def at_least(name: str, value: float, goal: float, unit: str) -> Figure:
    return Figure(name=name, value=value, unit=unit, goal=goal, direction="min")


def at_most(name: str, value: float, goal: float, unit: str) -> Figure:
    return Figure(name=name, value=value, unit=unit, goal=goal, direction="max")


if __name__ == "__main__":
    sys.exit(run(writer))
