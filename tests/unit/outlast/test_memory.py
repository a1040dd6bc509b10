import ctypes
import subprocess
import sys

import pytest

from outlast.memory import give_back_large_blocks

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
    """MB that are still held when 32 have been freed, with less than one behind them that is in use."""
    return int(subprocess.run([sys.executable, "-c", KEPT_MB, how], capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not give_back_large_blocks(), reason="another C library than glibc")
def test_what_was_freed_is_given_back() -> None:
    """The C library keeps it, unless it is told."""
    assert kept("told") <= 2
    assert kept("not told") >= 32


def test_another_system_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that is tried on Windows must load there, where no library goes by the name of None."""

    def load(name: None) -> None:
        raise TypeError("argument of type 'NoneType' is not iterable")

    monkeypatch.setattr(ctypes, "CDLL", load)
    monkeypatch.setattr(sys, "platform", "win32")
    assert give_back_large_blocks() is False
