from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.document_keys import KEYS, KeyedDocument, encode_keys
from outlast.staging.key_items import FIRST, LAST, REJECT, find_losers, items_of, read_item, sorted_items

Document = tuple[bytes, str, int, int]
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from([b"0A", b"3F"]), st.text(max_size=2), st.integers(2, 10**9), st.integers(0, 2**32 - 1)),
    max_size=40,
    unique_by=lambda document: document[2],
)
TWINS = [[(b"0A", "twin", 2, 0), (b"0A", "b", 3, 70)], [(b"0A", "twin", 90, 0)], [(b"0A", "twin", 5, 8)]]


def losers(parts: list[list[Document]], rule: str) -> list[tuple[int, int, int, int]]:
    """File, row, offset and the other row of each."""
    keyed = [[KeyedDocument(row, at, name, b"1", key, b"{}") for key, name, row, at in part] for part in parts]
    items = sorted_items(items_of(number, encode_keys(part)[KEYS.head :]) for number, part in enumerate(keyed))
    found = find_losers(items, rule)
    assert all(read_item(item) == loser.item for item, loser in found.items())
    return sorted((one.item.file, one.item.row, one.item.offset, one.other) for one in found.values())


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
    assert {(row, offset) for _, row, offset, _ in losers(parts, rule)} == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (LAST, [(0, 2, 0, 90), (2, 5, 8, 90)]),
        (FIRST, [(1, 90, 0, 2), (2, 5, 8, 2)]),
        (REJECT, [(0, 2, 0, 5), (1, 90, 0, 2), (2, 5, 8, 2)]),
    ],
)
def test_a_loser_names_the_row_that_won(rule: str, expected: list[tuple[int, int, int, int]]) -> None:
    """Every loser names the winner of the whole file; where none wins, another row that makes the document."""
    assert losers(TWINS, rule) == expected


def test_the_same_id_under_two_partition_keys_is_two_documents() -> None:
    """The partition key belongs to a document's identity."""
    assert losers([[(b"0A", "a", 2, 0)], [(b"3F", "a", 3, 0)]], LAST) == []
