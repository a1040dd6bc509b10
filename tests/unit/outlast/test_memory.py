import ctypes
import gc
import subprocess
import sys

import pytest

from outlast.memory import YOUNG, give_back_memory, look_for_cycles_rarely

KEPT_MB = """
import sys
from pathlib import Path
from outlast.memory import give_back_memory

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024

if sys.argv[1] == "told":
    give_back_memory()
before = held()
largest = b"x" * (10 << 20)
del largest
blocks = [b"x" * (8 << 20) for _ in range(4)]
behind = b"x" * (900 << 10)
del blocks
print(held() - before)
"""

ARENAS = """
import ctypes
import sys
from threading import Barrier, Thread
from outlast.memory import give_back_memory

if sys.argv[1] == "told":
    give_back_memory()
library, at_once = ctypes.CDLL(None), Barrier(9)
library.fopen.restype = ctypes.c_void_p

def hold():
    kept = [bytearray(2000) for _ in range(100)]
    at_once.wait()
    at_once.wait()

threads = [Thread(target=hold, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
at_once.wait()
file = ctypes.c_void_p(library.fopen(b"/dev/stdout", b"w"))
library.malloc_info(0, file)
library.fclose(file)
at_once.wait()
"""


def kept(how: str) -> int:
    """MB still held after 32 MB were freed, while a block of less than 1 MB after them is in use."""
    return int(subprocess.run([sys.executable, "-c", KEPT_MB, how], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not give_back_memory(), reason="another C library than glibc")
def test_what_was_freed_is_given_back() -> None:
    """Freed blocks go back to the system when the threshold is set, and stay otherwise."""
    assert kept("told") <= 2
    assert kept("not told") >= 32


@pytest.mark.skipif(not give_back_memory(), reason="another C library than glibc")
def test_threads_share_what_was_freed() -> None:
    """Eight threads use two arenas when that is set, and more otherwise."""

    def arenas(how: str) -> int:
        return subprocess.run([sys.executable, "-c", ARENAS, how], capture_output=True, check=True).stdout.count(
            b"<heap nr"
        )

    assert arenas("told") == 2
    assert arenas("not told") > 2


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, where no C library is loaded by None, nothing is set and nothing fails."""

    def load(name: None) -> None:
        raise TypeError("argument of type 'NoneType' is not iterable")

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(sys, "platform", "win32")
    assert give_back_memory() is False


def test_cycles_are_looked_for_rarely() -> None:
    """Python looks for cycles after YOUNG new objects, and how often it looks at older ones stays as it was."""
    before = gc.get_threshold()
    try:
        look_for_cycles_rarely()
        assert gc.get_threshold() == (YOUNG, *before[1:])
    finally:
        gc.set_threshold(*before)
