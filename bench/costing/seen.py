"""What emulator and host have counted, read again and again, because neither keeps all of a long run."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from os.path import samestat
from pathlib import Path

import orjson

from local.cosmos.control import Control

EVERY_SECONDS = 1.0


class UnitsSeen:
    """The request units that a container was served. The emulator keeps those of 300 seconds."""

    def __init__(self, cosmos: str, database: str, container: str) -> None:
        self._control = Control(cosmos)
        self._name = (database, container)
        self._units: dict[tuple[str, int], float] = {}

    def look(self) -> None:
        for partition in self._control.container(*self._name)["partitions"]:
            self._units.update({(partition["id"], second): units for second, units in partition["served"]})

    @property
    def total(self) -> float:
        return sum(self._units.values())


class LinesSeen:
    """How many rows of each category are in the host's file of telemetry. It begins the file anew when that has grown
    large, and keeps one of those before."""

    def __init__(self, telemetry: Path) -> None:
        self._path = telemetry
        self._file: BufferedReader | None = None
        self._rest = b""
        self.counts: Counter[str] = Counter()

    def look(self) -> None:
        """Read on; then from the beginning, if the file is another one by now."""
        if self._file is None and self._path.exists():
            self._file = self._path.open("rb")
        if self._file is not None:
            self._read(self._file)
            if self._path.exists() and not samestat(self._path.stat(), os.fstat(self._file.fileno())):
                self._read(self._file)
                self._file.close()
                self._file = self._path.open("rb")
                self._read(self._file)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _read(self, file: BufferedReader) -> None:
        *lines, self._rest = (self._rest + file.read()).split(b"\n")
        self.counts.update(_category(line) for line in lines)


def _category(line: bytes) -> str:
    """That of a log line; spans have none."""
    return str((orjson.loads(line).get("customDimensions") or {}).get("Category", ""))


class Seen:
    """`units` and `lines` so far; `look` brings both up to date."""

    def __init__(self, units: UnitsSeen, lines: LinesSeen) -> None:
        self.units, self.lines = units, lines
        self._lock = threading.Lock()

    def look(self) -> None:
        with self._lock:
            self.units.look()
            self.lines.look()


@contextmanager
def seen(units: UnitsSeen, lines: LinesSeen) -> Iterator[Seen]:
    """Look every second until the block ends."""
    found, ended = Seen(units, lines), threading.Event()

    def look_on() -> None:
        while not ended.wait(EVERY_SECONDS):
            found.look()

    thread = threading.Thread(target=look_on, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ended.set()
        thread.join()
        lines.close()
