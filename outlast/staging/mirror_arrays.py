"""Compares the documents of a mirror report's run with manifests, as arrays."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from outlast.staging.document_keys import names_in
from outlast.staging.key_arrays import HASHES, Array, Documents
from outlast.staging.key_table import BUCKETS, HASH
from outlast.staging.mirror_items import KNOWN, MANIFEST, ManifestPiece

MANIFESTED = np.dtype([("key", HASHES), ("content", HASHES)])


class ComparedArrays(NamedTuple):
    """Whether each document is unchanged, the names of documents to delete, and how many the manifests have."""

    same: Array
    gone: list[bytes]
    known: int


def compare(documents: Documents, pieces: Sequence[ManifestPiece], *, based: bool) -> ComparedArrays:
    """Compare sorted documents, each with a key of its own, as `mirror_items.compare` does."""
    same, gone, keys = np.full(len(documents), based), dict[bytes, bytes](), list[Array]()
    for piece in pieces:
        known = np.frombuffer(piece.entries, MANIFESTED)
        at, there = _places(documents.entries["key"], known["key"])
        same &= _unchanged(documents, known, at, there & ~_doubtful(known, piece))
        gone |= _gone(piece, np.flatnonzero(~there).tolist())
        keys.append(known["key"])
    count = len(np.unique(np.concatenate(keys))) if len(keys) > 1 else sum(map(len, keys))
    return ComparedArrays(same, [gone[key] for key in sorted(gone)], count)


def _places(keys: Array, known: Array) -> tuple[Array, Array]:
    """Where each known key is among sorted keys, and whether it is there."""
    if not len(keys):
        return np.zeros(len(known), np.int64), np.zeros(len(known), bool)
    at = np.minimum(np.searchsorted(keys, known), len(keys) - 1)
    return at, keys[at] == known


def _doubtful(known: Array, piece: ManifestPiece) -> Array:
    if not piece.doubtful:
        return np.zeros(len(known), bool)
    return np.isin(known["key"], np.array(list(piece.doubtful), HASHES))


def _unchanged(documents: Documents, known: Array, at: Array, certain: Array) -> Array:
    """Which documents a manifest has with this content, where it is certain. `at` is the document of each entry."""
    found, places = np.zeros(len(documents), bool), at[certain]
    equal = documents.entries["content"][places] == known["content"][certain]
    found[places[equal]] = True
    return found


def _gone(piece: ManifestPiece, missing: Sequence[int]) -> dict[bytes, bytes]:
    """By key, the names of these entries."""
    lines = list(names_in(piece.names)) if missing else []
    begins = [number * KNOWN.size for number in missing]
    return {piece.entries[at : at + HASH]: lines[number] for at, number in zip(begins, missing, strict=True)}


def encode_manifest(documents: Documents) -> bytes:
    """The manifest of sorted documents."""
    entries = np.empty(len(documents), MANIFESTED)
    entries["key"], entries["content"] = documents.entries["key"], documents.entries["content"]
    first_bytes = np.ascontiguousarray(entries.view(np.uint8)[:: KNOWN.size])
    firsts = np.searchsorted(first_bytes, np.arange(BUCKETS + 1))
    ends = np.concatenate(([0], np.cumsum(documents.ends - documents.begins)))[firsts]
    return MANIFEST.joined(firsts.tolist(), ends.tolist(), [entries.data], [documents.lines()])
