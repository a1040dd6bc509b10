import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from outlast.cosmos.bulk.number_file import NumberFile
from outlast.cosmos.bulk.shared_rate_controller import SharedRateController

ROOT = Path(__file__).resolve().parents[5]
WORKER = """
import sys, time
from pathlib import Path
from outlast.cosmos.bulk.number_file import NumberFile
from outlast.cosmos.bulk.shared_rate_controller import SharedRateController
controller, times = SharedRateController(time.monotonic, file=NumberFile(Path(sys.argv[1]))), int(sys.argv[2])
print(flush=True)
sys.stdin.readline()
while times:
    controller.sent(1)
    times -= 1
"""
HOLDER = """
import os, sys
from pathlib import Path
from outlast.cosmos.bulk.number_file import NumberFile
with NumberFile(Path(sys.argv[1])).opened() as opened:
    os.pwrite(opened.descriptor, b"half", 0)
    print(flush=True)
    sys.stdin.readline()
"""
SENDS = 4000
KILLS = 8


@contextmanager
def worker(path: Path, times: int = -1, code: str = WORKER) -> Iterator[subprocess.Popen[bytes]]:
    """A process that spends one operation after another from `begin` on: `times` of them, without end if negative."""
    command = [sys.executable, "-c", code, str(path), str(times)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        process.stdout.readline()
        try:
            yield process
        finally:
            process.kill()


def begin(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin
    process.stdin.write(b"\n")
    process.stdin.flush()


def controller_of(path: Path) -> SharedRateController:
    return SharedRateController(time.monotonic, file=NumberFile(path))


def test_no_change_of_two_processes_is_lost(tmp_path: Path) -> None:
    """What two processes spend at the same time adds up to the last operation."""
    path = tmp_path / "n"
    with worker(path, SENDS) as one, worker(path, SENDS) as other:
        begin(one)
        begin(other)
        assert (one.wait(60), other.wait(60)) == (0, 0)
    here = controller_of(path)
    here.wait()
    assert here.spent == 2 * SENDS * here.per_operation


def test_a_process_that_dies_in_a_write_holds_up_nobody(tmp_path: Path) -> None:
    """When a process is killed while it holds the lock and has written half, another goes on with what it knew."""
    path = tmp_path / "n"
    here = controller_of(path)
    here.answered(0, 0, 0, 3600.0)
    with worker(path, code=HOLDER) as other:
        other.kill()
        other.wait()
        here.waits_until = 0.0
        assert here.wait() > 3500
    assert controller_of(path).wait() > 3500


def test_a_process_goes_on_after_each_kill(tmp_path: Path) -> None:
    """When another process is killed at any instant, a process goes on with all that it has spent itself."""
    path = tmp_path / "n"
    here = controller_of(path)
    here.sent(1)
    for sends in range(KILLS):
        before = here.spent
        with worker(path) as other:
            begin(other)
            for _ in range(50 + sends):
                here.sent(1)
            other.kill()
            other.wait()
            here.sent(1)
        assert here.spent >= before + (51 + sends) * here.per_operation
