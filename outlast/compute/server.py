"""The child process: runs the reports' own code on request, and ends when its input ends.

It is started with the app's folder and a folder of its own for two small files: where it is (see `position`), and the
line at which it was when it was stopped.
"""

import faulthandler
import logging
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from outlast.carried_logs import Collector
from outlast.compute.answers import Answers
from outlast.compute.position import POSITION, TRACE, Position
from outlast.compute.wire import LENGTHS, Frame, pack, unpack
from outlast.memory import give_back_memory, look_for_cycles_rarely

MOST_BYTES = 1024**3
"""Memory of the child. Beyond it Python raises MemoryError, which costs the row at work and not the instance."""


def main() -> None:
    app, own = Path(sys.argv[2]), Path(sys.argv[3])
    receive, send = _take_pipes()
    trace = (own / TRACE).open("wb")
    _be_stoppable(trace)
    _bound_memory()
    look_for_cycles_rarely()
    logs = Collector()
    logging.basicConfig(level=logging.INFO, format="%(message)s", handlers=[logs])
    logging.getLogger("azure").setLevel(logging.WARNING)
    process = os.getpid()
    answers = Answers(app / "reports", Position(own / POSITION), logs)
    _write(send, pack({"ready": True}, []))
    while frame := _read(receive):
        # A stopped child whose app has died must not stay, and nothing in Python runs while a row holds the lock.
        faulthandler.dump_traceback_later(frame.header["orphan"], exit=True, file=trace)
        answer = answers.answer(frame)
        faulthandler.cancel_dump_traceback_later()
        if os.getpid() != process:  # a copy that a report has forked would answer a second time
            os._exit(0)
        _write(send, answer)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the pipes out of reach: what a report prints goes to the error output."""
    receive, send = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return receive, send


def _be_stoppable(trace: BinaryIO) -> None:
    """On a signal write down the line at work. This needs no lock, so it works inside a regular expression, too."""
    if hasattr(faulthandler, "register"):
        faulthandler.register(signal.SIGUSR1, trace, all_threads=False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the host, which ends this


def _bound_memory() -> None:
    """Where memory runs out, the system ends this process and not the worker."""
    give_back_memory()
    if sys.platform != "linux":
        return
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, resource.getrlimit(resource.RLIMIT_DATA)[1]))
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def _read(receive: BinaryIO) -> Frame | None:
    lengths = receive.read(LENGTHS.size)
    if len(lengths) < LENGTHS.size:
        return None
    header, body = LENGTHS.unpack(lengths)
    return unpack(receive.read(header), receive.read(body))


def _write(send: BinaryIO, data: bytes) -> None:
    try:
        send.write(data)
        send.flush()
    except BrokenPipeError:
        os._exit(0)
