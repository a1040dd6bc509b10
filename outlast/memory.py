"""How Python and the C library handle memory where very many objects are made."""

import ctypes
import gc
import sys

MMAP_THRESHOLD = -3
"""The parameter's number in glibc's malloc.h. Unless it is set, the threshold grows to the largest block freed so far,
and each thread keeps the freed blocks below it: a worker's eight threads kept 300 MB after rows of 10 MB."""
LARGE = 1024 * 1024
"""Bytes from which a freed block goes back at once."""
ARENA_MAX = -8
"""Likewise. Unless it is set, there are up to eight arenas a core, and what is freed in one is of no use to the threads
of another: 9 MB of the 136 of a worker that imported 1.5 million rows."""
ARENAS = 2
YOUNG = 10_000
"""Objects that are made before Python looks for cycles among them, which is after 700 if nothing is said. The documents
of a part are kept, so to look so often took a tenth of the time for a row, and a twentieth in the process that writes
them."""


def look_for_cycles_rarely() -> None:
    """For a process that keeps very many objects for a while and makes few cycles."""
    gc.set_threshold(YOUNG)


def give_back_memory() -> bool:
    """Set both. Returns False on systems without glibc, such as Windows, where nothing needs to be set."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(MMAP_THRESHOLD, LARGE) and mallopt(ARENA_MAX, ARENAS))
