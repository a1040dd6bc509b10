"""Compares keys: which documents lose to those of other rows, and what a mirror report has to change.

An item is what is known of one document: its entry, the number of the file in which that lies, and its name. Items sort
by the hash of the key, then by row.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, groupby, pairwise
from operator import itemgetter
from struct import Struct
from typing import NamedTuple

from outlast.staging.document_keys import ENTRY, NAMED_ENTRY, names_in
from outlast.staging.key_table import HASH

FILE = Struct(">I")
LAST, FIRST, REJECT = "last", "first", "reject"
"""What becomes of rows that make one document: the last of the file wins, the first does, or none."""
NAME = NAMED_ENTRY.size + FILE.size
_WHOLE, _NAMED = Struct(f"{ENTRY.size}s"), Struct(f"{NAMED_ENTRY.size}s")
_NOTHING = bytes(NAMED_ENTRY.size - ENTRY.size)
"""In place of what only the entries of a mirror report have."""
HEAD = Struct(">16sQI16sII")
"""What an item begins with: hash of the key, row, offset, hash of the content, documents of the row, file."""
_KEY: Callable[[bytes], bytes] = itemgetter(slice(0, HASH))


class Item(NamedTuple):
    """What an item says. `documents` counts those that its row has made, in a mirror report."""

    row: int
    offset: int
    file: int
    documents: int


class Loser(NamedTuple):
    """A document that another row has made, too, and that is not stored.

    `other` is the row that won; where none wins, another one that lost.
    """

    item: Item
    other: int


def items_of(file: int, entries: bytes, names: bytes | None = None) -> list[bytes]:
    """The items of a stretch of one file."""
    tag = FILE.pack(file)
    if names is None:
        end = _NOTHING + tag
        return [entry + end for (entry,) in _WHOLE.iter_unpack(entries)]
    pairs = zip(_NAMED.iter_unpack(entries), names_in(names), strict=True)
    return [entry + tag + name for (entry,), name in pairs]


def sorted_items(pieces: Iterable[Iterable[bytes]]) -> list[bytes]:
    return sorted(chain.from_iterable(pieces))


def read_item(item: bytes) -> Item:
    _, row, offset, _, documents, file = HEAD.unpack_from(item)
    return Item(row, offset, file, documents)


def find_losers(items: Sequence[bytes], rule: str) -> dict[bytes, Loser]:
    """Of sorted items, those that lose."""
    same = [item for before, after in pairwise(items) if before[:HASH] == after[:HASH] for item in (before, after)]
    groups = (list(dict.fromkeys(group)) for _, group in groupby(same, key=_KEY))
    return {item: loser for group in groups for item, loser in _losers(group, rule)}


def _losers(group: Sequence[bytes], rule: str) -> Iterable[tuple[bytes, Loser]]:
    """Of items with one key in the order of their rows, those that lose."""
    read = [read_item(item) for item in group]
    if rule == REJECT:
        others = [read[1].row, *(read[0].row for _ in read[1:])]
        return [(item, Loser(one, other)) for item, one, other in zip(group, read, others, strict=True)]
    winner = 0 if rule == FIRST else len(group) - 1
    return [(group[n], Loser(one, read[winner].row)) for n, one in enumerate(read) if n != winner]
