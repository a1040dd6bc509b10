"""The description of the HTTP API as OpenAPI 3.1."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from outlast.http.openapi.change_operations import APP, CHANGE
from outlast.http.openapi.examples import PROBLEMS
from outlast.http.openapi.parts import ETAG, LINK, LOCATION, RETRY_AFTER, Answer, Operation, Parameter
from outlast.http.openapi.run_operations import READ
from outlast.http.openapi.schemas import AT, component_schemas
from outlast.http.openapi.start_operations import START
from outlast.http.openapi.texts import meanings, tables
from outlast.models import Json

OPERATIONS: tuple[Operation, ...] = (*START, *READ, *CHANGE, *APP)
"""Every route and method but HEAD, which is answered wherever GET is, and OPTIONS."""
WITHOUT_STORES = ("list_reports", "show_openapi")
"""Operations that ask neither database nor storage, so nothing can be unavailable."""
WITHOUT_TAG = ("show_shared",)
"""Operations whose JSON nobody keeps."""
PROBLEM = "application/problem+json"
_HEADERS = {
    LINK: "The relation `next` has the URL of what follows. Missing on the last page.",
    LOCATION: "The address of what was made: the durable status URL, or `runUri`; or the link.",
    RETRY_AFTER: "Seconds after which to ask again.",
    ETAG: "Send it back in `If-None-Match`: the answer is 304 while nothing has changed.",
    "Content-Disposition": "Names the file.",
}
_ABOUT = (
    "Imports reports of any size into Azure Cosmos DB. HEAD is answered wherever GET is. A query parameter that is not "
    "described gets 400, but at health, at this description, at a shared link and where a file is sent. Times are "
    "ISO 8601 in UTC. A request that is refused gets a problem of RFC 9457."
)


def openapi(server: str, version: str) -> Json:
    """`server` is the address of the app as the caller sees it."""
    return {
        **_document(),
        "info": {"title": "Outlast", "version": version, "description": _ABOUT},
        "servers": [{"url": server}],
    }


@cache
def _document() -> Json:
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    shapes = [answer.shape for operation in OPERATIONS for answer in operation.answers.values()]
    return {
        "openapi": "3.1.0",
        "paths": paths,
        "components": {"schemas": component_schemas(shapes), "securitySchemes": _SCHEMES},
        "security": [{"header": []}, {"query": []}],
    }


_SCHEMES: Json = {
    "header": {"type": "apiKey", "in": "header", "name": "x-functions-key"},
    "query": {"type": "apiKey", "in": "query", "name": "code"},
}


def statuses_of(operation: Operation) -> list[int]:
    """The statuses of problems with which a request can be refused, the host's own 401 included."""
    own = set(operation.problems) | (set() if operation.open else {401})
    return sorted(own | (set() if operation.name in WITHOUT_STORES or operation.name == "show_health" else {503}))


def _operation(operation: Operation) -> Json:
    described: Json = {
        "operationId": operation.name,
        "summary": operation.summary[0].upper() + operation.summary[1:],
        "tags": [operation.heading],
        "parameters": [_parameter(operation, one) for one in operation.parameters],
        "responses": dict(_responses(operation)),
    }
    if operation.bodies:
        described["requestBody"] = {"required": operation.body_required, "content": dict(operation.bodies)}
    return {**described, "security": []} if operation.open else described


def _parameter(operation: Operation, one: Parameter) -> Json:
    texts: Mapping[str, str] = {
        **meanings("parameters"),
        **meanings("options"),
        **meanings("headers"),
        **(meanings(operation.name) if operation.name in tables() else {}),
    }
    shown: Json = {"name": one.name, "in": one.within, "schema": one.schema, "description": texts[one.name]}
    if one.required:
        shown["required"] = True
    if one.schema.get("type") == "object":
        shown |= {"style": "form", "explode": True}
    return shown if one.example is None else {**shown, "example": one.example}


def _responses(operation: Operation) -> Iterator[tuple[str, Json]]:
    for status, answer in sorted(operation.answers.items()):
        kept = operation.method == "GET" and status == 200 and answer.shape and operation.name not in WITHOUT_TAG
        yield str(status), _answer(answer, (*answer.headers, *((ETAG,) if kept else ())))
        if kept:
            yield "304", {"description": "Nothing has changed since the answer that `If-None-Match` names"}
    texts = meanings("problems")
    for status in statuses_of(operation):
        schema = {"$ref": AT.format(model="ProblemDetails")}
        problem = {PROBLEM: {"schema": schema, "example": PROBLEMS[status]}} if status != 401 else {}
        yield str(status), {"description": texts[str(status)], **({"content": problem} if problem else {})}


def _answer(answer: Answer, headers: tuple[str, ...]) -> Json:
    content: Json = {media: {"schema": {"type": "string"}} for media in answer.media}
    if answer.shape is not None:
        example = {} if answer.example is None else {"example": answer.example}
        content["application/json"] = {"schema": _reference(answer.shape), **example}
    shown: Json = {"description": answer.meaning}
    if headers:
        shown["headers"] = {name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in headers}
    return {**shown, "content": content} if content else shown


def _reference(shape: Any) -> Json:
    """A dataclass by its name; any other type as it is."""
    if isinstance(shape, type) and hasattr(shape, "__dataclass_fields__"):
        return {"$ref": AT.format(model=shape.__name__)}
    return TypeAdapter(shape).json_schema()
