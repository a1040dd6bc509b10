"""The SDK's answer at the end of a replay: the actions wanted so far, and whether the orchestrator is done."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

Action = dict[str, Any]
DEEPEST = 200  # levels of nesting; every later step parses or writes such JSON without Python's limit of recursion
TOO_DEEP = f"The JSON is nested deeper than {DEEPEST} levels."
STATE_MARK = "\n\n$OutOfProcData$:"  # a failing orchestrator's state follows its exception's text behind this


class Does(IntEnum):
    """The actionType numbers of the SDK."""

    CALL_ACTIVITY = 0
    CALL_ACTIVITY_WITH_RETRY = 1
    CALL_CHILD = 2
    CALL_CHILD_WITH_RETRY = 3
    CONTINUE_AS_NEW = 4
    CREATE_TIMER = 5
    WAIT_FOR_EVENT = 6
    CALL_ENTITY = 7
    CALL_HTTP = 8
    SIGNAL_ENTITY = 9
    WHEN_ANY = 11
    WHEN_ALL = 12


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The SDK's answer to one context."""

    actions: list[Action] = field(default_factory=list)  # everything yielded since the start, oldest first
    done: bool = False
    output: str | None = None  # JSON text
    custom_status: str | None = None  # JSON text; None leaves the status as it was
    error: str | None = None  # what the orchestrator raised
    crash: str | None = None  # what the turn itself died of; nothing of the answer is then known


def returned(text: str) -> Answer:
    """Read the answer of a replay that ended without an exception."""
    return _from_state(load(text))


def raised(message: str, error: str = "", stack: str = "") -> Answer:
    """Read the answer of a replay that raised. The state follows the mark, unless the SDK itself failed."""
    _, mark, state = message.rpartition(STATE_MARK)
    if mark:
        return _from_state(load(state))
    return Answer(crash=f"One or more errors occurred. (Result: Failure\nException: {error}\nStack: {stack})")


def load(body: bytes | str) -> Any:
    """Parse JSON as Python writes it; raise ValueError for JSON that is nested deeper than DEEPEST.

    Integers may have any size; NaN and infinities become text, as on the Azure host.
    """
    try:
        value = json.loads(body, parse_constant=str)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None
    if _brackets(body) > DEEPEST and _is_deeper(value):
        raise ValueError(TOO_DEEP)
    return value


def _brackets(body: bytes | str) -> int:
    """Return how many lists and objects the text can have at most, which is quick to count."""
    if isinstance(body, bytes):
        return body.count(b"[") + body.count(b"{")
    return body.count("[") + body.count("{")


def _is_deeper(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [child for each in level for child in _children(each) if isinstance(child, list | dict)]
        if not level:
            return False
    return True


def _children(value: Any) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def compact(value: Any) -> str:
    """Return JSON text as the Azure host writes it, without blanks and needless escapes."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if _encodable(text) else json.dumps(value, separators=(",", ":"))


def _encodable(text: str) -> bool:
    """Return whether UTF-8 can encode the text. Half a surrogate pair cannot, and stays escaped."""
    return text.isascii() or not any("\ud800" <= c <= "\udfff" for c in text)


def _from_state(state: dict[str, Any]) -> Answer:
    return Answer(
        actions=[action for group in state["actions"] for action in group],
        done=bool(state["isDone"]),
        output=_text(state, "output"),
        custom_status=_text(state, "customStatus"),
        error=state.get("error"),
    )


def _text(state: dict[str, Any], key: str) -> str | None:
    return compact(state[key]) if state.get(key) is not None else None
