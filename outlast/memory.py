"""What is freed goes back to the system."""

import ctypes
import sys

MMAP_THRESHOLD = -3
"""From glibc's malloc.h. Set, it stays; unset, it grows to the largest block freed so far, and what is smaller is kept
by each thread that freed it: 300 MB by the eight of a worker that had read rows of 10 MB."""
LARGE = 1024 * 1024
"""Bytes."""


def give_back_large_blocks() -> bool:
    """Tell the C library; False where it is another, which has its own way: an app is tried on Windows too."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and bool(mallopt(MMAP_THRESHOLD, LARGE))
