"""Where acknowledged writes are kept: nowhere (memory only) or in SQLite."""

from dataclasses import dataclass, field
from typing import Protocol

from local.cosmos.state import Container
from local.cosmos.transaction import Change

Row = tuple[int, str, str, bytes, int, int, bytes]  # number, container, id, key, lsn, ts, body


class Journal(Protocol):
    """Takes changes up as they are made, and keeps them when told to."""

    @property
    def dirty(self) -> bool:
        """Whether something waits to be kept."""

    def changed(self, container: Container, changes: list[Change]) -> None:
        """Documents were written or removed."""

    def container_deleted(self, container: Container) -> None:
        """A container went away with its documents."""

    def resources_changed(self) -> None:
        """A database, container, throughput or partition map changed."""

    def take(self) -> "Batch":
        """What waits; from now on it is the caller's to keep."""

    def keep(self, batch: "Batch") -> None:
        """Make a batch durable; may run on another thread."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(slots=True)
class Batch:
    """Changes that are kept together."""

    items: dict[int, Row | None] = field(default_factory=dict)  # by number; None for a removed document
    containers: list[str] = field(default_factory=list)
    resources: bytes | None = None
    lsn: int = 0
    number: int = 0


class MemoryJournal:
    """Keeps nothing."""

    dirty = False

    def changed(self, container: Container, changes: list[Change]) -> None:
        """Nothing to do: the documents are in memory."""

    def container_deleted(self, container: Container) -> None:
        """Nothing to do."""

    def resources_changed(self) -> None:
        """Nothing to do."""

    def take(self) -> Batch:
        """Never anything."""
        return Batch()

    def keep(self, batch: Batch) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""
