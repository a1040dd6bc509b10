"""Notices changes of the app's code."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

IGNORED = {".venv", ".local", ".git", "tests", "__pycache__", "node_modules", "local", "bench", "samples"}
INTERVAL = 1.0  # seconds between looks


def snapshot(folder: Path) -> dict[Path, int]:
    """Return every Python file of the app with the time of its last write."""
    return {path: path.stat().st_mtime_ns for path in _files(folder)}


async def changed(folder: Path, before: dict[Path, int]) -> dict[Path, int]:
    """Return the new state when it differs from the one before and has been stable for half an interval."""
    while True:
        await asyncio.sleep(INTERVAL)
        now = await asyncio.to_thread(snapshot, folder)
        if now != before:
            await asyncio.sleep(INTERVAL / 2)
            settled = await asyncio.to_thread(snapshot, folder)
            if settled == now:
                return now


def _files(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name not in IGNORED and not entry.name.startswith("."):
                yield from _files(entry)
        elif entry.suffix == ".py":
            yield entry
