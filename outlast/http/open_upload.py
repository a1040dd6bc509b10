"""POST /api/inputs: names a file of any size that is to be sent, and the address that takes it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import azure.functions as func
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from outlast.http.answers import UploadAddress, answer
from outlast.http.problem import bad_request, from_validation
from outlast.http.query import read_query
from outlast.inputs.byte_order_mark import without_marks
from outlast.staging.store import Staging
from outlast.staging.uploads import LIFETIME, MOST_BYTES, upload_name, upload_path

BLOB = {"x-ms-blob-type": "BlockBlob"}
"""The header without which Azure takes no file."""
MOST_BLOB_BYTES = 5000 * 1024**2
"""Bytes that Azure takes with one request. A client that sends a file in blocks may send more."""


def _is_printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("must be printable")
    return name


class Upload(BaseModel):
    """What is said of a file before it is sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=1024), AfterValidator(_is_printable)]


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """`new_id` makes 32 hex digits that nobody can guess. `inputs` is None where INPUTS_URL is not set."""

    inputs: Staging | None
    new_id: Callable[[], str]
    now: Callable[[], datetime]

    async def open_upload(self, req: func.HttpRequest) -> func.HttpResponse:
        """201 with `input`, which starts a report, and `method`, `url` and `headers`, with which the file is sent."""
        name = upload_name(self.new_id(), _asked(req).name)
        if self.inputs is None:
            raise bad_request("no inputs location is configured (INPUTS_URL); post the file to the report", "name")
        expires = (self.now() + LIFETIME).astimezone(UTC).isoformat(timespec="seconds")
        signed = await self.inputs.signed_put(upload_path(name), LIFETIME)
        address = UploadAddress(
            input=upload_path(name),
            method="PUT",
            url=signed or f"{req.url.split('?')[0].rstrip('/')}/{name}",
            headers=BLOB if signed else {},
            expires=expires if signed else None,
            most_bytes=MOST_BLOB_BYTES if signed else MOST_BYTES,
        )
        return answer(address, 201)


def _asked(req: func.HttpRequest) -> Upload:
    """The name, from the query or a JSON body."""
    query = read_query(req.params, Upload.model_fields)
    if query and req.get_body():
        raise bad_request("the name is in the query, and there is a body too; send one of them", "name")
    try:
        body = without_marks(req.get_body()) or b"{}"
        return Upload.model_validate(query) if query else Upload.model_validate_json(body)
    except ValidationError as error:
        raise from_validation(error, Upload.model_fields) from None
