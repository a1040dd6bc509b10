"""What a write costs in request units, before it is done.

Source: Azure documentation, "Understand request unit consumption": a table of charges by the size of the document, and
for a document of 1 KB the charge for each indexed term. A replace costs about twice a create, a delete about 7.
"""

from bisect import bisect_left
from typing import Any

KILOBYTE = 1024
CHARGES = {
    1: 4.95,
    2: 6.29,
    4: 6.67,
    8: 7.04,
    16: 9.52,
    32: 11.23,
    64: 22.67,
    128: 48.19,
    256: 98.29,
    512: 184.57,
    1024: 625.0,
    2048: 1250.0,
}
"""Request units of a create without indexed terms, by size in KB."""
OF_TERM = 0.2
OF_REPLACE = 2.0
"""How many creates a replace costs."""
OF_DELETE = 7.0
"""Request units of a delete, about."""
SYSTEM_BYTES = 200
"""Bytes of the members that the service adds to a document: `_rid`, `_self`, `_etag`, `_attachments`, `_ts`."""
_SIZES, _UNITS = list(CHARGES), list(CHARGES.values())


def create_units(size: int, terms: int) -> float:
    """The request units of a new document with so many bytes of JSON, as the caller sends it, and indexed terms."""
    return _of_size((size + SYSTEM_BYTES) / KILOBYTE) + OF_TERM * terms


def _of_size(kilobytes: float) -> float:
    """The charge between two sizes of the table lies on the line between theirs."""
    at = bisect_left(_SIZES, kilobytes)
    if at == 0:
        return _UNITS[0]
    if at == len(_SIZES):
        return _UNITS[-1] * kilobytes / _SIZES[-1]
    share = (kilobytes - _SIZES[at - 1]) / (_SIZES[at] - _SIZES[at - 1])
    return _UNITS[at - 1] + share * (_UNITS[at] - _UNITS[at - 1])


class IndexedTerms:
    """Counts the terms of documents that a container's indexing policy indexes. The most precise path decides."""

    def __init__(self, policy: dict[str, Any] | None) -> None:
        policy = policy or {}
        self._none = str(policy.get("indexingMode", "consistent")).lower() == "none"
        included = [_rule(one["path"], True) for one in policy.get("includedPaths") or [{"path": "/*"}]]
        self._rules = [*included, *(_rule(one["path"], False) for one in policy.get("excludedPaths") or [])]
        self._known: dict[tuple[str, ...], bool] = {}

    @classmethod
    def of_paths(cls, paths: tuple[str, ...]) -> "IndexedTerms":
        """The terms under a policy of these paths alone, such as `/carrier`."""
        included = [{"path": path if path.endswith(("/?", "/*")) else f"{path}/?"} for path in paths]
        return cls({"includedPaths": included, "excludedPaths": [{"path": "/*"}]})

    def count(self, document: dict[str, Any]) -> int:
        return 0 if self._none else self._count(document, ())

    def _count(self, value: Any, path: tuple[str, ...]) -> int:
        if isinstance(value, dict):
            return sum(self._count(inner, (*path, name)) for name, inner in value.items())
        if isinstance(value, list):
            return sum(self._count(inner, (*path, "[]")) for inner in value)
        if path not in self._known:
            self._known[path] = self._is_indexed(path)
        return self._known[path]

    def _is_indexed(self, path: tuple[str, ...]) -> bool:
        fitting = [
            (2 * len(names) + exact, included)
            for names, exact, included in self._rules
            if (path == names if exact else path[: len(names)] == names)
        ]
        return max(fitting, key=lambda one: one[0])[1] if fitting else False


def _rule(path: str, included: bool) -> tuple[tuple[str, ...], bool, bool]:
    """The names of an indexing path, whether it means one value or all below, and what it says of them."""
    names = tuple(name.strip('"') for name in path[1:-1].split("/") if name)
    return names, path.endswith("?"), included
