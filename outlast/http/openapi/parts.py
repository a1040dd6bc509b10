"""What an operation of the API is described by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outlast.models import Json


@dataclass(frozen=True, slots=True)
class Parameter:
    """Of the query unless `within` says `path` or `header`. Its meaning is in texts.txt, under the operation's name or
    under `parameters`."""

    name: str
    schema: Json
    required: bool = False
    within: str = "query"
    example: object = None


@dataclass(frozen=True, slots=True)
class Answer:
    """`shape` is the dataclass of the JSON, `media` the type of an answer that is none; neither: it has no body."""

    meaning: str
    shape: Any = None
    media: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    example: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route with one method. `name` is that of its function, and `heading` that of its part of docs/api.md.

    `problems` are the statuses with which a request can be refused, beside those that every operation has.
    """

    name: str
    method: str
    path: str
    summary: str
    heading: str
    answers: Mapping[int, Answer]
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[int, ...] = ()
    bodies: Mapping[str, Json] = field(default_factory=dict)
    body_required: bool = False
    open: bool = False
    """No key is needed."""


BOOLEAN: Json = {"type": "boolean"}
TIME: Json = {"type": "string", "format": "date-time"}
TEXT: Json = {"type": "string"}
RUN = Parameter(
    "run", {"type": "string", "pattern": "^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$"}, True, "path", example="f" * 32
)
REPORT = Parameter(
    "report", {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,127}$"}, True, "path", example="flight_delays"
)
TOKEN = Parameter("token", {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,200}$"}, True, "path")
LINK, LOCATION, RETRY_AFTER, ETAG = "Link", "Location", "Retry-After", "ETag"
