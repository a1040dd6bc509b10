import subprocess
import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.staging import comparing
from outlast.staging.compare_arrays import compare_arrays
from outlast.staging.compare_items import compare_items
from outlast.staging.document_keys import NAMED_KEYS, KeyedDocument, encode_named_keys, hash_of
from outlast.staging.key_items import FIRST, LAST, REJECT
from outlast.staging.mirror_items import MANIFEST, ManifestPiece
from outlast.staging.resolved import LOST, SAME, Table
from outlast.staging.to_compare import KeyPiece, ToCompare

Document = tuple[str, bytes]
NAMES, BODIES, ROWS = st.sampled_from(["a", "b", "c", "d", "ä\n"]), st.sampled_from([b"1", b"2"]), st.integers(2, 9)
DOCUMENTS = st.lists(st.tuples(NAMES, BODIES), max_size=8, unique_by=lambda document: document[0])
FILES = st.lists(st.tuples(DOCUMENTS, st.frozensets(ROWS, max_size=2), st.integers(0, 2**32 - 100)), max_size=4)
MANIFESTS = st.lists(st.tuples(DOCUMENTS, st.frozensets(NAMES, max_size=2)), max_size=3)
HASH, ZEROS = bytes(range(16)), bytes(16)


def keyed(documents: Sequence[Document], first: int) -> list[KeyedDocument]:
    """Documents of rows that each make two. `first` is where the first begins."""
    return [
        KeyedDocument(2 + at // 2, first + at, name, b'"p"', b"0A", body) for at, (name, body) in enumerate(documents)
    ]


def key_piece(
    number: int, documents: Sequence[Document], later: frozenset[int] = frozenset(), first: int = 0
) -> KeyPiece:
    data = encode_named_keys(keyed(documents, first))
    begin, length = NAMED_KEYS.entries(data, 0, 256)
    at, size = NAMED_KEYS.names(data, 0, 256)
    return KeyPiece(number, data[begin : begin + length], data[at : at + size], later)


def manifest_piece(documents: Sequence[Document], doubtful: frozenset[str] = frozenset()) -> ManifestPiece:
    data = compare_items(ToCompare([key_piece(0, documents)], [(0, 0)], Table.of(1), LAST, [])).manifest
    begin, length = MANIFEST.entries(data, 0, 256)
    at, size = MANIFEST.names(data, 0, 256)
    keys = frozenset(hash_of(b"0A", name) for name in doubtful)
    return ManifestPiece(data[begin : begin + length], data[at : at + size], keys)


@given(FILES, MANIFESTS, st.sampled_from([LAST, FIRST, REJECT]), st.booleans())
def test_arrays_give_what_items_give(
    files: list[tuple[list[Document], frozenset[int], int]],
    manifests: list[tuple[list[Document], frozenset[str]]],
    rule: str,
    based: bool,
) -> None:
    """Counts, tables, names and manifest are the same to the byte, with twins, corrected rows, several manifests and
    documents whose content is doubtful."""
    pieces = [key_piece(number, *file) for number, file in enumerate(files)]
    places = [(number // 2, number % 2) for number in range(len(files))]
    known = [manifest_piece(*one) for one in manifests]
    to_compare = ToCompare(pieces, places, Table.of(3), rule, known, based)
    assert compare_arrays(to_compare) == compare_items(to_compare)


@pytest.mark.parametrize("key", [ZEROS, HASH[:15] + b"\0", b"\xff" * 16])
def test_a_hash_may_begin_and_end_with_zeros(key: bytes) -> None:
    """Zeros at the end of a hash belong to it, in the run's keys and in the manifest."""
    whole = key_piece(0, [("a", b"1")])
    piece = whole._replace(entries=key + whole.entries[16:28] + key + whole.entries[44:])
    known = ManifestPiece(key + key, b'"p"\t"a"\n')
    for manifests in ([known], [known._replace(doubtful=frozenset([key]))], [known, known], []):
        to_compare = ToCompare([piece], [(0, 0)], Table.of(1), LAST, manifests, based=True)
        assert compare_arrays(to_compare) == compare_items(to_compare)
        gone = to_compare._replace(pieces=[whole])
        assert compare_arrays(gone) == compare_items(gone)


def test_twins_of_many_files_and_long_names_are_compared_alike() -> None:
    """Names that are joined in several steps stay with their documents, and tables are in the order of the places."""
    files = [
        [(f"{at % 1_000}{'x' * (at % 100)}", b"%d" % (at % 3)) for at in range(part, 2_000, 7)] for part in range(7)
    ]
    known = [manifest_piece(documents[::2]) for documents in files]
    pieces = [key_piece(number, documents, first=number) for number, documents in enumerate(files)]
    whole = ToCompare(pieces, [(part // 3, part % 3) for part in range(7)], Table.of(3), LAST, known[:1], based=True)
    outcome = compare_arrays(whole)
    assert outcome == compare_items(whole)
    assert outcome.tables.keys() == {LOST, SAME}
    assert outcome.gone == []


def test_a_small_run_does_not_load_numpy() -> None:
    """Neither a small mirror run nor a large run of another mode loads numpy."""
    small = "from outlast.staging.comparing import compare_keys; from outlast.staging.to_compare import *; import sys; "
    mirror = "given = ToCompare([], [], Table.of(1), 'last', []); compare_keys(given, 99_999); "
    others = "compare_keys(given._replace(manifests=None), 10**7); assert 'numpy' not in sys.modules; "
    large = "compare_keys(given, 100_000); assert 'numpy' in sys.modules"
    assert comparing.MANY == 100_000
    subprocess.run([sys.executable, "-c", small + mirror + others + large], check=True)
