from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.document_keys import BUCKETS, ENTRY, OFFSETS, encode_keys, find_twins, range_of

Document = tuple[bytes, str, int]
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from([b"0A", b"3F"]), st.text(max_size=3), st.integers(2, 10**9)), max_size=40
)
APART = 2 * 10**9
"""Between the numbers of the rows of two parts."""


def pieces(data: bytes, step: int) -> list[bytes]:
    """The entries of a file, read in ranges of so many buckets."""
    found = []
    for first in range(0, BUCKETS, step):
        begin, length = range_of(data[: OFFSETS.size], first, min(BUCKETS, first + step))
        found.append(data[begin : begin + length])
    return found


@given(DOCUMENTS, st.integers(1, BUCKETS))
def test_ranges_of_buckets_hold_every_entry_once(documents: list[Document], step: int) -> None:
    """Whatever ranges are read, together they are all entries in their order."""
    data = encode_keys(documents)
    assert b"".join(pieces(data, step)) == data[OFFSETS.size :]
    assert len(data) == OFFSETS.size + ENTRY.size * len(documents)


@given(DOCUMENTS, DOCUMENTS)
def test_twins_are_found_exactly_where_two_parts_hold_one_document(one: list[Document], other: list[Document]) -> None:
    """The parts have a twin when and only when two rows share an id under a partition key."""
    other = [(key, name, row + APART) for key, name, row in other]
    parts = [list({document[:2]: document for document in part}.values()) for part in (one, other)]
    shared = {document[:2] for document in parts[0]} & {document[:2] for document in parts[1]}
    found = find_twins(encode_keys(part)[OFFSETS.size :] for part in parts)
    assert (found is None) == (not shared)
    assert found is None or found.documents == len(shared)


def test_a_row_is_no_twin_of_itself() -> None:
    """A row that is corrected may make the documents again that were stored of it before."""
    parts = [[(b"0A", "a", 2)], [(b"0A", "a", 2)]]
    assert find_twins(encode_keys(part)[OFFSETS.size :] for part in parts) is None


def test_the_rows_of_twins_are_named() -> None:
    """The first twins are those of the lowest rows."""
    parts = [[(b"0A", "a", 2), (b"0A", "b", 3)], [(b"0A", "b", 90), (b"0A", "a", 80)]]
    twins = find_twins(encode_keys(part)[OFFSETS.size :] for part in parts)
    assert twins is not None
    assert (twins.first, twins.second, twins.documents) == (2, 80, 2)


def test_the_same_id_under_two_partition_keys_is_two_documents() -> None:
    """The partition key belongs to a document's identity."""
    parts = [[(b"0A", "a", 2)], [(b"3F", "a", 3)]]
    assert find_twins(encode_keys(part)[OFFSETS.size :] for part in parts) is None


def test_a_document_of_many_rows_counts_once() -> None:
    """Seven rows of one document are one document that is made more than once."""
    parts = [[(b"0A", "twin", row)] for row in range(2, 9)]
    twins = find_twins(encode_keys(part)[OFFSETS.size :] for part in parts)
    assert twins is not None
    assert (twins.first, twins.second, twins.documents) == (2, 3, 1)
