"""Comparing a document as it was staged with the one that the database has."""

from collections.abc import Mapping, Sequence
from typing import Any

from outlast.cosmos.bulk.staged_document import SYSTEM, Patch, StagedDocument


def difference(document: StagedDocument, found: Mapping[str, Any]) -> str | None:
    """The path of the first member of a staged document that the database has otherwise, None where there is none.

    Of a document that was patched the members that the run has set are compared alone.
    """
    if not isinstance(document, Patch):
        return first_difference(document.parsed(), found)
    set_by_it = ((one["path"], one["value"]) for _, operations in document.patches() for one in operations)
    return next((path for to, value in set_by_it if (path := _at(to, value, found)) is not None), None)


def _at(to: str, value: Any, found: Any) -> str | None:
    """The path of the first difference below a JSON pointer, None where the value there is this one."""
    for name in to.split("/")[1:]:
        name = name.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            return to
        found = found[name]
    below = _difference(value, found)
    return None if below is None else to + below


def first_difference(staged: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    """The path of the first member that differs, None where the documents are the same.

    Members that the service adds are left out. Numbers are compared as the doubles that the database keeps.
    """
    names = [name for name in {**staged, **found} if name not in SYSTEM or name in staged]
    return next((path for name in names if (path := _member(name, staged, found)) is not None), None)


def _member(name: str, staged: Mapping[str, Any], found: Mapping[str, Any]) -> str | None:
    if name not in staged or name not in found:
        return f"/{name}"
    below = _difference(staged[name], found[name])
    return None if below is None else f"/{name}{below}"


def _difference(staged: Any, found: Any) -> str | None:
    """The path below these values, "" where they differ themselves."""
    if isinstance(staged, Mapping) and isinstance(found, Mapping):
        return next((path for name in {**staged, **found} if (path := _member(name, staged, found)) is not None), None)
    if isinstance(staged, list) and isinstance(found, list):
        return _of_lists(staged, found)
    if isinstance(staged, bool) or isinstance(found, bool) or not isinstance(staged, int | float):
        return None if type(staged) is type(found) and staged == found else ""
    return None if isinstance(found, int | float) and float(staged) == float(found) else ""


def _of_lists(staged: Sequence[Any], found: Sequence[Any]) -> str | None:
    if len(staged) != len(found):
        return ""
    below = ((number, _difference(*pair)) for number, pair in enumerate(zip(staged, found, strict=True)))
    return next((f"/{number}{path}" for number, path in below if path is not None), None)
