"""`python -m tests.soak.simulation [SEEDS]`: the simulations of `make test`, 10,000 of them; prints one JSON object."""

import json
import logging
import sys
import time
from collections import Counter

from tests.simulation.mixes import simulate_seed

SEEDS = 10_000


def main(seeds: int) -> int:
    logging.disable(logging.CRITICAL)
    begun, fired, states, failed, boundaries = time.monotonic(), Counter[str](), Counter[str](), {}, 0
    for seed in range(seeds):
        try:
            world = simulate_seed(seed)
        except AssertionError as error:
            failed[seed] = str(error)[:500]
            continue
        fired += world.scheduler.fired
        boundaries += world.scheduler.passed
        states.update(f"{record.report} {record.state}" for record in world.runs.all())
    told = {
        "seeds": seeds,
        "kills": fired.pop("host killed", 0),
        "boundaries": boundaries,
        "faults": dict(sorted(fired.items())),
        "runs": dict(sorted(states.items())),
        "failed": failed,
        "seconds": round(time.monotonic() - begun, 1),
    }
    sys.stdout.write(json.dumps(told) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS))
