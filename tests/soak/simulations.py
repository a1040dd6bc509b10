"""The simulations of `make test` under many seeds: the whole app, and the writer alone."""

import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context

from tests.simulation.mixes import simulate_seed
from tests.simulation.writer_story import FAULTS, tell
from tests.soak.part import Part

KILLED = "host killed"
BLOCK = 50
"""Seeds that a process simulates at a time."""


def live(seed: int, part: Part) -> None:
    """Simulate the app once."""
    world = simulate_seed(seed)
    part.kills += world.scheduler.fired[KILLED]
    part.boundaries += world.scheduler.passed
    part.faults += world.scheduler.fired


def write(seed: int, part: Part) -> None:
    """Simulate the writer once."""
    story = tell(seed)
    part.faults += Counter({_name(number): count for number, count in story.fired.items()})
    story.check()


def over(seeds: Iterable[int], name: str, once: Callable[[int, Part], None]) -> Part:
    """Simulate every seed; an exception is a failure of its seed and does not stop the others."""
    part, begun = Part(), time.monotonic()
    for seed in seeds:
        part.seeds += 1
        try:
            once(seed, part)
        except Exception as error:  # noqa: BLE001  # it is reported with its seed
            part.fail(f"python -m tests.soak {name} {seed}", f"{type(error).__name__}: {error}")
    part.seconds = time.monotonic() - begun
    return part


def on_cores(seeds: Sequence[int], name: str, once: Callable[[int, Part], None]) -> Part:
    """The same as `over`, in a process for each core but one."""
    begun, part = time.monotonic(), Part()
    blocks = [seeds[at : at + BLOCK] for at in range(0, len(seeds), BLOCK)]
    cores = max(1, (os.cpu_count() or 1) - 1)
    with ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_quiet) as pool:
        for one in pool.map(partial(over, name=name, once=once), blocks):
            part.add(one)
    part.seconds = time.monotonic() - begun
    return part


def _quiet() -> None:
    """Faults that are planted are not logged."""
    logging.disable(logging.CRITICAL)


def _name(number: int) -> str:
    """Return the name of a fault of the writer's stories, such as `bulk 408 after` or `pkranges reset`."""
    fault = FAULTS[number]
    what = fault.get("status") or ("reset" if "reset" in fault else "slow")
    substatus = f"/{fault['substatus']}" if "substatus" in fault else ""
    return f"{fault['kind']} {what}{substatus}{' after' if 'when' in fault else ''}"
