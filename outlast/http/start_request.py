"""What a caller asks for: the input, the options of the run and the parameters of the report, all checked."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import azure.functions as func
import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from outlast.cosmos.queries import EVERYTHING, Query
from outlast.errors import Transient
from outlast.http.body_size import check_size
from outlast.http.input_head import LOOKED_AT, Head, check_head, said_of
from outlast.http.named_files import MOST_FILES, is_several, named_files
from outlast.http.problem import Problem, bad_request, from_validation
from outlast.http.query import is_of_host
from outlast.inputs import Reading
from outlast.inputs.byte_order_mark import without_marks
from outlast.inputs.exact_json import repeated_name
from outlast.json_numbers import LARGEST_EXACT, find_number, is_not_kept
from outlast.models import RUNS_CONTAINER
from outlast.report import Parameters, Report
from outlast.run_options import Options
from outlast.staging.parsed import InThread
from outlast.staging.store import Staging

MAX_REFERENCE = 64 * 1024
"""Bytes of a body that names the input."""
LOOK_SECONDS = 10.0
"""For the look at a file of the inputs location: far below functionTimeout, which would end the worker."""

SEND_A_FILE = (
    'POST /api/inputs?name=NAME returns an address for a file of any size and the {"input": …} to post here as '
    "application/json"
)
_NO_REFERENCE = (
    'a body of type application/json names a file, as {"input": "2013/january.csv"}; send rows themselves as '
    "JSON Lines, one object a line, with the type application/x-ndjson"
)


def _paths(value: Any) -> Any:
    if isinstance(value, dict):
        return _asked(value)
    paths = value if isinstance(value, list) else [value]
    if not 0 < len(paths) <= MOST_FILES or not all(isinstance(path, str) and 0 < len(path) <= 1024 for path in paths):
        text = "must be a path of 1 to 1,024 characters, or a list of up to {most} of them"
        raise PydanticCustomError("path", text, {"most": MOST_FILES})
    return value


class _SqlParameter(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^@\w+$", max_length=256)]
    value: Any


class _Sql(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    container: Annotated[str, Field(min_length=1, max_length=255)]
    sql: Annotated[str, Field(min_length=1, max_length=32 * 1024)] = EVERYTHING
    parameters: list[_SqlParameter] = []


class _Asked(BaseModel):
    """An input that is not a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    query: _Sql


def _asked(value: dict[str, Any]) -> _Asked:
    """An input that is an object. The error names the member and not its value, which may be personal."""
    try:
        return _Asked.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        about = {"where": where, "what": first["msg"], "shape": '{"query": {"container": …, "sql": …}}'}
        raise PydanticCustomError("query", "{where}: {what}; an input that is no path is {shape}", about) from None


class Reference(BaseModel):
    """A body of type application/json: it names a file of the inputs location instead of being the file itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Annotated[Any, AfterValidator(_paths)]
    """The path of a file, a folder or a pattern; a list of paths; or a query of a container."""
    parameters: dict[str, Any] = {}
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A request that has passed all checks. `body` is the input itself, or None when `reference` names it."""

    options: Options
    parameters: Parameters
    reading: Reading
    body: bytes | None
    reference: str | None
    reference_etag: str | None
    digest: str | None
    """SHA-256 of the body in hex."""
    several: bool = False
    """The body is a list of files, as `named_files` returns it."""
    query: Query | None = None
    """What is read of a container instead of a file."""


async def read_start_request(
    request: func.HttpRequest, report: Report[Any], inputs: Staging | None, in_thread: InThread
) -> StartRequest:
    """Check all that can be checked before the input is read whole. Raises a Problem that names the field.

    What grows with the body is computed by `in_thread`.
    """
    media = (request.headers.get("content-type") or "").split(";")[0].strip().lower()
    if media == "application/json" and not _is_array(request.get_body()):
        return await _by_reference(request, report, inputs, in_thread)
    return await _inline(request, report, in_thread)


async def _inline(request: func.HttpRequest, report: Report[Any], in_thread: InThread) -> StartRequest:
    """The body is the input. Options and parameters are in the query."""
    body = request.get_body()
    check_size(body, SEND_A_FILE)
    given = {name: value for name, value in request.params.items() if not is_of_host(name)}
    own = {name: given.pop(name) for name in list(given) if name in Options.model_fields}
    options, parameters = _options(own), _parameters(report, given, "")
    head = Head(body[:LOOKED_AT], len(body) <= LOOKED_AT)
    media = request.headers.get("content-type")
    reading = await in_thread(partial(check_head, media, options.filename, head, report, options.reading()))
    digest: str = await in_thread(lambda: hashlib.sha256(body).hexdigest())
    return StartRequest(options, parameters, reading, body, None, None, digest)


def _is_array(body: bytes) -> bool:
    """Whether a body of type application/json is the rows themselves."""
    return body[:LOOKED_AT].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")


async def _by_reference(
    request: func.HttpRequest, report: Report[Any], inputs: Staging | None, in_thread: InThread
) -> StartRequest:
    """The body names the input. Options and parameters are in the body, too."""
    asked = _reference(request)
    if isinstance(asked.input, _Asked):
        return _queried(asked, asked.input.query, report)
    if inputs is None:
        raise bad_request("no inputs location is configured (INPUTS_URL); post the file itself", "input")
    paths = asked.input if isinstance(asked.input, list) else [asked.input]
    if len(paths) > 1 or is_several(paths[0]):
        return await _several(asked, [_file_or_folder(path) for path in paths], report, inputs, in_thread)
    return await named_file(asked, _inside(paths[0]), report, inputs, in_thread)


