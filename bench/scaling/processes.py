"""What the processes of a host use, as Linux counts it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
WORKER = "local.host.workers.worker"


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of CPU of all workers, with the processes in which they run reports; MB that one had at most;
    `host_seconds` the CPU of the host itself."""

    cpu_seconds: float
    worker_mb: float
    host_mb: float
    host_seconds: float


def used_by(host: int) -> Used:
    """What the host of this process id and its workers have used since they were started."""
    workers = workers_of(host)
    own = [pid for worker in workers for pid in (worker, *below(worker))]
    return Used(sum(map(_cpu, own)), max(map(peak_mb, workers), default=0.0), peak_mb(host), _cpu(host))


def workers_of(host: int) -> list[int]:
    """The process ids of a host's workers."""
    return [pid for pid in below(host) if WORKER in _command(pid)]


def below(pid: int) -> Iterator[int]:
    """The processes that this one has started, and those that they have."""
    for child in _parents().get(pid, []):
        yield child
        yield from below(child)


def _parents() -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for path in PROC.glob("[0-9]*/stat"):
        fields = _stat(path)
        if fields:
            found.setdefault(int(fields[1]), []).append(int(path.parent.name))
    return found


def _stat(path: Path) -> list[str]:
    """The fields behind the name, which is in parentheses; none of a process that has ended."""
    try:
        return path.read_text("utf-8", "replace").rpartition(") ")[2].split()
    except OSError:
        return []


def _command(pid: int) -> str:
    try:
        return (PROC / str(pid) / "cmdline").read_text("utf-8", "replace")
    except OSError:
        return ""


def _cpu(pid: int) -> float:
    """Seconds in the program and in the system; those of children that were waited for, too."""
    fields = _stat(PROC / str(pid) / "stat")
    return sum(map(int, fields[11:15])) / TICKS if fields else 0.0


def peak_mb(pid: int | str = "self") -> float:
    """MB that a process had at most; 0 on other systems than Linux. `getrusage` is no help, because its peak includes
    that of the parent."""
    return _status_mb(pid, "VmHWM:")


def held_mb(pid: int) -> float:
    """MB that a process has now; 0 on other systems than Linux."""
    return _status_mb(pid, "VmRSS:")


def _status_mb(pid: int | str, name: str) -> float:
    status = PROC / str(pid) / "status"
    lines = status.read_text("ascii", "replace").splitlines() if status.exists() else []
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
