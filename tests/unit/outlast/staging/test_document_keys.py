from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.document_keys import (
    BUCKETS,
    ENTRY,
    FIRST,
    LAST,
    OFFSETS,
    REJECT,
    Loser,
    encode_keys,
    find_losers,
    range_of,
)

Document = tuple[bytes, str, int, int]
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from([b"0A", b"3F"]), st.text(max_size=2), st.integers(2, 10**9), st.integers(0, 2**32 - 1)),
    max_size=40,
    unique_by=lambda document: document[2],
)
TWINS = [[(b"0A", "twin", 2, 0), (b"0A", "b", 3, 70)], [(b"0A", "twin", 90, 0)], [(b"0A", "twin", 5, 8)]]


def pieces(data: bytes, step: int) -> list[bytes]:
    """The entries of a file, read in ranges of so many buckets."""
    found = []
    for first in range(0, BUCKETS, step):
        begin, length = range_of(data[: OFFSETS.size], first, min(BUCKETS, first + step))
        found.append(data[begin : begin + length])
    return found


def losers(parts: list[list[Document]], rule: str) -> list[Loser]:
    return find_losers([encode_keys(part)[OFFSETS.size :] for part in parts], rule)


@given(DOCUMENTS, st.integers(1, BUCKETS))
def test_ranges_of_buckets_hold_every_entry_once(documents: list[Document], step: int) -> None:
    """Whatever ranges are read, together they are all entries in their order."""
    data = encode_keys(documents)
    assert b"".join(pieces(data, step)) == data[OFFSETS.size :]
    assert len(data) == OFFSETS.size + ENTRY.size * len(documents)


@given(DOCUMENTS, st.integers(1, 40), st.sampled_from([LAST, FIRST, REJECT]))
def test_all_but_the_winner_lose_however_the_rows_are_divided(documents: list[Document], size: int, rule: str) -> None:
    """Of the documents with one id under one partition key, one is left, or none."""
    by_row = sorted(documents, key=lambda document: document[:3])
    expected = set()
    for _, group in groupby(by_row, key=lambda document: document[:2]):
        rows = [document[2:] for document in group]
        keeps = {LAST: rows[-1:], FIRST: rows[:1], REJECT: rows if len(rows) == 1 else []}[rule]
        expected |= set(rows) - set(keeps)
    parts = [documents[first : first + size] for first in range(0, len(documents), size)]
    assert {(loser.row, loser.offset) for loser in losers(parts, rule)} == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (LAST, [Loser(2, 0, 90), Loser(5, 8, 90)]),
        (FIRST, [Loser(5, 8, 2), Loser(90, 0, 2)]),
        (REJECT, [Loser(2, 0, 5), Loser(5, 8, 2), Loser(90, 0, 2)]),
    ],
)
def test_a_loser_names_the_row_that_won(rule: str, expected: list[Loser]) -> None:
    """Every loser names the winner of the whole file; where none wins, another row that makes the document."""
    assert losers(TWINS, rule) == expected


def test_the_same_id_under_two_partition_keys_is_two_documents() -> None:
    """The partition key belongs to a document's identity."""
    assert losers([[(b"0A", "a", 2, 0)], [(b"3F", "a", 3, 0)]], LAST) == []
