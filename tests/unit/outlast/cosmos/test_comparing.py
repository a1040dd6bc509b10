from typing import Any

import pytest

from outlast.cosmos.comparing import first_difference


@pytest.mark.parametrize(
    ("staged", "found", "path"),
    [
        ({"id": "a", "n": 1}, {"n": 1.0, "id": "a", "_ts": 5, "_etag": "x"}, None),
        ({"n": 1}, {"n": 2}, "/n"),
        ({"n": 1}, {"n": True}, "/n"),
        ({"n": 0}, {"n": False}, "/n"),
        ({"n": None}, {}, "/n"),
        ({}, {"n": None}, "/n"),
        ({"n": "1"}, {"n": 1}, "/n"),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 3}]}}, "/a/b/1/c"),
        ({"a": [1, 2]}, {"a": [1]}, "/a"),
        ({"a": [1, 2]}, {"a": [1, 3]}, "/a/1"),
        ({"a": []}, {"a": {}}, "/a"),
        ({"a": [[]]}, {"a": [[]]}, None),
        ({"big": 2**60 + 1}, {"big": float(2**60)}, None),
    ],
)
def test_the_first_difference_is_named_by_its_path(staged: Any, found: Any, path: str | None) -> None:
    """Documents are compared as JSON values, without what the service adds, numbers as doubles."""
    assert first_difference(staged, found) == path
