"""The file of telemetry: one row a line, as JSON. A file that has grown large is kept as FILE.1 and begun anew."""

from pathlib import Path
from typing import Any

import orjson

LARGEST = 64 * 1024 * 1024
"""Bytes after which the file is begun anew."""


class TelemetryFile:
    """Appends rows. A row is on its way to the disk when `write` returns."""

    def __init__(self, path: Path, largest: int = LARGEST) -> None:
        self._path = path
        self._largest = largest
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab", buffering=0)

    def write(self, row: dict[str, Any]) -> None:
        """Append one row."""
        if self._file.tell() >= self._largest:
            self._file.close()
            self._path.replace(older(self._path))
            self._file = self._path.open("ab", buffering=0)
        self._file.write(orjson.dumps(row) + b"\n")

    def close(self) -> None:
        self._file.close()


def older(path: Path) -> Path:
    """Return the name under which the rows before the present file are kept."""
    return path.with_name(f"{path.name}.1")
