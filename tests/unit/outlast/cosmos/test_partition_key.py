import json
from bisect import bisect_right
from pathlib import Path
from typing import Any

import pytest
from azure.cosmos import PartitionKey
from hypothesis import example, given
from hypothesis import strategies as st

from outlast.cosmos.partition_key import (
    Key,
    check_partition_key,
    effective_of,
    effective_partition_key,
    effective_partition_key_v1,
)
from outlast.errors import Permanent

RECORDS = Path(__file__).parent / "records" / "javascript-sdk-4.9.3-bulk.jsonl"
BOUNDS = ["", *(f"{first}0".ljust(32, "0") for first in "123")]
"""Where the ranges of the records begin."""

KEYS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=200),
)


def read_operations() -> list[tuple[Any, int]]:
    """Return the partition key of each recorded operation with the range that it was sent to."""
    requests = [json.loads(line) for line in RECORDS.read_text("utf-8").splitlines()]
    return [
        (json.loads(operation["partitionKey"])[0], int(request["headers"]["x-ms-documentdb-partitionkeyrangeid"]))
        for request in requests
        for operation in request["body"]
    ]


@given(KEYS)
@example("")
@example(True)
@example(1)
@example(-0.0)
@example("a" * 2048)
def test_it_is_that_of_the_python_sdk(key: Key) -> None:
    """The hash of every value equals the one that the SDK computes."""
    theirs = PartitionKey._get_effective_partition_key_for_hash_partitioning_v2([key])
    assert effective_partition_key(key) == theirs


@given(st.lists(KEYS, min_size=1, max_size=3))
def test_a_hierarchical_one_is_that_of_the_python_sdk(levels: list[Key]) -> None:
    """The hash of a key of one to three levels equals the one that the SDK computes for a hierarchical key."""
    theirs = PartitionKey._get_effective_partition_key_for_multi_hash_partitioning_v2(levels)
    assert effective_of(tuple(levels)) == theirs


@given(st.lists(KEYS, min_size=1, max_size=2), KEYS)
def test_keys_with_the_same_first_levels_are_neighbours(first: list[Key], last: Key) -> None:
    """The hash of a key begins with that of its first levels."""
    assert effective_of((*first, last)).startswith(effective_of(tuple(first)))


@pytest.mark.parametrize("key", ["/shop", ("/tenant", "/user")])
def test_the_key_of_a_container_is_compared_path_by_path(key: Any) -> None:
    """A container has the key of a report when all paths are the same, in their order."""
    paths = [key] if isinstance(key, str) else list(key)
    check_partition_key({"id": "c", "partitionKey": {"paths": paths}}, key)
    for other in (["/other"], ["/tenant"], ["/user", "/tenant"], [*paths, "/more"]):
        with pytest.raises(Permanent, match="the container c has the partition key"):
            check_partition_key({"id": "c", "partitionKey": {"paths": other}}, key)


@given(KEYS.map(lambda key: float(key) if type(key) is int else key))
@example("")
@example("a" * 100)
@example("a" * 101)
@example("é" * 100)
@example(0.0)
@example(-0.0)
@example(4294967295.0)
def test_version_1_is_that_of_the_python_sdk(key: Key) -> None:
    """The hash of version 1 equals the one that the SDK computes.

    Whole numbers are given as floats, because the SDK cuts its own to 32 bits. The SDK leaves out the byte for null,
    which follows the hash and so decides nothing.
    """
    theirs = PartitionKey._get_effective_partition_key_for_hash_partitioning([key])
    assert effective_partition_key_v1(key) == theirs.upper() + ("01" if key is None else "")


@pytest.mark.parametrize(("key", "sent_to"), read_operations())
def test_it_lies_in_the_range_that_the_javascript_sdk_chose(key: Key, sent_to: int) -> None:
    """Every kind of key belongs to the range to which another official client sent it."""
    assert bisect_right(BOUNDS, effective_partition_key(key)) - 1 == sent_to


def test_the_records_cover_every_kind_of_key() -> None:
    """The records contain every kind of key, so that the comparison is not empty."""
    keys = [key for key, _ in read_operations()]
    assert {type(key) for key in keys} == {str, int, float, bool, type(None)}
    assert len(keys) >= 15


def test_what_is_no_key_is_refused() -> None:
    """A list or an object has no hash."""
    with pytest.raises(Permanent, match="must be text, a number, true, false or null, not list"):
        effective_partition_key(["a"])  # type: ignore[arg-type]
