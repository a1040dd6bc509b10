"""Partial document updates."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.cosmos.documents import SYSTEM_PROPERTIES
from local.cosmos.errors import bad_request
from local.cosmos.parsing import whole
from local.cosmos.query.values import UNDEFINED, tidy

LIMIT = 10
Holder = dict[str, Any] | list[Any]


@dataclass(slots=True)
class Step:
    """One patch operation."""

    op: str
    path: list[str]
    value: Any = None
    source: list[str] | None = None


@dataclass(slots=True)
class Patch:
    """A patch request: its operations, and the condition under which they are done."""

    operations: list[Step]
    condition: str | None = None


class NoPathError(Exception):
    """The document lacks a path; the text is the missing part."""


def read_patch(body: Any, key_paths: list[list[str]]) -> Patch:
    """A patch from its JSON, a list of operations or an object with them and a condition; raises 400."""
    operations = body.get("operations") if isinstance(body, dict) else body
    condition = body.get("condition") if isinstance(body, dict) else None
    if not isinstance(operations, list) or not operations:
        raise bad_request("The patch request has no operations.")
    if len(operations) > LIMIT:
        raise bad_request(f"The number of patch operations can't exceed '{LIMIT}'.")
    if condition is not None and not isinstance(condition, str):
        raise bad_request("The condition of a patch request has to be a string.")
    return Patch([_read_step(entry, key_paths) for entry in operations], condition)


def apply(document: dict[str, Any], steps: list[Step]) -> None:
    """Changes a document in place; raises 400 for a missing path."""
    for number, step in enumerate(steps, 1):
        try:
            _STEPS[step.op](document, step)
        except NoPathError as error:
            raise bad_request(
                f"For Operation({number}): {step.op.capitalize()} Operation can only create a child object of an "
                "existing node(array or object) and cannot create path recursively, no path found beyond: "
                f"'{error}'. Learn more: https://aka.ms/cosmosdbpatchdocs"
            ) from None


def _read_step(entry: Any, key_paths: list[list[str]]) -> Step:
    if not isinstance(entry, dict) or entry.get("op") not in _STEPS:
        raise bad_request(f"A patch operation is one of {', '.join(_STEPS)}.")
    path = _read_path(entry.get("path"), key_paths)
    source = _read_path(entry.get("from"), key_paths) if entry["op"] == "move" else None
    if entry["op"] in {"add", "set", "replace", "incr"} and "value" not in entry:
        raise bad_request(f"The patch operation '{entry['op']}' needs a value.")
    return Step(entry["op"], path, entry.get("value"), source)


def _read_path(path: Any, key_paths: list[list[str]]) -> list[str]:
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise bad_request(f"The patch path {path!r} has to begin with '/' and name a property.")
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    if parts[0] in SYSTEM_PROPERTIES or parts == ["id"]:
        raise bad_request(f"Cannot patch the system property '{path}'.")
    if any(parts == key_path[: len(parts)] for key_path in key_paths):
        raise bad_request(f"Cannot patch the partition key '{path}'.")
    return parts


def _holder(document: Any, path: list[str]) -> tuple[Holder, str]:
    """The object or array that holds the last part of a path."""
    for part in path[:-1]:
        document = _inner(document, part)
    if not isinstance(document, dict | list):
        raise NoPathError(path[-1])
    return document, path[-1]


def _inner(value: Any, part: str) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    index = whole(part)
    if isinstance(value, list) and index is not None and index < len(value):
        return value[index]
    raise NoPathError(part)


def _set(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    if isinstance(holder, dict):
        holder[name] = step.value
        return
    index = len(holder) if name == "-" else whole(name)
    if index is None or index > len(holder):
        raise NoPathError(name)
    holder[index : index + 1] = [step.value]


def _add(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    index = whole(name)
    if isinstance(holder, list) and index is not None and index < len(holder):
        holder.insert(index, step.value)
    else:
        _set(document, step)


def _replace(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    _inner(holder, name)
    _set(document, step)


def _remove(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    _inner(holder, name)
    if isinstance(holder, dict):
        del holder[name]
    else:
        del holder[int(name)]


def _increment(document: Any, step: Step) -> None:
    if isinstance(step.value, bool) or not isinstance(step.value, int | float):
        raise bad_request("The patch operation 'incr' needs a number.")
    holder, name = _holder(document, step.path)
    before = 0
    if isinstance(holder, list) or name in holder:
        before = _inner(holder, name)
    if isinstance(before, bool) or not isinstance(before, int | float):
        raise bad_request(f"The value at '/{'/'.join(step.path)}' is not a number and cannot be incremented.")
    total = tidy(before + step.value)
    if total is UNDEFINED:
        raise bad_request(f"The value at '/{'/'.join(step.path)}' cannot be incremented that far.")
    _set(document, Step("set", step.path, total))


def _move(document: Any, step: Step) -> None:
    source = step.source or []
    if step.path[: len(source)] == source and step.path != source:
        raise bad_request("The 'path' of a move cannot lie inside its 'from'.")
    holder, name = _holder(document, source)
    value = _inner(holder, name)
    _remove(document, Step("remove", source))
    _add(document, Step("add", step.path, value))


_STEPS: dict[str, Callable[[Any, Step], None]] = {
    "add": _add,
    "set": _set,
    "replace": _replace,
    "remove": _remove,
    "incr": _increment,
    "move": _move,
}
