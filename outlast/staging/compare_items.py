"""Compares a few keys, as Python's objects. `compare_arrays` gives the same for many."""

from collections.abc import Iterable, Iterator, Sequence

from outlast.staging.key_items import HEAD, Loser, find_losers, items_of, read_item, sorted_items
from outlast.staging.mirror_items import Compared, compare, encode_manifest
from outlast.staging.resolved import LOST, SAME, Placed, Record
from outlast.staging.to_compare import KeyPiece, Outcome, ToCompare

Places = Sequence[tuple[int, int]]


def compare_items(given: ToCompare) -> Outcome:
    items = sorted_items(map(_items, _taken_out(given.pieces)))
    losers = find_losers(items, given.rule)
    winners = [item for item in items if item not in losers] if losers else items
    same, gone, known = _compared(winners, given)
    manifest = b"" if given.manifests is None else encode_manifest(winners)
    records = {LOST: _lost(losers.values(), given.places), SAME: _unchanged(same, given.places)}
    counts = {LOST: len(losers), SAME: len(same)}
    tables = {kind: given.table.encode(records[kind]) for kind, count in counts.items() if count}
    return Outcome(len(losers), len(winners), len(same), known, gone, tables, manifest)


def _taken_out(pieces: list[KeyPiece]) -> Iterator[KeyPiece]:
    while pieces:
        yield pieces.pop()


def _items(piece: KeyPiece) -> list[bytes]:
    found = items_of(piece.file, piece.entries, piece.names)
    return [item for item in found if read_item(item).row not in piece.later] if piece.later else found


def _compared(winners: Sequence[bytes], given: ToCompare) -> Compared:
    return Compared([], [], 0) if given.manifests is None else compare(winners, given.manifests, based=given.based)


def _lost(losers: Iterable[Loser], places: Places) -> Iterator[Record]:
    for item, other in losers:
        yield Placed(*places[item.file], item.offset, item.row, other)


def _unchanged(items: Iterable[bytes], places: Places) -> Iterator[Record]:
    """Each with how many documents its row has made."""
    for _, row, offset, _, documents, file in map(HEAD.unpack_from, items):
        yield *places[file], offset, row, documents
