"""What a caller asks for: the input, the options of the run, the parameters of the report, all checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from outlast.http.problem import Problem, bad_request, from_validation
from outlast.inputs import HEAD_BYTES, BadInput, Inflater, InputFormat, detect_format
from outlast.report import Parameters, Report
from outlast.run_options import HOST_PARAMETERS, Options
from outlast.staging.store import Staging

MAX_INLINE = 32 * 1024 * 1024


class Reference(BaseModel):
    """The body as application/json: a file of the inputs place instead of the file itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: str = Field(min_length=1, max_length=1024)
    parameters: dict[str, Any] = {}
    options: Options = Options()


@dataclass(frozen=True, slots=True)
class StartRequest:
    """A request that will be accepted. `body` is the input itself, None where `reference` names it."""

    options: Options
    parameters: Parameters
    format: InputFormat
    gzipped: bool
    body: bytes | None
    reference: str | None
    reference_etag: str | None


async def read_start_request(request: func.HttpRequest, report: Report[Any], inputs: Staging | None) -> StartRequest:
    """Check everything that can be told before the input is read whole; raise Problem that names the field."""
    kind = (request.headers.get("content-type") or "").split(";")[0].strip().lower()
    if kind == "application/json":
        return await _by_reference(request, report, inputs)
    body = request.get_body()
    if len(body) > MAX_INLINE:
        raise Problem(
            413, "Content Too Large",
            f"the body has {len(body):,} bytes and {MAX_INLINE:,} are taken inline; put the file into the inputs place "
            'and post {"input": "its name"} as application/json', "body", limit=MAX_INLINE,
        )  # fmt: skip
    given = {name: value for name, value in request.params.items() if name not in HOST_PARAMETERS}
    own = {name: given.pop(name) for name in list(given) if name in Options.model_fields}
    options, parameters = _options(own), _parameters(report, given, "")
    form, gzipped = _told(
        request.headers.get("content-type"), options.filename, body[:HEAD_BYTES], len(body) <= HEAD_BYTES, report
    )
    return StartRequest(options, parameters, form, gzipped, body, None, None)


async def _by_reference(request: func.HttpRequest, report: Report[Any], inputs: Staging | None) -> StartRequest:
    if extra := sorted(set(request.params) - HOST_PARAMETERS):
        raise bad_request("with a reference, options and parameters belong in the body", extra[0])
    try:
        asked = Reference.model_validate_json(request.get_body() or b"null")
    except ValidationError as error:
        of_options = error.errors()[0]["loc"][:1] == ("options",)
        raise from_validation(error, (Options if of_options else Reference).model_fields) from None
    if inputs is None:
        raise bad_request("no inputs place is configured (INPUTS_URL); post the file itself", "input")
    path = _inside(asked.input)
    etag = await inputs.etag(path)
    if etag is None:
        raise bad_request(f"{path} is not in the inputs place", "input")
    size = await inputs.size(path) or 0
    head = await inputs.get_range(path, 0, HEAD_BYTES)
    form, gzipped = _told(None, asked.options.filename or path, head, size <= HEAD_BYTES, report)
    parameters = _parameters(report, asked.parameters, "parameters.")
    return StartRequest(asked.options, parameters, form, gzipped, None, path, etag)


def _inside(reference: str) -> str:
    """The path below the inputs place; whatever could lead elsewhere is refused, not repaired."""
    parts = reference.split("/")
    if "\\" in reference or ":" in reference or not reference.isprintable() or any(p in ("", ".", "..") for p in parts):
        raise bad_request("input must be a path below the inputs place, such as 2013/january.csv", "input")
    return reference


def _options(given: Mapping[str, Any]) -> Options:
    try:
        return Options.model_validate(given)
    except ValidationError as error:
        raise from_validation(error, Options.model_fields) from None


def _parameters(report: Report[Any], given: Mapping[str, Any], within: str) -> Parameters:
    try:
        return report.parameters.model_validate(given)
    except ValidationError as error:
        known = [*report.parameters.model_fields, *([] if within else Options.model_fields)]
        raise from_validation(error, known, within) from None


def _told(
    content_type: str | None, filename: str | None, head: bytes, whole: bool, report: Report[Any]
) -> tuple[InputFormat, bool]:
    """The format, by name or content, and that the header has what the report's rows need."""
    try:
        if not head:
            raise BadInput("body", "the body is empty; post the file, as with curl --data-binary @FILE")
        form, gzipped = detect_format(content_type, filename, head)
        text, whole = _inflated_head(head, whole) if gzipped else (head, whole)
        columns = form.columns(text, whole)
    except BadInput as error:
        raise bad_request(str(error), error.field) from None
    needed = [f.alias or name for name, f in report.row.model_fields.items() if f.is_required()]
    if columns and (missing := [name for name in needed if name not in columns]):
        raise bad_request(
            f"the header lacks the column {', '.join(missing)}, which {report.name} needs", missing[0], columns=columns
        )
    return form, gzipped


def _inflated_head(head: bytes, whole: bool) -> tuple[bytes, bool]:
    """The first of the file inside, and whether that is all of it."""
    inflater, text = Inflater(max_bytes=1 << 40, max_ratio=10_000), b""
    for piece in inflater.feed(head):
        text += piece
        if len(text) >= HEAD_BYTES:
            return text, False
    if whole:
        inflater.finish()
    return text, whole
