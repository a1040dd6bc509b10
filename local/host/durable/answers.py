"""The SDK's answer at the end of a replay: the actions wanted so far, and whether the orchestrator is done."""

import json
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

Action = dict[str, Any]
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
    """Parse JSON as Python writes it. Integers may have any size; NaN and infinities become text, as on the Azure
    host."""
    return json.loads(body, parse_constant=str)


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
