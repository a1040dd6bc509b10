"""What is compared of some buckets of a run's keys, and what comes of it."""

from collections.abc import Sequence, Set
from typing import NamedTuple

from outlast.staging.mirror_items import ManifestPiece
from outlast.staging.resolved import Decided, Stretch, Table


class KeyPiece(NamedTuple):
    """The keys that one file has. `later` are rows that were corrected since: their documents do not count."""

    file: int
    entries: bytes
    names: bytes | None = None
    later: Set[int] = frozenset()


class ToCompare(NamedTuple):
    """`pieces` are taken out where they become Python's objects, so that no key is in memory twice.
    `places` are chunk and part of each file; files are in this order, too. `rule` says which row wins.

    `manifests` are None in a report that is no mirror. `based`: the first of them is that of a completed run.
    """

    pieces: list[KeyPiece]
    places: Sequence[tuple[int, int]]
    table: Table
    rule: str
    manifests: Sequence[ManifestPiece] | None = None
    based: bool = False


class Outcome(NamedTuple):
    """Counts as in Decided, the tables of the kinds LOST and SAME that have records, the names of documents to delete,
    and in a mirror report the run's own manifest."""

    lost: int
    documents: int
    same: int
    known: int
    gone: list[bytes]
    tables: dict[str, bytes]
    manifest: bytes

    def decided(self, stretch: Stretch) -> Decided:
        return Decided(*stretch, self.lost, self.documents, self.same, len(self.gone), self.known)
