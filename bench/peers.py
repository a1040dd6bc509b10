"""One file into one database: by pandas and a pool of threads, by asyncio and a semaphore, by the JavaScript SDK's bulk
executor, and by this app, each as its own documentation writes it, one after another on the same services.

Rows, documents and container are the same for all. What is lost or written twice is what the database says, not the
peer. Ours is a whole run, from before its POST until it is completed, and staged on disk. One that is killed is killed
when half of the rows are stored; a script is started again by hand then, and ours is not.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.mirroring.nights import NOTE_OF_A_KILOBYTE, Nights, nights, orders
from bench.peering.ours import Ours
from bench.peering.scripts import Script, scripts
from bench.peering.shelf import Shelf
from bench.runner import Figure, run
from local.json_calls import bypass_proxies

LARGE, SMALL = 40_000, 4_000
Peer = Script | Ours


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows without a limit and at 40,000 RU/s, and at 4,000 RU/s."""

    usual: int
    throttled: int


def peers(quick: bool) -> Iterator[Figure]:
    bypass_proxies()
    sizes = Sizes(1_500, 800) if quick else Sizes(50_000, 6_000)
    every: list[Peer] = [*scripts(), Ours()]
    found = [peer for peer in every if _is_there(peer)]
    with nights({}, ("--unthrottled",)) as app:
        file = write(app, sizes.usual)
        yield from unlimited(Shelf(app.services), file, found, sizes.usual)
    with nights({}) as app:
        file, shelf = write(app, sizes.usual), Shelf(app.services)
        for peer in found:
            yield from limited(shelf, file, peer, sizes.usual)
        write(app, sizes.throttled)
        for peer in found:
            yield from throttled(shelf, file, peer, sizes.throttled)
            yield from killed(shelf, file, peer, sizes.throttled)


def _is_there(peer: Peer) -> bool:
    if peer.missing:
        sys.stdout.write(f"  {peer.name} is left out: {peer.missing}\n")
    return not peer.missing


def write(app: Nights, rows: int) -> Path:
    file = app.inputs / "orders.csv"
    with file.open("w", encoding="utf-8") as lines:
        lines.writelines(orders(rows, note=NOTE_OF_A_KILOBYTE))
    return file


def unlimited(shelf: Shelf, file: Path, found: Sequence[Peer], rows: int) -> Iterator[Figure]:
    """The database takes what comes; its CPU is shared with the peer's, on this machine."""
    rates = {}
    for peer in found:
        shelf.empty(LARGE)
        outcome = peer.run(shelf, file)
        rates[peer.name] = rows / outcome.seconds
        yield at_least(f"{peer.name}_rows_per_s", rates[peer.name], "rows/s")
        yield at_least(f"{peer.name}_us_per_row", outcome.cpu_seconds / rows * 1e6, "us")
        yield at_least(f"{peer.name}_peak_mb", outcome.peak_mb, "MB")
    ours = rates.pop("ours")
    for name, rate in rates.items():
        yield at_least(f"against_{name}", ours / rate, "times")


def limited(shelf: Shelf, file: Path, peer: Peer, rows: int) -> Iterator[Figure]:
    shelf.empty(LARGE)
    outcome = peer.run(shelf, file)
    yield at_least(f"{peer.name}_rows_per_s_40k", rows / outcome.seconds, "rows/s")
    yield at_least(f"{peer.name}_ru_used_40k", shelf.used(LARGE), "share")


def throttled(shelf: Shelf, file: Path, peer: Peer, rows: int) -> Iterator[Figure]:
    shelf.empty(SMALL)
    outcome = peer.run(shelf, file)
    yield at_least(f"{peer.name}_rows_per_s_4k", rows / outcome.seconds, "rows/s")
    yield lost_rows(f"{peer.name}_lost_4k", rows - shelf.stored())


def killed(shelf: Shelf, file: Path, peer: Peer, rows: int) -> Iterator[Figure]:
    """What is missing until somebody starts it again, and how many writes were made twice when that was done."""
    shelf.empty(SMALL)
    peer.run_killed(shelf, file, half(shelf, rows))
    lost = rows - shelf.stored()
    yield lost_rows(f"{peer.name}_killed_lost", lost)
    if lost:
        peer.run(shelf, file)
        yield lost_rows(f"{peer.name}_started_again_lost", rows - shelf.stored())
    yield at_least(f"{peer.name}_written_again", shelf.written() - shelf.stored(), "rows")


def half(shelf: Shelf, rows: int) -> Callable[[], bool]:
    return lambda: shelf.stored() >= rows // 2


def at_least(name: str, value: float, unit: str) -> Figure:
    """A figure without a goal."""
    return Figure(name=name, value=value, unit=unit, goal=0, direction="min")


def lost_rows(name: str, rows: int) -> Figure:
    """Ours loses none; what the others lose is no goal."""
    goal = 0 if name.startswith(Ours.name) else rows
    return Figure(name=name, value=rows, unit="rows", goal=goal, direction="max")


if __name__ == "__main__":
    sys.exit(run(peers))
