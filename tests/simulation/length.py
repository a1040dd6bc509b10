"""How much the simulations try: in `make test` every fifth boundary of a run, of longer stories every fifteenth, and
every one in the soak."""

import os
from collections.abc import Iterator
from itertools import count

STRIDE = 1 if "SOAK_SEEDS" in os.environ else 5
LONG_STRIDE = 1 if "SOAK_SEEDS" in os.environ else 15


def boundaries(first: int = 0, stride: int = STRIDE) -> Iterator[int]:
    """The numbers of the boundaries to try, without end. Stories that begin at different ones try different kinds."""
    return count(first % stride, stride)


def seeds(few: int) -> range:
    """The seeds of a story that a person tells beside the mixes: so many, in the soak a fiftieth of its own."""
    return range(max(few, int(os.environ.get("SOAK_SEEDS", "0")) // 50))
