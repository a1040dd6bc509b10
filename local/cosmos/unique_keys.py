"""Unique keys: values that only one document of a partition key may have."""

from functools import lru_cache
from typing import Any

import orjson

from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.parsing import is_path
from local.cosmos.partitions import Partition
from local.cosmos.paths import split_path
from local.cosmos.query.values import sort_key

UniqueKey = tuple[tuple[str, ...], ...]  # the paths whose values together are unique
MOST_PATHS, MOST_KEYS = 16, 10


def read_policy(policy: Any) -> list[UniqueKey]:
    """The unique keys of a container's definition; raises 400."""
    if policy is None:
        return []
    keys = policy.get("uniqueKeys", []) if isinstance(policy, dict) else None
    if not isinstance(keys, list) or len(keys) > MOST_KEYS:
        raise bad_request(f"The unique key policy has a list of at most {MOST_KEYS} uniqueKeys.")
    return [_read_key(key) for key in keys]


def check_unique(keys: list[UniqueKey], partition: Partition, key: bytes, document: Any, *ids: str) -> None:
    """Raises 409 where another document than those with the ids has the same values."""
    for unique in keys:
        wanted = _values(document, unique)
        for id_, record in partition.groups.get(key, {}).items():
            if id_ not in ids and _values_of(record.body, unique) == wanted:
                raise CosmosError(409, "Unique index constraint violation.")


def _read_key(key: Any) -> UniqueKey:
    paths = key.get("paths") if isinstance(key, dict) else None
    if not isinstance(paths, list) or not 0 < len(paths) <= MOST_PATHS or not all(map(is_path, paths)):
        raise bad_request(f"A unique key has 1 to {MOST_PATHS} paths that begin with '/'.")
    return tuple(split_path(path) for path in paths)


@lru_cache(maxsize=100_000)  # a write compares with all documents of its partition key
def _values_of(body: bytes, unique: UniqueKey) -> tuple[Any, ...]:
    return _values(orjson.loads(body), unique)


def _values(document: Any, unique: UniqueKey) -> tuple[Any, ...]:
    """The values under the paths. A missing one counts as null."""
    return tuple(sort_key(_value(document, path)) for path in unique)


def _value(document: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document
