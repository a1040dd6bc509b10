"""The indexed terms of a document under a container's indexing policy."""

from collections.abc import Callable
from typing import Any

from local.cosmos.charges import leaves
from local.cosmos.paths import split_path

DEFAULT_POLICY: dict[str, Any] = {
    "indexingMode": "consistent",
    "automatic": True,
    "includedPaths": [{"path": "/*"}],
    "excludedPaths": [{"path": '/"_etag"/?'}],
}


def term_counter(policy: dict[str, Any] | None) -> Callable[[dict[str, Any]], int]:
    """A function that counts the indexed terms of a document."""
    policy = policy or DEFAULT_POLICY
    if policy.get("indexingMode", "consistent").lower() == "none":
        return lambda document: 0
    excluded = [path for path in _paths(policy, "excludedPaths") if path != '/"_etag"/?']
    included = _paths(policy, "includedPaths")
    if not excluded and included == ["/*"]:
        return leaves
    rules = [(_segments(path), path.endswith("?"), True) for path in included]
    rules += [(_segments(path), path.endswith("?"), False) for path in excluded]
    return lambda document: sum(is_indexed(rules, path) for path in _leaf_paths(document, ()))


def is_indexed(rules: list[tuple[tuple[str, ...], bool, bool]], path: tuple[str, ...]) -> bool:
    """Whether the most precise rule that matches a path includes it."""
    best, answer = -1, False
    for segments, exact, included in rules:
        fits = path == segments if exact else path[: len(segments)] == segments
        precision = 2 * len(segments) + exact
        if fits and precision > best:
            best, answer = precision, included
    return answer


def policy_rules(policy: dict[str, Any] | None) -> list[tuple[tuple[str, ...], bool, bool]]:
    """The policy as rules for `is_indexed`."""
    policy = policy or DEFAULT_POLICY
    included = [(_segments(p), p.endswith("?"), True) for p in _paths(policy, "includedPaths")]
    return included + [(_segments(p), p.endswith("?"), False) for p in _paths(policy, "excludedPaths")]


def _paths(policy: dict[str, Any], name: str) -> list[str]:
    return [entry["path"] for entry in policy.get(name, [])]


def _segments(path: str) -> tuple[str, ...]:
    """The names of an indexing path, without its end `/*` or `/?`."""
    return split_path(path[:-2])


def _leaf_paths(value: Any, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaf_paths(inner, (*path, name))]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in _leaf_paths(inner, (*path, "[]"))]
    return [path]
