"""One hash over many files."""

import hashlib
from collections.abc import Iterable


def chained(before: str, hashes: Iterable[str]) -> str:
    """The hash of a sequence of hashes, one after another: SHA-256 of the text of the hash so far and the next one.

    It can be carried on from call to call; "" is its beginning.
    """
    for one in hashes:
        before = hashlib.sha256((before + one).encode()).hexdigest()
    return before
