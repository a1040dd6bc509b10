from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.document_keys import (
    ENTRY,
    KEYS,
    NAMED_ENTRY,
    NAMED_KEYS,
    KeyedDocument,
    encode_keys,
    encode_named_keys,
    hash_of,
    name_line,
    names_in,
)
from outlast.staging.key_table import BUCKETS, KeyTable, Range

DOCUMENTS = st.lists(
    st.builds(
        KeyedDocument,
        row=st.integers(2, 10**9),
        offset=st.integers(0, 2**32 - 1),
        name=st.text(max_size=3),
        key=st.sampled_from([b'"a"', b"5", b"null"]),
        effective_key=st.sampled_from([b"0A", b"3F"]),
        body=st.binary(max_size=5),
    ),
    max_size=40,
    unique_by=lambda document: (document.effective_key, document.name),
)


def ranges(table: KeyTable, data: bytes, step: int) -> tuple[list[bytes], list[bytes]]:
    """Entries and names, read in ranges of so many buckets."""
    head, entries, names = data[: table.head], list[bytes](), list[bytes]()

    def read(place: Range) -> bytes:
        return data[place[0] : place[0] + place[1]]

    for first in range(0, BUCKETS, step):
        after = min(BUCKETS, first + step)
        found = read(table.entries(head, first, after))
        entries += [found[at : at + table.entry] for at in range(0, len(found), table.entry)]
        if table.named:
            names += names_in(read(table.names(head, first, after)))
    return entries, names


@given(DOCUMENTS, st.integers(1, BUCKETS))
def test_ranges_of_buckets_hold_every_entry_once(documents: list[KeyedDocument], step: int) -> None:
    """Whatever ranges are read, together they are all entries in their order, without and with names."""
    data, named = encode_keys(documents), encode_named_keys(documents)
    entries, _ = ranges(KEYS, data, step)
    assert entries == sorted(entries)
    assert {entry[:16] for entry in entries} == {hash_of(one.effective_key, one.name) for one in documents}
    assert KEYS.count(data) == len(documents)
    again, names = ranges(NAMED_KEYS, named, step)
    assert [entry[: ENTRY.size] for entry in again] == entries
    by_hash = {hash_of(one.effective_key, one.name): name_line(one.key, one.name)[:-1] for one in documents}
    assert names == [by_hash[entry[:16]] for entry in again]


def test_an_entry_of_a_mirror_report_counts_the_documents_of_its_row() -> None:
    """Equal contents have equal hashes, and each entry says how many documents its row has."""
    made = [KeyedDocument(row, 7, name, b"1", b"0A", b"{}") for row, name in ((2, "a"), (2, "b"), (3, "c"))]
    entries = [NAMED_ENTRY.unpack(entry) for entry in ranges(NAMED_KEYS, encode_named_keys(made), 256)[0]]
    assert sorted((row, documents) for _, row, _, _, documents in entries) == [(2, 2), (2, 2), (3, 1)]
    assert len({content for *_, content, _ in entries}) == 1
