import json
import math
import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import HttpUrl

from outlast.cosmos.bulk.staged_document import StagedDocument, read_staged
from outlast.cosmos.document import (
    MAX_BYTES,
    MAX_ID_BYTES,
    MAX_KEY_BYTES,
    MAX_NESTING,
    DocumentRefused,
    staged,
    staged_under,
)
from outlast.cosmos.partition_key import effective_of, effective_partition_key

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


class Kind(Enum):
    sale = "sale"


class Rate(Enum):
    none = math.nan


def stage(document: Any, path: str = "shop") -> StagedDocument:
    return staged(document, path.split("/"), 7)


def refuse(document: Any, path: str = "shop") -> DocumentRefused:
    with pytest.raises(DocumentRefused) as caught:
        stage(document, path)
    return caught.value


def nest(levels: int) -> dict[str, Any]:
    """Return a document of that many levels, its own level included."""
    inner: Any = {}
    for _ in range(levels - 2):
        inner = {"in": inner}
    return {"id": "a", "shop": "s", "in": inner}


def test_a_document_becomes_a_line() -> None:
    """A staged document has its row, its partition key as JSON, its hash and its JSON."""
    document = {"id": "a", "shop": "s", "n": 1.5}
    encoded = stage(document)
    assert (encoded.row, encoded.partition_key) == (7, b'"s"')
    assert encoded.effective_partition_key.decode() == effective_partition_key("s")
    assert json.loads(encoded.body) == document


@settings(max_examples=40)
@given(st.dictionaries(TEXT, JSON, max_size=4), JSON.filter(lambda v: not isinstance(v, dict | list)))
def test_whatever_is_json_comes_back_from_its_line(document: dict[str, Any], key: Any) -> None:
    """No content of a document, tabs and line ends included, breaks the line or changes."""
    document |= {"id": "a", "shop": key}
    encoded = stage(document)
    assert read_staged(encoded.encoded()) == [encoded]
    assert encoded.parsed() == document


@pytest.mark.parametrize("document", [None, [], "x", 7, ("id", "a")])
def test_what_is_no_dictionary_is_refused(document: Any) -> None:
    """A document that is no dictionary is refused, and the error says what came instead."""
    assert (refuse(document).code, type(document).__name__ in str(refuse(document))) == ("json", True)


@pytest.mark.parametrize(
    "key", [None, "", 7, b"a", "a/b", "a\\b", "a?", "#a", "é" * 512, "a ", "a\n", "a\r", "a\t", " ", ".", "..", ". "]
)
def test_an_id_that_the_service_refuses_is_refused(key: Any) -> None:
    """An id that is empty, no text, has a forbidden character or exceeds 1,023 bytes is refused."""
    error = refuse({"id": key, "shop": "s"})
    assert (error.code, error.field) == ("id", "id")


def test_a_missing_id_is_refused() -> None:
    """A document without an id is refused, because a repeated write must hit the same document."""
    assert refuse({"shop": "s"}).code == "id"


def test_an_id_of_the_largest_size_is_taken() -> None:
    """An id of 1,023 bytes of UTF-8 is accepted."""
    assert len("é" * 511 + "a") * 2 - 1 == MAX_ID_BYTES
    stage({"id": "é" * 511 + "a", "shop": "s"})


@pytest.mark.parametrize("document", [{}, {"place": "x"}, {"place": {}}, {"place": ["shop"]}, {"place": None}])
def test_a_document_without_its_partition_key_is_refused(document: Mapping[str, Any]) -> None:
    """A document is refused when its partition key path is missing or leads through something that is no object."""
    error = refuse({"id": "a", **document}, "place/shop")
    assert (error.code, error.field) == ("partition_key", "place.shop")


def test_a_nested_partition_key_is_found() -> None:
    """A nested partition key path finds the value inside the document."""
    assert stage({"id": "a", "place": {"shop": 7}}, "place/shop").partition_key == b"7"


@pytest.mark.parametrize(
    ("value", "key"),
    [(5, b"5"), (5.0, b"5"), (5.5, b"5.5"), (-0.0, b"-0.0"), (0, b"0"), (True, b"true"), (1e300, b"1e+300")],
)
def test_equal_numbers_are_one_partition_key(value: object, key: bytes) -> None:
    """5 and 5.0 are one partition key, because the database keeps numbers as doubles; the document stays as it is."""
    encoded = stage({"id": "a", "shop": value})
    assert encoded.partition_key == key
    assert repr(encoded.parsed()["shop"]) == repr(value)


def test_integers_beyond_a_double_are_one_partition_key() -> None:
    """Integers that are one double have one partition key."""
    assert stage({"id": "a", "shop": 2**53}).partition_key == stage({"id": "a", "shop": 2**53 + 1}).partition_key


@pytest.mark.parametrize("value", [[], {}, ["s"], {"a": 1}])
def test_a_partition_key_that_is_no_plain_value_is_refused(value: Any) -> None:
    """A list or an object is no partition key."""
    assert refuse({"id": "a", "shop": value}).code == "partition_key"


