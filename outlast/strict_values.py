"""Reads values as CSV and JSON write them, without the guesses of pydantic's lax mode.

Lax mode takes `20130101` for seconds since 1970, `1_000` and Arabic digits for numbers, and `true` for 1. This module
puts a guard before each date, time and number in a model's core schema, at any depth. What passes the guard is read by
pydantic as before. A report that needs another form says so with a `BeforeValidator`, which runs before the guard.
"""

from collections.abc import Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, SchemaValidator, core_schema

_BLANK = r"[ \t\r\n]*"
_NUMBER = rf"^{_BLANK}[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?{_BLANK}$"
_DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"^[0-9]{2}:[0-9]{2}"
_DURATION = r"^[+-]?(?:P|[0-9]+:[0-9]{2}:[0-9]{2})"
_NOT_SCHEMAS = frozenset({"config", "default", "expected", "members", "metadata", "serialization"})
"""Members of a core schema that contain no further schemas."""


class _Guard(NamedTuple):
    """What one type is read from: text of a pattern, and inputs of other types.

    `wrong_type` and `wrong_text` are codes of errors, the second with its message if it is no code of pydantic.
    """

    pattern: str
    others: tuple[CoreSchema, ...]
    wrong_type: str
    wrong_text: str
    message: str | None = None


def _an(*types: type) -> tuple[CoreSchema, ...]:
    return tuple(core_schema.is_instance_schema(one) for one in types)


_INT, _FLOAT = core_schema.int_schema(strict=True), core_schema.float_schema(strict=True, allow_inf_nan=True)
_GUARDS: Mapping[str, _Guard] = {
    "int": _Guard(_NUMBER, (_INT, _FLOAT), "int_type", "int_parsing"),
    "float": _Guard(_NUMBER, (_FLOAT,), "float_type", "float_parsing"),
    "decimal": _Guard(_NUMBER, (*_an(Decimal), _INT, _FLOAT), "decimal_type", "decimal_parsing"),
    "date": _Guard(_DATE, _an(date), "date_type", "date_text", "Input should be a date such as 2013-01-31"),
    "datetime": _Guard(
        _DATE,
        _an(date),
        "datetime_type",
        "datetime_text",
        "Input should be a date and time such as 2013-01-31T05:00:00Z",
    ),
    "time": _Guard(_TIME, _an(time), "time_type", "time_text", "Input should be a time such as 05:00:00"),
    "timedelta": _Guard(
        _DURATION,
        _an(timedelta),
        "time_delta_type",
        "time_delta_text",
        "Input should be a duration such as PT1H30M or 01:30:00",
    ),
}


def _guarded(schema: Any) -> Any:
    """The schema with a guard before each date, time and number in it."""
    if isinstance(schema, list | tuple):
        return type(schema)(_guarded(member) for member in schema)
    if not isinstance(schema, dict):
        return schema
    inner = {name: value if name in _NOT_SCHEMAS else _guarded(value) for name, value in schema.items()}
    if inner.get("type") == "union":
        inner["choices"] = [_labelled(*pair) for pair in zip(schema["choices"], inner["choices"], strict=True)]
    guard = _guard_of(inner)
    return inner if guard is None else _chained(guard, inner)


def _labelled(choice: Any, guarded: Any) -> Any:
    """A choice of a union. An error names it by its type, as without the guard."""
    return guarded if isinstance(guarded, tuple) or guarded["type"] == choice["type"] else (guarded, choice["type"])


def _guard_of(schema: Mapping[str, Any]) -> _Guard | None:
    """The guard of a schema; None where it needs none, or is a mapping of names to schemas."""
    kind = schema.get("type")
    if kind == "enum":
        kind = schema.get("sub_type")
    return _GUARDS.get(kind) if isinstance(kind, str) else None


def _chained(guard: _Guard, schema: dict[str, Any]) -> CoreSchema:
    reference = schema.pop("ref", None)
    any_text = core_schema.str_schema(strict=True)
    text = core_schema.str_schema(strict=True, pattern=guard.pattern)
    steps = [
        _one_of(guard.wrong_type, None, any_text, *guard.others),
        _one_of(guard.wrong_text, guard.message, text, *guard.others),
        cast(CoreSchema, schema),
    ]
    return core_schema.chain_schema(steps, ref=reference)


def _one_of(code: str, message: str | None, *choices: CoreSchema) -> CoreSchema:
    union = core_schema.union_schema(list(choices), mode="left_to_right")
    return core_schema.custom_error_schema(union, code, custom_error_message=message)


@lru_cache(maxsize=64)
def unguarded(model: type[BaseModel]) -> SchemaValidator:
    """The validator of a model without guards, for values that have the types of its fields already."""
    return SchemaValidator(model.__pydantic_core_schema__, _use_prebuilt=False)


class StrictModel(BaseModel):
    """A model with a guard before each date, time and number in it, also in lists and in other models."""

    @classmethod
    def __pydantic_on_complete__(cls) -> None:
        schema = cast(CoreSchema, _guarded(cls.__pydantic_core_schema__))
        cls.__pydantic_validator__ = SchemaValidator(schema, _use_prebuilt=False)
