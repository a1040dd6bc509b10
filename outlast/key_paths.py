"""The paths of a container's partition key: one, or two or three of a hierarchical key."""

from functools import lru_cache

KeyPaths = str | tuple[str, ...]
"""`/carrier`, or `("/tenant", "/user")`."""
MOST_LEVELS = 3


def each_path(key: KeyPaths) -> tuple[str, ...]:
    return (key,) if isinstance(key, str) else tuple(key)


@lru_cache
def members_of(key: KeyPaths) -> tuple[tuple[str, ...], ...]:
    """The names of the members on the way to each level of the key in a document."""
    return tuple(tuple(path[1:].split("/")) for path in each_path(key))


def shown(key: KeyPaths) -> str:
    return ", ".join(each_path(key))
