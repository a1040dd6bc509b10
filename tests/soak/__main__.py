"""`python -m tests.soak`: the long search for faults. It prints one JSON object at the end and exits with 1 if anything
failed.

SOAK_SEEDS and SOAK_KILLS set its length. `python -m tests.soak app 17` runs one seed of one simulation, `app` or
`writer`.
"""

import json
import logging
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.soak import longer_tests, simulations
from tests.soak.part import Part, together

SEEDS, KILLS = 10_000, 1000
SIMULATIONS = {"app": simulations.live, "writer": simulations.write}


def main(arguments: Sequence[str]) -> int:
    if arguments:
        name, seed = arguments
        return tell({name: simulations.over([int(seed)], name, SIMULATIONS[name])})
    seeds, kills = (int(os.environ.get(name, most)) for name, most in (("SOAK_SEEDS", SEEDS), ("SOAK_KILLS", KILLS)))
    with ThreadPoolExecutor(1) as pool:  # the tests wait most of their time
        tests = pool.submit(longer_tests.run_tests, longer_tests.longer_tests(), seeds, kills)
        parts = {name: simulations.on_cores(range(seeds), name, once) for name, once in SIMULATIONS.items()}
        parts["tests"] = tests.result()
    return tell(parts)


def tell(parts: dict[str, Part]) -> int:
    sys.stdout.write(json.dumps(together(parts), indent=1) + "\n")
    return 1 if any(part.failed for part in parts.values()) else 0


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    sys.exit(main(sys.argv[1:]))
