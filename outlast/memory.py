"""Gives freed memory back to the operating system."""

import ctypes
import sys

MMAP_THRESHOLD = -3
"""The parameter's number in glibc's malloc.h. Unless it is set, the threshold grows to the largest block freed so far,
and each thread keeps the freed blocks below it: a worker's eight threads kept 300 MB after rows of 10 MB."""
LARGE = 1024 * 1024
"""Bytes from which a freed block goes back at once."""


def give_back_large_blocks() -> bool:
    """Set the threshold. Returns False on systems without glibc, such as Windows, where nothing needs to be set."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(MMAP_THRESHOLD, LARGE))
