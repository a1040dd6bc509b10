"""The interface of journals, which make writes durable, and the journal that keeps nothing."""

from dataclasses import dataclass, field
from typing import Protocol

from local.cosmos.partitions import Change
from local.cosmos.state import Container

Row = tuple[int, str, str, bytes, int, int, bytes]  # number, container, id, key, lsn, ts, body


class Journal(Protocol):
    """Collects changes as they are made, and makes them durable in batches."""

    @property
    def dirty(self) -> bool:
        """Whether changes wait for `take`."""

    def changed(self, container: Container, changes: list[Change]) -> None:
        """Documents were written or removed."""

    def container_deleted(self, container: Container) -> None:
        """A container was deleted with its documents."""

    def resources_changed(self) -> None:
        """A database, container, throughput or partition map changed."""

    def take(self) -> "Batch":
        """The waiting changes. The caller passes them to `keep`."""

    def keep(self, batch: "Batch") -> None:
        """Makes a batch durable; may run on another thread."""

    def close(self) -> None:
        """Releases the file."""


@dataclass(slots=True)
class Batch:
    """Changes that are committed together."""

    items: dict[int, Row | None] = field(default_factory=dict)  # by number; None where the document was removed
    containers: list[str] = field(default_factory=list)
    resources: bytes | None = None
    lsn: int = 0
    number: int = 0


class MemoryJournal:
    """Keeps nothing: the documents are in memory only."""

    dirty = False

    def changed(self, container: Container, changes: list[Change]) -> None:
        """Does nothing."""

    def container_deleted(self, container: Container) -> None:
        """Does nothing."""

    def resources_changed(self) -> None:
        """Does nothing."""

    def take(self) -> Batch:
        return Batch()

    def keep(self, batch: Batch) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""
