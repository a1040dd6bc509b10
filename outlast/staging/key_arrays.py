"""Keys of a mirror report as arrays: the documents of some buckets, which of them lose, and tables of them.

Hashes are fixed texts to numpy, which sorts and compares these byte by byte. It drops zeros at the end of what it gives
to Python, so hashes leave it as bytes of a whole array.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from outlast.staging.key_items import FIRST, LAST
from outlast.staging.key_table import HASH
from outlast.staging.resolved import Table
from outlast.staging.to_compare import KeyPiece

AT_ONCE = 64 * 1024
"""Bytes of names that are joined at a time, about. Each has a number of 8 bytes meanwhile."""
LINE_END, OFFSET_BITS = ord("\n"), 32
Array = np.ndarray[Any, np.dtype[Any]]
HASHES = f"S{HASH}"
ENTRIES = np.dtype([("key", HASHES), ("row", ">u8"), ("offset", ">u4"), ("content", HASHES), ("documents", ">u4")])
RECORDS = np.dtype([("chunk", ">u4"), ("part", ">u4"), ("offset", ">u4"), ("row", ">u8"), ("other", ">u8")])


@dataclass(frozen=True, slots=True)
class Documents:
    """The entry of each document, the number of its file, and where its name begins and ends in `names`."""

    entries: Array
    files: Array
    begins: Array
    ends: Array
    names: bytes

    def __len__(self) -> int:
        return len(self.entries)

    def only(self, places: Array) -> "Documents":
        """Those at these places, in this order."""
        entries, files, begins, ends = (one.take(places) for one in (self.entries, self.files, self.begins, self.ends))
        return Documents(entries, files, begins, ends, self.names)

    def lines(self) -> bytes:
        """The names in the order of the documents, a line each."""
        step = max(1, AT_ONCE * len(self) // max(1, len(self.names)))
        return b"".join([self._lines(first, first + step) for first in range(0, len(self), step)])

    def _lines(self, first: int, after: int) -> bytes:
        begins, lengths = self.begins[first:after], (self.ends - self.begins)[first:after]
        places = np.repeat(begins - np.cumsum(lengths) + lengths, lengths)
        return np.frombuffer(self.names, np.uint8).take(places + np.arange(len(places))).tobytes()


def sorted_documents(pieces: Sequence[KeyPiece]) -> Documents:
    """The documents of these pieces in the order of their keys, then of their rows."""
    found = _documents(pieces)
    if later := {piece.file: list(piece.later) for piece in pieces if piece.later}:
        gone = [(found.files == file) & np.isin(found.entries["row"], rows) for file, rows in later.items()]
        found = found.only(np.flatnonzero(~np.logical_or.reduce(gone)))
    whole = found.entries.view(f"S{found.entries.itemsize}")
    return found.only(np.argsort(whole, kind="stable"))  # which merges files that are sorted


def _documents(pieces: Sequence[KeyPiece]) -> Documents:
    entries = np.frombuffer(b"".join([piece.entries for piece in pieces]), ENTRIES)
    names = b"".join([piece.names or b"" for piece in pieces])
    counts = [len(piece.entries) // ENTRIES.itemsize for piece in pieces]
    files = np.repeat(np.array([piece.file for piece in pieces], np.int64), counts)
    ends = np.flatnonzero(np.frombuffer(names, np.uint8) == LINE_END) + 1
    return Documents(entries, files, np.concatenate(([0], ends))[:-1], ends, names)


def find_losers(documents: Documents, rule: str) -> tuple[Array, Array]:
    """Whether each of sorted documents loses, and the row that won; where none wins, another one that lost."""
    keys, rows = documents.entries["key"], documents.entries["row"]
    twins, before, after = keys[1:] == keys[:-1], np.zeros(len(keys), bool), np.zeros(len(keys), bool)
    before[1:], after[:-1] = twins, twins
    loses = {LAST: after, FIRST: before}.get(rule, before | after)
    if not loses.any():
        return loses, rows
    places = np.arange(len(keys))
    first = np.maximum.accumulate(np.where(before, 0, places))
    last = np.minimum.accumulate(np.where(after, len(keys), places)[::-1])[::-1]
    other = {LAST: last, FIRST: first}.get(rule, np.where(before, first, np.minimum(first + 1, last)))
    return loses, rows[other]


def encode_records(
    table: Table, places: Sequence[tuple[int, int]], documents: Documents, chosen: Array, other: Array
) -> bytes:
    """The table of the documents at `chosen`. `places` are chunk and part of each file."""
    entries, files = documents.entries, documents.files
    within = files.take(chosen) << OFFSET_BITS | entries["offset"].take(chosen)
    order = chosen.take(np.argsort(within))
    records, placed = np.empty(len(order), RECORDS), np.array(places, np.int64).take(files.take(order), axis=0)
    records["chunk"], records["part"], records["other"] = placed[:, 0], placed[:, 1], other.take(order)
    records["offset"], records["row"] = entries["offset"].take(order), entries["row"].take(order)
    firsts = np.searchsorted(records["chunk"], np.arange(table.firsts))
    return table.joined(firsts.tolist(), [records.data])
