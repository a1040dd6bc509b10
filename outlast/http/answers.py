"""The JSON of answers. Handlers make these, and GET /api/openapi.json describes them."""

from dataclasses import dataclass
from typing import Annotated, Any

import azure.functions as func
import orjson
from pydantic import WithJsonSchema

from outlast.models import Json

JSON = "application/json"
NAMED = "x-named"
"""Stands for a reference to a schema that is made elsewhere, which pydantic would look for."""
Record = Annotated[Json, WithJsonSchema({NAMED: "Run"})]
"""A run's record as a caller sees it; `openapi.schemas` describes it from its dataclasses."""
Events = Annotated[list[Json], WithJsonSchema({"type": "array", "items": {NAMED: "Event"}})]
Schema = Annotated[Json, WithJsonSchema({"type": "object", "description": "JSON Schema"})]


def answer(body: object, status: int = 200, /, **headers: str) -> func.HttpResponse:
    """An answer with this JSON. `headers` have underscores for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpResponse(orjson.dumps(body), status_code=status, headers=named, mimetype=JSON)


@dataclass(frozen=True, slots=True)
class RunAnswer:
    run: Record


@dataclass(frozen=True, slots=True)
class CorrectedRun:
    """`rows` are corrected now; `corrected_before` were, with the same content."""

    run: Record
    rows: int
    corrected_before: int


@dataclass(frozen=True, slots=True)
class Orchestration:
    runtimeStatus: str | None  # noqa: N815  # as Durable Functions names it
    customStatus: Any  # noqa: N815  # as Durable Functions names it


@dataclass(frozen=True, slots=True)
class Lane:
    id: str
    runtimeStatus: str | None  # noqa: N815  # as Durable Functions names it
    customStatus: Any  # noqa: N815  # as Durable Functions names it


@dataclass(frozen=True, slots=True)
class ShownRun:
    run: Record
    status: Orchestration
    lanes: list[Lane]


@dataclass(frozen=True, slots=True)
class RunPage:
    runs: list[Record]
    continuation: str | None


@dataclass(frozen=True, slots=True)
class RunEvents:
    run: str
    events: Events


@dataclass(frozen=True, slots=True)
class ShownReport:
    name: str
    doc: str | None
    container: str
    partition_key: str | list[str]
    mode: str
    row_schema: Schema
    parameters_schema: Schema


@dataclass(frozen=True, slots=True)
class ShownContainer:
    name: str
    partition_key: str | list[str]


@dataclass(frozen=True, slots=True)
class Reports:
    reports: list[ShownReport]
    containers: list[ShownContainer]
    portal: str | None


@dataclass(frozen=True, slots=True)
class SqlParameter:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Current:
    report: str
    container: str
    run: str
    accepted: str
    published: str
    documents: int
    query: str
    parameters: list[SqlParameter]


@dataclass(frozen=True, slots=True)
class UploadAddress:
    input: str
    method: str
    url: str
    headers: dict[str, str]
    expires: str | None
    most_bytes: int


@dataclass(frozen=True, slots=True)
class UploadedFile:
    input: str
    bytes: int


@dataclass(frozen=True, slots=True)
class MadeLink:
    uri: str
    expires: str
    rejects: bool


@dataclass(frozen=True, slots=True)
class SharedRun:
    run: Json
    status: Orchestration
    expires: str
    rejectsUri: str | None  # noqa: N815  # as the other addresses of answers are named


@dataclass(frozen=True, slots=True)
class TakenOver:
    taken: int
    left: int
