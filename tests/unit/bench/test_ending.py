"""How a process of a bench ends that has used the storage library."""

import subprocess
import sys

THREAD_AT_WORK = """
import threading, time
from bench.ending import tell
threading.Thread(target=time.sleep, args=(600,)).start()
tell({"peak": 1.5})
"""


def test_figures_are_told_and_no_thread_is_waited_for() -> None:
    """A process tells its figures and ends well while one of its threads is still at work."""
    ended = subprocess.run([sys.executable, "-c", THREAD_AT_WORK], capture_output=True, timeout=60, text=True)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, '{"peak": 1.5}', "")
