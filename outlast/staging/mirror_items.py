"""Compares the documents of a mirror report's run with manifests: what is unchanged, and what is gone."""

from collections.abc import Iterable, Sequence, Set
from struct import Struct
from typing import NamedTuple

from outlast.staging.document_keys import names_in
from outlast.staging.key_items import NAME
from outlast.staging.key_table import HASH, KeyTable

CONTENT = slice(28, 44)
"""Of an item, the hash of the document's content."""
KNOWN = Struct(f"{2 * HASH}s")
MANIFEST = KeyTable(KNOWN.size, named=True)
"""An entry of a manifest is the hash of a document's key and that of its content."""


class ManifestPiece(NamedTuple):
    """Some buckets of a manifest. `doubtful` are keys of documents whose content in the database is not known."""

    entries: bytes
    names: bytes
    doubtful: Set[bytes] = frozenset()

    def known(self) -> list[bytes]:
        return [entry for (entry,) in KNOWN.iter_unpack(self.entries)]


class Compared(NamedTuple):
    """`same` are the items that need not be written, `gone` the names of documents to delete, and `known` counts the
    documents of the manifests."""

    same: list[bytes]
    gone: list[bytes]
    known: int


def compare(items: Sequence[bytes], pieces: Sequence[ManifestPiece], *, based: bool) -> Compared:
    """Compare the documents to be stored with manifests of what the report has stored.

    A document is unchanged where all manifests have it with this content: one of the run that was completed last, and
    one of each run that failed since and may have written its own or not. `based`: the first of them is there.
    """
    same, keys, gone, known = list(items) if based else [], {item[:HASH] for item in items}, dict[bytes, bytes](), 0
    seen = set[bytes]()
    for piece in pieces:
        entries = piece.known()
        certain = {entry for entry in entries if entry[:HASH] not in piece.doubtful}
        same = [item for item in same if item[:HASH] + item[CONTENT] in certain]
        gone |= _gone(entries, piece.names, keys)
        seen |= {entry[:HASH] for entry in entries} if len(pieces) > 1 else set()
        known = len(seen) if len(pieces) > 1 else len(entries)
    return Compared(same, [gone[key] for key in sorted(gone)], known)


def _gone(entries: Sequence[bytes], names: bytes, keys: Set[bytes]) -> dict[bytes, bytes]:
    missing = [number for number, entry in enumerate(entries) if entry[:HASH] not in keys]
    if not missing:
        return {}
    lines = list(names_in(names))
    return {entries[number][:HASH]: lines[number] for number in missing}


def encode_manifest(items: Iterable[bytes]) -> bytes:
    """The manifest of these documents, which are sorted."""
    listed = list(items)
    return MANIFEST.encode([item[:HASH] + item[CONTENT] for item in listed], [item[NAME:] + b"\n" for item in listed])
