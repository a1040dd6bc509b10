"""The options of a start as JSON Schema: what pydantic says of them, and what only their validators know."""

from functools import cache

from outlast.http.openapi.parts import Parameter
from outlast.models import Json
from outlast.run_options import Options

_MARK: Json = {"type": "string", "anyOf": [{"pattern": r"^[!-/:-@\[-^`{-~\t ]$"}, {"enum": ["tab", "space", "pipe"]}]}
_SHARE: Json = {"type": "number", "anyOf": [{"minimum": 0.01, "maximum": 1}, {"minimum": 400, "maximum": 1e9}]}
ONLY_VALIDATED: dict[str, Json] = {
    "delimiter": _MARK,
    "quote": {"anyOf": [_MARK, {"const": "none"}]},
    "encoding": {"type": "string", "examples": ["utf-8", "utf-16", "cp1252"]},
    "nulls": {"type": "string"},
    "path": {"type": "string", "maxLength": 200, "examples": ["$", "$.value", "$.data.items"]},
    "ru_share": _SHARE,
    "read_ru_share": _SHARE,
}
"""Schemas of a query. A body may have `nulls` as a list, too."""


@cache
def option_schemas() -> dict[str, Json]:
    """The schema of each option. One that is not given has no value, so null is left out."""
    found = Options.model_json_schema()["properties"]
    return {name: ONLY_VALIDATED.get(name) or without_null(schema) for name, schema in found.items()}


def without_null(schema: Json) -> Json:
    """The schema without the alternative null, and without title and default, which say nothing here."""
    kept = {name: value for name, value in schema.items() if name not in ("title", "default", "anyOf")}
    others = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    if len(others) == 1:
        return {**kept, **others[0]}
    return {**kept, "anyOf": others} if others else kept


def parameter_of(name: str) -> Parameter:
    """An option as a parameter of the query."""
    return Parameter(name, option_schemas()[name])


def as_parameters() -> tuple[Parameter, ...]:
    return tuple(map(parameter_of, option_schemas()))
