"""What a peer's script prints at its end, as JSON: seconds, seconds of CPU, and the most memory that it had."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.scaling.processes import peak_mb


@contextmanager
def told() -> Iterator[None]:
    """Measure the block, and print."""
    begun, cpu = time.perf_counter(), time.process_time()
    yield
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - cpu
    sys.stdout.write(json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "peak_mb": peak_mb()}))
