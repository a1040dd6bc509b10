"""The jobs and faults of each seed, in `make test` and in the soak."""

from unittest.mock import patch

from activities import read_input_file
from tests.simulation.world import Faults, Job, World, simulate

MIXES = (
    Faults(),
    Faults(kills=0.01),
    Faults(deaths=0.03),
    Faults(repeats=0.05),
    Faults(losses=0.04, busy=0.05, mail=0.2),
    Faults(lag=0.5),
    Faults(kills=0.004, deaths=0.01, repeats=0.02, losses=0.01, busy=0.02, mail=0.1, ends=0.003, lag=0.05),
)
JOBS = (
    [Job("a"), Job("b", rows=4, lanes=1)],
    [Job("c"), Job("d", "sales", 5, lanes=1), Job("e", rows=4, bad=(1,), packed=True)],
    [Job("f", verify="content"), Job("g", rows=5, breaks=True, lanes=1)],
    [
        Job("k", "shelf", 4),
        Job("l", "shelf", 5, first=1, change=1, verify="drift", lanes=1),
        Job("m", "shelf", 6, change=2, breaks=True),
    ],
    [Job("h", "sales", 5, twins=(0, 3), lanes=1), Job("i", rows=4, twins=(1,))],
    [
        Job("j", "new_sales", 6, there=(1, 4), lanes=1),
        Job("k", "prices", 6, there=(0, 2, 3, 5)),
        Job("l", "returns", 6, there=(0, 1, 2, 5)),
        Job("m", "visits", 5),
    ],
    [Job("n", "totals", 7, lanes=1), Job("o", rows=4)],
)


def simulate_seed(seed: int) -> World:
    """Combine each mix of faults with each list of jobs; in every third the runs have chunks of one or two rows."""
    smallest = 30 if seed % 3 == 0 else read_input_file.SMALLEST
    with patch.object(read_input_file, "SMALLEST", smallest):
        return simulate(seed, MIXES[seed % len(MIXES)], JOBS[seed // len(MIXES) % len(JOBS)])
