"""How deep JSON may be nested."""

from typing import Any

from local.cosmos.errors import CosmosError, bad_request

NESTING_LIMIT = 128


def depth(value: Any) -> int:
    """How deep objects and arrays are nested."""
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
    """400: more levels than the service takes."""
    return bad_request(f"The document is nested deeper than {NESTING_LIMIT} levels.")
