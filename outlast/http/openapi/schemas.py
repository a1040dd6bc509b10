"""The schemas of what requests and answers have, made from the classes that handlers use."""

from collections.abc import Iterable
from dataclasses import is_dataclass
from typing import Any

from pydantic import TypeAdapter

from outlast.http.answers import NAMED
from outlast.http.open_upload import Upload
from outlast.http.openapi.options import option_schemas
from outlast.http.openapi.shapes import Event, Plan, ProblemDetails
from outlast.http.openapi.texts import meanings, tables
from outlast.http.start_request import Reference
from outlast.models import Json
from outlast.runs.record import OUTCOMES, STATES, RunRequest, RunResult, RunStatus

AT = "#/components/schemas/{model}"
STATE: Json = {"type": "string", "enum": [*STATES, "failing", *OUTCOMES]}
_NOISE = ("title", "default")
_NO_EVENTS = "events"
_MAYBE_MISSING = "ttl"


def component_schemas(shapes: Iterable[Any]) -> dict[str, Json]:
    """The schemas of the shapes of answers, with all that they refer to, of bodies, records and problems."""
    wanted: list[Any] = [
        shape for shape in dict.fromkeys([*shapes, Plan, Event, ProblemDetails]) if is_dataclass(shape)
    ]
    adapters: Any = [(shape, "validation", TypeAdapter(shape)) for shape in [*wanted, Reference, Upload]]
    _, found = TypeAdapter.json_schemas(adapters, ref_template=AT)
    schemas: dict[str, Json] = {**found["$defs"], "Run": run_schema()}
    schemas["Reference"] |= {"properties": schemas["Reference"]["properties"] | {"input": input_schema(schemas)}}
    schemas["Options"] |= {"properties": _body_options()}
    return {name: _described(name, _plain(schema)) for name, schema in sorted(schemas.items())}


def run_schema() -> Json:
    """The record as a caller sees it: one level, without its events."""
    properties: Json = {"id": {"type": "string"}, "open": {"type": "boolean"}}
    for part in (RunRequest, RunStatus, RunResult):
        properties |= TypeAdapter(part).json_schema(mode="serialization")["properties"]
    del properties[_NO_EVENTS]
    properties["state"] = STATE
    return {"type": "object", "properties": properties, "required": sorted(properties.keys() - {_MAYBE_MISSING})}


def input_schema(schemas: dict[str, Json]) -> Json:
    """What an input by reference can be. Its own validator tells the forms apart, so pydantic knows none of them."""
    path: Json = {"type": "string", "minLength": 1, "maxLength": 1024}
    query: Json = {
        "type": "object",
        "properties": {
            "container": {"type": "string", "minLength": 1, "maxLength": 255},
            "sql": {"type": "string", "minLength": 1, "maxLength": 32 * 1024},
            "parameters": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string", "pattern": r"^@\w+$"}, "value": {}},
                    "required": ["name", "value"],
                },
            },
        },
        "required": ["container"],
    }
    asked = {"type": "object", "properties": {"query": query}, "required": ["query"], "additionalProperties": False}
    return {"anyOf": [path, {"type": "array", "items": path, "minItems": 1, "maxItems": 1000}, asked]}


def _body_options() -> Json:
    """Options in a body may be null, and `nulls` a list."""
    texts: Json = {"type": "array", "items": {"type": "string"}}
    own = {**option_schemas(), "nulls": {"anyOf": [option_schemas()["nulls"], texts]}}
    return {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in own.items()}


def _described(name: str, schema: Json) -> Json:
    """The schema with what texts.txt says of its members."""
    texts = meanings(name) if name in tables() else meanings("options") if name == "Options" else {}
    properties = {
        member: {**member_schema, "description": texts[member]} if member in texts else member_schema
        for member, member_schema in schema.get("properties", {}).items()
    }
    return {**schema, "properties": properties} if properties else schema


def _plain(schema: Any) -> Any:
    """The schema without titles and defaults, which repeat the names or say only that a member may be missing.

    A schema may have a property named `title`, which stays.
    """
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if NAMED in schema:
        return {"$ref": AT.format(model=schema[NAMED])}
    kept = {name: value for name, value in schema.items() if name not in _NOISE or isinstance(value, dict)}
    return {name: _plain(value) for name, value in kept.items()}
