"""The nesting depth of JSON."""

from typing import Any

from local.cosmos.errors import CosmosError, bad_request

NESTING_LIMIT = 128


def depth(value: Any) -> int:
    """The levels of objects and arrays in each other."""
    level, waiting = 0, [value]
    while waiting:
        level += 1
        waiting = [
            inner
            for outer in waiting
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return level


def too_deep() -> CosmosError:
    """400: the document has more levels than the service accepts."""
    return bad_request(f"The document is nested deeper than {NESTING_LIMIT} levels.")
