import ctypes
import gc
import subprocess
import sys

import pytest

from outlast.memory import YOUNG, give_back_large_blocks, look_for_cycles_rarely

KEPT_MB = """
import sys
from pathlib import Path
from outlast.memory import give_back_large_blocks

def held():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) // 1024

if sys.argv[1] == "told":
    give_back_large_blocks()
before = held()
largest = b"x" * (10 << 20)
del largest
blocks = [b"x" * (8 << 20) for _ in range(4)]
behind = b"x" * (900 << 10)
del blocks
print(held() - before)
"""


def kept(how: str) -> int:
    """MB still held after 32 MB were freed, while a block of less than 1 MB after them is in use."""
    return int(subprocess.run([sys.executable, "-c", KEPT_MB, how], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not give_back_large_blocks(), reason="another C library than glibc")
def test_what_was_freed_is_given_back() -> None:
    """Freed blocks go back to the system when the threshold is set, and stay otherwise."""
    assert kept("told") <= 2
    assert kept("not told") >= 32


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """On Windows, where no C library is loaded by None, nothing is set and nothing fails."""

    def load(name: None) -> None:
        raise TypeError("argument of type 'NoneType' is not iterable")

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(sys, "platform", "win32")
    assert give_back_large_blocks() is False


def test_cycles_are_looked_for_rarely() -> None:
    """Python looks for cycles after YOUNG new objects, and how often it looks at older ones stays as it was."""
    before = gc.get_threshold()
    try:
        look_for_cycles_rarely()
        assert gc.get_threshold() == (YOUNG, *before[1:])
    finally:
        gc.set_threshold(*before)