@pytest.mark.parametrize(("size", "taken"), [(MAX_KEY_BYTES, True), (MAX_KEY_BYTES + 1, False)])
def test_a_partition_key_has_a_largest_size(size: int, taken: bool) -> None:
    """A partition key has at most 2,048 bytes."""
    document = {"id": "a", "shop": "s" * size}
    assert stage(document) if taken else refuse(document).code == "partition_key"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (date(2026, 1, 2), "2026-01-02"),
        (time(3, 4, 5), "03:04:05"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Decimal("19.90"), "19.90"),
        (Kind.sale, "sale"),
        (HttpUrl("https://example.com/a"), "https://example.com/a"),
        (timedelta(minutes=5), "PT5M"),
        (IPv4Address("10.0.0.1"), "10.0.0.1"),
    ],
)
def test_other_types_are_the_text_that_json_has_for_them(value: Any, text: str) -> None:
    """A date, Decimal, Enum or URL is the text that pydantic's JSON mode has for it, as partition key too."""
    encoded = stage({"id": "a", "shop": value})
    assert encoded.partition_key == json.dumps(text).encode()
    assert encoded.effective_partition_key.decode() == effective_partition_key(text)
    assert encoded.parsed()["shop"] == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, Rate.none, b"a", object(), 1j, 2**64])
@pytest.mark.parametrize("place", [lambda v: v, lambda v: [v], lambda v: {"b": [{"c": v}]}])
def test_what_json_cannot_say_is_refused_wherever_it_is(value: Any, place: Any) -> None:
    """A value that JSON cannot express is refused at every depth."""
    assert refuse({"id": "a", "shop": "s", "a": place(value)}).code == "json"


def test_the_path_of_a_wrong_value_is_named() -> None:
    """The error names the path of the wrong value."""
    assert refuse({"id": "a", "shop": "s", "b": [0, {"c": math.nan}]}).field == "b.1.c"


@pytest.mark.parametrize("document", [{1: "x"}, {"a": "\ud800"}, {"\ud800": "a"}])
def test_what_the_encoder_refuses_is_a_reject(document: Mapping[Any, Any]) -> None:
    """A name that is no text, or half a surrogate pair, costs only its document."""
    assert refuse({"id": "a", "shop": "s", **document}).code == "json"


@pytest.mark.parametrize("field", ["id", "shop"])
def test_half_a_surrogate_pair_is_refused_in_id_and_key(field: str) -> None:
    """Half a surrogate pair in id or partition key costs only its document."""
    refuse({"id": "a", "shop": "s", field: "a\ud800"})


def test_nesting_has_a_limit() -> None:
    """A document of 128 levels is accepted, one of 129 or one that contains itself is refused."""
    stage(nest(MAX_NESTING))
    assert refuse(nest(MAX_NESTING + 1)).code == "nesting"
    round_and_round: dict[str, Any] = {"id": "a", "shop": "s"}
    round_and_round["in"] = round_and_round
    assert refuse(round_and_round).code == "nesting"


@pytest.mark.parametrize(("more", "taken"), [(0, True), (1, False)])
def test_a_document_has_a_largest_size(more: int, taken: bool) -> None:
    """A document has at most 2 MB as UTF-8 JSON."""
    document = {"id": "a", "shop": "s", "t": ""}
    document["t"] = "x" * (MAX_BYTES - len(stage(document).body) + more)
    assert stage(document) if taken else refuse(document).code == "too_large"


def test_a_text_that_is_too_large_alone_is_named() -> None:
    """A text that exceeds 2 MB alone is refused by its path, without encoding it."""
    assert refuse({"id": "a", "shop": "s", "in": {"t": "x" * (MAX_BYTES + 1)}}).field == "in.t"


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says what a process takes")
def test_many_staged_documents_take_little_more_than_their_text() -> None:
    """Staged documents do not keep the encoder's buffers of several KB alive."""
    before = resident_bytes()
    documents = [staged({"id": str(n), "k": "a"}, ["k"], n) for n in range(20_000)]
    assert resident_bytes() - before < len(documents) * 1_000


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_a_set_is_a_list_in_an_order_of_its_own() -> None:
    """A set is written as a list whose order does not depend on the process; one that JSON cannot say is refused."""
    made = stage({"id": "a", "shop": "s", "tags": {"b", "a", "c"}, "of": frozenset({3, 1})})
    assert json.loads(made.body)["tags"] == ["a", "b", "c"]
    assert json.loads(made.body)["of"] == [1, 3]
    with pytest.raises(DocumentRefused):
        stage({"id": "a", "shop": "s", "rates": {math.nan}})


def test_a_hierarchical_key_has_a_value_for_each_level() -> None:
    """The partition key of a document has each level, as the database compares it, and all must be there."""
    paths = [["tenant"], ["of", "user"], ["day"]]
    document = {"id": "a", "tenant": 5.0, "of": {"user": "u"}, "day": date(2026, 1, 2)}
    one = staged_under(document, paths, 7)
    assert one.partition_key == b'5,"u","2026-01-02"'
    assert one.key == [5, "u", "2026-01-02"]
    assert one.effective_partition_key.decode() == effective_of((5, "u", "2026-01-02"))
    for lacking in ("tenant", "of", "day"):
        with pytest.raises(DocumentRefused, match="lacks its partition key"):
            staged_under({name: value for name, value in document.items() if name != lacking}, paths, 7)


def test_all_levels_of_a_key_have_2048_bytes_together() -> None:
    """The levels of a hierarchical key share the length that a partition key may have."""
    paths = [["a"], ["b"]]
    assert staged_under({"id": "1", "a": "x" * 1024, "b": "y" * 1024}, paths, 2)
    with pytest.raises(DocumentRefused, match="the partition key is longer than"):
        staged_under({"id": "1", "a": "x" * 1024, "b": "y" * 1025}, paths, 2)
