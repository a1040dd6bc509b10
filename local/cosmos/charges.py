"""Request units by the service's published tables."""

from bisect import bisect_right
from typing import Any

KILOBYTE = 1024
WRITE_TABLE = (
    (1, 4.95),
    (2, 6.29),
    (4, 6.67),
    (8, 7.04),
    (16, 9.52),
    (32, 11.23),
    (64, 22.67),
    (128, 48.19),
    (256, 98.29),
    (512, 184.57),
    (1024, 625.0),
    (2048, 1250.0),
)
READ_TABLE = ((1, 1.0), (100, 10.0), (2048, 187.0))  # 1 KB and 100 KB are published; the rest is extrapolated
PER_TERM = 0.2
REPLACE_FACTOR = 2.0
DELETE_FACTOR = 7.0 / 4.95  # a delete of 1 KB costs about 7
PER_PATCH_OPERATION = 0.4
QUERY_BASE = 2.3  # the charge of a query that finds nothing
QUERY_PER_KILOBYTE = 0.05  # not published: see docs/local.md
CONTAINERS = frozenset({dict, list})
METADATA_READ = 1.0
METADATA_WRITE = 4.95


def interpolate(table: tuple[tuple[int, float], ...], size: int) -> float:
    """The charge of a size in bytes, interpolated between the size classes of the table."""
    kilobytes = size / KILOBYTE
    at = bisect_right(table, (kilobytes, float("inf")))
    if at == 0:
        return table[0][1]
    if at == len(table):
        return table[-1][1] * kilobytes / table[-1][0]
    (low, low_charge), (high, high_charge) = table[at - 1], table[at]
    return low_charge + (high_charge - low_charge) * (kilobytes - low) / (high - low)


def create(size: int, terms: int) -> float:
    """The charge of a new document."""
    base = 4.95 if size <= KILOBYTE else interpolate(WRITE_TABLE, size)
    return base + PER_TERM * terms


def replace(size: int, terms: int) -> float:
    """The charge of a document that replaces another."""
    return create(size, terms) * REPLACE_FACTOR


def patch(size: int, terms: int, operations: int) -> float:
    """The charge of a patch: a replace, and a part for each operation."""
    return replace(size, terms) + PER_PATCH_OPERATION * operations


def delete(size: int) -> float:
    return create(size, 0) * DELETE_FACTOR


def read(size: int) -> float:
    """The charge of a point read."""
    return 1.0 if size <= KILOBYTE else interpolate(READ_TABLE, size)


def query(loaded_bytes: int) -> float:
    """The charge of a page, by the bytes of the documents that were loaded to test the condition."""
    return QUERY_BASE + QUERY_PER_KILOBYTE * loaded_bytes / KILOBYTE


def leaves(value: Any) -> int:
    """The number of scalar values in a document, which are its indexed terms under the default policy."""
    values = value.values() if isinstance(value, dict) else value
    if CONTAINERS.isdisjoint(map(type, values)):
        return len(values)
    count = 0
    for inner in values:
        count += leaves(inner) if isinstance(inner, dict | list) else 1
    return count
