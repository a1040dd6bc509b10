"""JSON in arrays and one object after another, against orjson."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.inputs import BadInput, json_elements
from outlast.inputs.json_elements import Elements
from outlast.inputs.stages import feed_all, finish_all

TEXTS = st.text('ab"\\{}[],:\né\u2028', max_size=6)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


def lines(data: bytes, path: str, sizes: list[int]) -> bytes:
    """The lines of a text that is fed in pieces of these sizes."""
    stages, found, at, turn = [Elements(path)], b"", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found += b"".join(feed_all(stages, data[at : at + size]))
        at, turn = at + size, turn + 1
    return found + b"".join(finish_all(stages))


@settings(max_examples=300)
@given(
    st.lists(VALUES, max_size=6),
    VALUES,
    st.sampled_from(["$", "$.value", "$.data.items", "$['a b']", ""]),
    st.sampled_from([None, 1, "\t"]),
    st.lists(st.integers(1, 30), min_size=1),
    st.sampled_from([12, 8_000_000]),
)
def test_rows_are_those_of_orjson(
    rows: list[Any], other: Any, path: str, indent: Any, sizes: list[int], most: int
) -> None:
    """Rows of any nesting, at any path, in any pieces are those that orjson reads, also those that are too long."""
    wholes = {
        "$": rows,
        "$.value": {"@context": other, "values": [1], "value": rows, "next": other},
        "$.data.items": {"items": [other], "data": {"x": other, "items": rows, "y": [other]}},
        "$['a b']": {"a": other, "a b": rows},
    }
    text = (
        json.dumps(wholes[path], indent=indent) if path else "\n".join(json.dumps(row, indent=indent) for row in rows)
    )
    with pytest.MonkeyPatch.context() as patch:
        if path in ("$", ""):  # what comes before the array has a limit, too
            patch.setattr(json_elements, "MAX_RECORD", most)
        found = lines(text.encode(), path, sizes)
    assert [orjson.loads(line) for line in found.splitlines()] == [orjson.loads(json.dumps(row)) for row in rows]


@pytest.mark.parametrize(
    ("data", "path", "field", "says"),
    [
        (b'{"value":[1]}', "$", "path", "What is on the path $ is no array. Say another path"),
        (b'{"value":{}}', "$.value", "path", "is no array"),
        (b'{"value":[1]}', "$.rows", "path", "There is no 'rows' on the path $.rows"),
        (b'[{"a":1}]', "$.value", "path", "is no object"),
        (b'[{"a":1},', "$", "body", "The JSON ends inside row 2"),
        (b'[{"a":1}, {"b":"x', "$", "body", "The JSON ends inside row 2"),
        (b'{"a":1}{"b":', "", "body", "The JSON ends inside row 2"),
        (b'[{"a":1}}]', "$", "body", "the JSON has '}' where row 2 should begin"),
        (b"", "$.value", "path", "The input has no JSON array at $.value"),
    ],
)
def test_json_without_the_array_is_refused(data: bytes, path: str, field: str, says: str) -> None:
    """A path that leads to no array, and JSON that ends too early, are refused with what is wrong."""
    with pytest.raises(BadInput) as caught:
        lines(data, path, [5])
    assert (caught.value.field, says in str(caught.value)) == (field, True), caught.value


def test_what_is_no_json_costs_its_row() -> None:
    """A row that is no JSON is passed on, on a line of its own, and a line end in a text stays no JSON."""
    found = lines(b'[{"a":nope},{"a":"x\ny"},\n{"a":\n3}]', "$", [1000])
    assert found == b'{"a":nope}\n{"a":"x\x01y"}\n{"a": 3}\n'


@pytest.mark.parametrize("deep", [b"[" * 50_000, b'{"a":' * 50_000, b'["' + b'\\"' * 50_000])
def test_deep_values_take_linear_time(deep: bytes) -> None:
    """Unclosed brackets and texts are read once, however they are fed."""
    with pytest.raises(BadInput, match="ends inside row 1"):
        lines(b"[" + deep, "$", [4096])
