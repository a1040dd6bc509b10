import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs.exact_json import parse_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('":\\{ '), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(TEXT, JSON, max_size=4), st.sampled_from([(",", ":"), (" , ", " : "), (",", ": "), (",", "\t:")])
)
def test_whatever_is_json_comes_back(value: dict[str, Any], separators: tuple[str, str]) -> None:
    """Values with any text and integers of any size are parsed exactly, however the text is spaced."""
    assert parse_json(json.dumps(value, separators=separators, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize(
    "number", [9007199254740993, 2**63, 2**64 - 1, 2**64, -(2**64), 123456789012345678901234567890]
)
def test_integers_keep_all_their_digits(number: int) -> None:
    """An integer beyond 64 bits is parsed exactly, alone and inside."""
    assert parse_json(b'{"n":%d,"in":[{"n":%d}]}' % (number, number)) == {"n": number, "in": [{"n": number}]}


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a" :1,"a"\t:2}',
        b'{"a":1,"\\u0061":1}',
        b'{"in":{"a":1,"a":2}}',
        b'[{"a":"x:y"},{"a":{},"b":"{\\":","a":[]}]',
    ],
)
def test_a_name_that_is_there_twice_is_refused(text: bytes) -> None:
    """A name that an object has twice is named, at every depth and however it is written."""
    with pytest.raises(ValueError, match="the name 'a' is in an object twice"):
        parse_json(text)


@pytest.mark.parametrize(
    "text", [b'{"a":1}{', b"{", b'{"n":NaN}', b'{"n":1e999}', b'{"a":"\xff"}', b'{"n":%b}' % (b"9" * 400)]
)
def test_what_is_no_json_is_refused(text: bytes) -> None:
    """Damaged text, NaN and numbers beyond a double are refused."""
    with pytest.raises(ValueError):  # noqa: PT011  # the text is that of the parser
        parse_json(text)