async def named_file(
    asked: Reference, path: str, report: Report[Any], inputs: Staging, in_thread: InThread
) -> StartRequest:
    """One file of the inputs location, with the options and parameters of a reference. Raises Problem."""
    etag, head = await _referenced(inputs, path)
    name, said = asked.options.filename or path, asked.options.reading()
    reading = await in_thread(partial(check_head, None, name, head, report, said))
    parameters = _parameters(report, asked.parameters, "parameters.")
    return StartRequest(asked.options, parameters, reading, None, path, etag, None)


async def _several(
    asked: Reference, paths: list[str], report: Report[Any], inputs: Staging, in_thread: InThread
) -> StartRequest:
    """Several files as one input. Their list is staged as the body. The head of the first is checked here, the heads of
    the others by the run, which also finds how each is read."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            found = await named_files(inputs, paths, asked.input)
    except TimeoutError:
        raise Transient(f"the inputs location (INPUTS_URL) gave no answer for {LOOK_SECONDS:.0f} s") from None
    _, head = await _referenced(inputs, found[0][0])
    said = asked.options.reading()
    await in_thread(partial(check_head, None, found[0][0], head, report, said))
    body = orjson.dumps(found)
    parameters = _parameters(report, asked.parameters, "parameters.")
    digest = hashlib.sha256(body).hexdigest()
    return StartRequest(asked.options, parameters, said_of(report, said), body, None, None, digest, several=True)


def _queried(asked: Reference, sql: _Sql, report: Report[Any]) -> StartRequest:
    """A query, of the container that the report writes or one that it reads: a key of the app opens no other.

    Whether the database takes it is checked by StartChecks.
    """
    allowed = sorted({report.container, *report.reads} - {RUNS_CONTAINER})
    if sql.container not in allowed:
        text = f"{report.name} may query {', '.join(allowed)}; name another container in `reads` of the report"
        raise bad_request(f"input.query.container: {text}", "input.query.container")
    query = Query(sql.container, sql.sql, [parameter.model_dump() for parameter in sql.parameters])
    if path := find_number({"parameters": query.parameters}, is_not_kept):
        text = f"input.query.{path}: the run's record can keep finite numbers and integers up to {LARGEST_EXACT:,}"
        raise bad_request(text, f"input.query.{path}")
    parameters = _parameters(report, asked.parameters, "parameters.")
    reading = Reading(format="jsonl", compression="", encoding="utf-8")
    digest = hashlib.sha256(orjson.dumps(query.to_dict())).hexdigest()
    return StartRequest(asked.options, parameters, reading, None, None, None, digest, query=query)


def _reference(request: func.HttpRequest) -> Reference:
    if len(request.get_body()) > MAX_REFERENCE:
        text = (
            f"a body of type application/json names the input and has at most {MAX_REFERENCE:,} bytes; "
            "send rows as application/x-ndjson, one JSON object a line"
        )
        raise Problem(413, "Content Too Large", text, "body", limit=MAX_REFERENCE)
    if extra := sorted(name for name in request.params if not is_of_host(name)):
        raise bad_request("with a reference, options and parameters belong in the body", extra[0])
    body = without_marks(request.get_body()) or b"null"
    try:
        reference = Reference.model_validate_json(body)
    except ValidationError as error:
        path = error.errors()[0]["loc"]
        if not path:
            raise bad_request(f"body: {error.errors()[0]['msg']}; {_NO_REFERENCE}", "body") from None
        raise from_validation(error, (Options if path[0] == "options" else Reference).model_fields) from None
    if (name := repeated_name(body)) is not None:
        raise bad_request(f"body: the name {name[:100]!r} is in an object twice", "body")
    return reference


async def _referenced(inputs: Staging, path: str) -> tuple[str, Head]:
    """The ETag and the head of a file of the inputs location. Raises Transient when that takes LOOK_SECONDS."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await _looked_at(inputs, path)
    except TimeoutError:
        raise Transient(f"the inputs location (INPUTS_URL) gave no answer for {LOOK_SECONDS:.0f} s") from None


async def _looked_at(inputs: Staging, path: str) -> tuple[str, Head]:
    etag = await inputs.etag(path)
    if etag is None:
        raise bad_request(f"{path} is not in the inputs location (INPUTS_URL)", "input")
    size = await inputs.size(path) or 0
    return etag, Head(await inputs.get_range(path, 0, LOOKED_AT), size <= LOOKED_AT)


def _inside(reference: str) -> str:
    """The path below the inputs location. A path that could lead elsewhere is refused, not repaired."""
    parts = reference.split("/")
    if "\\" in reference or not reference.isprintable() or any(p in ("", ".", "..") for p in parts):
        text = "input must be a path below the inputs location (INPUTS_URL), such as 2013/january.csv"
        raise bad_request(text, "input")
    return reference


def _file_or_folder(reference: str) -> str:
    """The path, with the `/` at the end that makes it a folder."""
    return f"{_inside(reference[:-1])}/" if reference.endswith("/") else _inside(reference)


def _options(given: Mapping[str, Any]) -> Options:
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        raise from_validation(error, Options.model_fields) from None


def _parameters(report: Report[Any], given: Mapping[str, Any], within: str) -> Parameters:
    """The report's parameters. `within` is the prefix of their names in a problem's field."""
    try:
        parameters = report.parameters.model_validate(given)
    except ValidationError as error:
        known = [*report.parameters.model_fields, *([] if within else Options.model_fields)]
        raise from_validation(error, known, within) from None
    if path := find_number(parameters.model_dump(by_alias=True), is_not_kept):
        text = f"{within}{path}: the run's record can keep finite numbers and integers up to {LARGEST_EXACT:,}"
        raise bad_request(text, within + path)
    return parameters
