from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.document_keys import NAMED_KEYS, KeyedDocument, encode_named_keys, hash_of
from outlast.staging.key_items import items_of, read_item, sorted_items
from outlast.staging.mirror_items import MANIFEST, ManifestPiece, compare, encode_manifest

CONTENTS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from([b"1", b"2", b"3"]))
"""Content by id."""


def items(contents: Mapping[str, bytes]) -> list[bytes]:
    """The items of documents whose rows are the numbers of their ids."""
    made = [KeyedDocument(ord(name), 0, name, b'"p"', b"0A", body) for name, body in contents.items()]
    data = encode_named_keys(made)
    head = data[: NAMED_KEYS.head]
    begin, length = NAMED_KEYS.entries(head, 0, 256)
    at, size = NAMED_KEYS.names(head, 0, 256)
    return sorted_items([items_of(0, data[begin : begin + length], data[at : at + size])])


def piece(contents: Mapping[str, bytes], doubtful: str = "") -> ManifestPiece:
    data = encode_manifest(items(contents))
    head = data[: MANIFEST.head]
    begin, length = MANIFEST.entries(head, 0, 256)
    at, size = MANIFEST.names(head, 0, 256)
    keys = frozenset(hash_of(b"0A", name) for name in doubtful)
    return ManifestPiece(data[begin : begin + length], data[at : at + size], keys)


def compared(contents: Mapping[str, bytes], *pieces: ManifestPiece, based: bool = True) -> tuple[str, str, int]:
    """The ids that are unchanged, those that are gone, and the number of known documents."""
    found = compare(items(contents), pieces, based=based)
    same = "".join(sorted(chr(read_item(item).row) for item in found.same))
    gone = sorted(line.split(b"\t")[1].decode().strip('"') for line in found.gone)
    assert all(line.startswith(b'"p"\t') for line in found.gone)
    return same, "".join(gone), found.known


@given(CONTENTS, CONTENTS)
def test_what_is_equal_is_unchanged_and_what_is_missing_is_gone(new: dict[str, bytes], old: dict[str, bytes]) -> None:
    """With one manifest, comparing is that of two dictionaries."""
    same = "".join(sorted(name for name, body in new.items() if old.get(name) == body))
    assert compared(new, piece(old)) == (same, "".join(sorted(old.keys() - new.keys())), len(old))


@given(CONTENTS, st.lists(CONTENTS, min_size=1, max_size=3))
def test_what_a_failed_run_may_have_written_is_doubtful(new: dict[str, bytes], known: list[dict[str, bytes]]) -> None:
    """A document is unchanged where all manifests have it so, and gone where any has it and the input does not."""
    same, gone, count = compared(new, *map(piece, known))
    assert set(same) == {name for name, body in new.items() if all(one.get(name) == body for one in known)}
    assert set(gone) == {name for one in known for name in one} - new.keys()
    assert count == len({name for one in known for name in one})


def test_without_a_completed_run_nothing_is_unchanged() -> None:
    """The documents of a first run that failed are written again, and those that are gone are deleted."""
    assert compared({"a": b"1"}, piece({"a": b"1", "b": b"1"}), based=False) == ("", "b", 2)
    assert compared({"a": b"1"}, based=False) == ("", "", 0)


def test_a_document_that_the_database_refused_is_written_again_and_deleted_when_it_is_gone() -> None:
    """Its content in the database is not known."""
    old = piece({"a": b"1", "b": b"1", "c": b"1"}, "ac")
    assert compared({"a": b"1", "b": b"1"}, old) == ("b", "c", 3)
