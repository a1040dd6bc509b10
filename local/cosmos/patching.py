"""Partial document update."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.cosmos.bodies import SYSTEM_PROPERTIES
from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.query import condition_holds

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
    """A patch request: steps, and the condition under which they are done."""

    operations: list[Step]
    condition: str | None = None


def read_patch(body: Any, key_path: list[str]) -> Patch:
    """A patch from its JSON: a list of operations, or an object with them and a condition."""
    operations = body.get("operations") if isinstance(body, dict) else body
    condition = body.get("condition") if isinstance(body, dict) else None
    if not isinstance(operations, list) or not operations:
        raise bad_request("The patch request has no operations.")
    if len(operations) > LIMIT:
        raise bad_request(f"The number of patch operations can't exceed '{LIMIT}'.")
    if condition is not None and not isinstance(condition, str):
        raise bad_request("The condition of a patch request has to be a string.")
    return Patch([_read_step(entry, key_path) for entry in operations], condition)


def holds(condition: str, document: bytes) -> bool:
    """Whether a document, as it goes out, fulfils a condition such as `from c where c.x = 1`."""
    return condition_holds(condition, document)


def apply(document: dict[str, Any], steps: list[Step]) -> None:
    """Change a document in place."""
    for step in steps:
        _STEPS[step.op](document, step)


def _read_step(entry: Any, key_path: list[str]) -> Step:
    if not isinstance(entry, dict) or entry.get("op") not in _STEPS:
        raise bad_request(f"A patch operation is one of {', '.join(_STEPS)}.")
    path = _read_path(entry.get("path"), key_path)
    source = _read_path(entry.get("from"), key_path) if entry["op"] == "move" else None
    if entry["op"] in {"add", "set", "replace", "incr"} and "value" not in entry:
        raise bad_request(f"The patch operation '{entry['op']}' needs a value.")
    return Step(entry["op"], path, entry.get("value"), source)


def _read_path(path: Any, key_path: list[str]) -> list[str]:
    if not isinstance(path, str) or not path.startswith("/") or path == "/":
        raise bad_request(f"The patch path {path!r} has to begin with '/' and name a property.".replace('"', "'"))
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]
    if parts[0] in SYSTEM_PROPERTIES or parts == ["id"]:
        raise bad_request(f"Cannot patch the system property '{path}'.")
    if parts == key_path[: len(parts)]:
        raise bad_request(f"Cannot patch the partition key '{path}'.")
    return parts


def _holder(document: Any, path: list[str]) -> tuple[Holder, str]:
    """The object or array that holds the last part of a path."""
    for part in path[:-1]:
        document = _inner(document, part, path)
    if not isinstance(document, dict | list):
        raise _no_such_path(path)
    return document, path[-1]


def _inner(value: Any, part: str, path: list[str]) -> Any:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
        return value[int(part)]
    raise _no_such_path(path)


def _set(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    if isinstance(holder, dict):
        holder[name] = step.value
    elif name == "-" or (name.isdecimal() and int(name) == len(holder)):
        holder.append(step.value)
    elif name.isdecimal() and int(name) < len(holder):
        holder[int(name)] = step.value
    else:
        raise _no_such_path(step.path)


def _add(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    if isinstance(holder, list) and name.isdecimal() and int(name) < len(holder):
        holder.insert(int(name), step.value)
    else:
        _set(document, step)


def _replace(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    _inner(holder, name, step.path)
    _set(document, step)


def _remove(document: Any, step: Step) -> None:
    holder, name = _holder(document, step.path)
    _inner(holder, name, step.path)
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
        before = _inner(holder, name, step.path)
    if isinstance(before, bool) or not isinstance(before, int | float):
        raise bad_request(f"The value at '/{'/'.join(step.path)}' is not a number and cannot be incremented.")
    total = before + step.value
    step = Step("set", step.path, total if abs(total) < 2**63 else float(total))
    _set(document, step)


def _move(document: Any, step: Step) -> None:
    source = step.source or []
    if step.path[: len(source)] == source and step.path != source:
        raise bad_request("The 'path' of a move cannot lie inside its 'from'.")
    holder, name = _holder(document, source)
    value = _inner(holder, name, source)
    _remove(document, Step("remove", source))
    _add(document, Step("add", step.path, value))


def _no_such_path(path: list[str]) -> CosmosError:
    return bad_request(f"The patch path '/{'/'.join(path)}' does not exist in the document.")


_STEPS: dict[str, Callable[[Any, Step], None]] = {
    "add": _add,
    "set": _set,
    "replace": _replace,
    "remove": _remove,
    "incr": _increment,
    "move": _move,
}
