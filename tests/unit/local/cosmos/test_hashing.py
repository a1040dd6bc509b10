"""The hash of partition keys agrees with the official client."""

from itertools import pairwise
from typing import Any

import pytest
from azure.cosmos.partition_key import PartitionKey, _Undefined
from hypothesis import given
from hypothesis import strategies as st

from local.cosmos import hashing

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
VALUES = st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT


@given(VALUES)
def test_version_2_is_the_clients(value: Any) -> None:
    """The effective partition key of version 2 is the one that azure-cosmos calculates."""
    expected = PartitionKey("/pk", version=2)._get_effective_partition_key_string([value])
    assert hashing.effective_v2(hashing.canonical(value)) == expected


@given(st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | TEXT.filter(bool))
def test_version_1_is_the_clients(value: Any) -> None:
    """The effective partition key of version 1 is the one that azure-cosmos calculates."""
    expected = PartitionKey("/pk", version=1)._get_effective_partition_key_string([value])
    assert hashing.effective_v1(hashing.canonical(value)) == str(expected).upper()


def test_a_missing_value_is_the_clients() -> None:
    """The empty object that the client sends for a missing value hashes as its undefined value."""
    expected = PartitionKey("/pk")._get_effective_partition_key_string([_Undefined()])
    assert hashing.effective_v2(hashing.canonical({})) == expected


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_a_hierarchical_key_is_the_clients(values: list[Any]) -> None:
    """The effective partition key of several levels, or of the first of them, is the one that azure-cosmos
    calculates."""
    expected = PartitionKey(["/a", "/b", "/c"])._get_effective_partition_key_string(values)
    assert hashing.effective_multi(b"".join(map(hashing.canonical, values))) == expected


@given(st.lists(VALUES, min_size=1, max_size=3))
def test_levels_come_back_from_the_bytes_of_a_key(values: list[Any]) -> None:
    """The levels of a hierarchical key can be read back from its canonical bytes."""
    levels = hashing.levels_of(b"".join(map(hashing.canonical, values)))
    assert [hashing.value_of(level) for level in levels] == values


@pytest.mark.parametrize("value", [[], {"a": 1}, (1,)])
def test_only_scalars_are_keys(value: Any) -> None:
    """Objects and arrays are refused as partition keys."""
    with pytest.raises(TypeError, match="a partition key is"):
        hashing.canonical(value)


@given(VALUES)
def test_a_value_comes_back_from_its_bytes(value: Any) -> None:
    """A value can be read back from its canonical bytes."""
    assert hashing.value_of(hashing.canonical(value)) == value


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("count", [2, 4, 7])
def test_bounds_ascend_and_can_be_halved(version: int, count: int) -> None:
    """The bounds of a layout ascend, and the middle of any two lies between them."""
    edges = ["", *hashing.bounds(count, version), "FF"]
    assert edges == sorted(edges)
    for low, high in pairwise(edges):
        assert low < hashing.middle(low, high, version) < high


def test_four_ranges_are_those_of_the_recorded_client() -> None:
    """Four equal ranges of version 2 have the round bounds of the recorded requests."""
    assert hashing.bounds(4, 2) == ["10".ljust(32, "0"), "20".ljust(32, "0"), "30".ljust(32, "0")]
