import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest

from outlast.http.problem import answering
from outlast.http.streamed import StreamedRequest
from outlast.http.take_upload import TakeUpload
from outlast.staging.store import Staging
from tests.fakes.http import ORIGIN, finish, read

NAME = "0123456789abcdef" * 2 + "-a.csv"
MEGABYTE = 1024 * 1024


class Sent(StreamedRequest):
    """A request that sends these pieces, and then fails if it is told to."""

    def __init__(self, *pieces: bytes, name: str = NAME, breaks: bool = False) -> None:
        super().__init__("PUT", f"{ORIGIN}/api/inputs/{name}", route_params={"name": name}, body=b"")
        self._pieces, self._breaks = pieces, breaks

    async def stream(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._breaks:
            raise ConnectionResetError("the client has gone")


def taken(inputs: Staging | None, request: Any) -> func.HttpResponse:
    return finish(answering(TakeUpload(inputs).take_upload)(request))


def test_a_file_is_stored_as_it_was_sent(tmp_path: Path) -> None:
    """The pieces of the body are the file, in their order."""
    inputs = Staging(tmp_path.as_uri())
    pieces = [bytes([n]) * MEGABYTE for n in range(12)]
    answer = taken(inputs, Sent(*pieces))
    assert (answer.status_code, read(answer)) == (201, {"input": f"uploads/{NAME}", "bytes": 12 * MEGABYTE})
    assert asyncio.run(inputs.need(f"uploads/{NAME}")) == b"".join(pieces)


def test_a_host_that_holds_the_body_in_memory_is_served_too(tmp_path: Path) -> None:
    """A request without `stream`, as Azure's host gives it, is stored as well."""
    request = func.HttpRequest("PUT", f"{ORIGIN}/api/inputs/{NAME}", route_params={"name": NAME}, body=b"a\n1\n")
    assert taken(Staging(tmp_path.as_uri()), request).status_code == 201


def test_a_file_that_was_partly_sent_is_not_there(tmp_path: Path) -> None:
    """When the connection breaks, nothing can be started with the name, and the file can be sent again."""
    inputs = Staging(tmp_path.as_uri())
    assert taken(inputs, Sent(bytes(11 * MEGABYTE), breaks=True)).status_code == 503
    assert not list((tmp_path / "uploads").iterdir())
    assert taken(inputs, Sent(b"a\n1\n")).status_code == 201


def test_an_upload_is_not_overwritten(tmp_path: Path) -> None:
    """A second file under a name is a 409, and the first one stays."""
    inputs = Staging(tmp_path.as_uri())
    taken(inputs, Sent(b"first"))
    assert taken(inputs, Sent(b"second")).status_code == 409
    assert asyncio.run(inputs.get(f"uploads/{NAME}")) == b"first"


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """An empty body is a 400, and nothing is left of it."""
    answer = taken(Staging(tmp_path.as_uri()), Sent())
    assert (answer.status_code, read(answer)["field"]) == (400, "body")
    assert not list((tmp_path / "uploads").iterdir())


@pytest.mark.parametrize("name", ["a.csv", "../" + NAME, NAME.upper(), NAME + "/x"])
def test_a_name_that_was_not_given_takes_nothing(name: str, tmp_path: Path) -> None:
    """A name of another form than POST /api/inputs gives is a 404."""
    assert taken(Staging(tmp_path.as_uri()), Sent(b"x", name=name)).status_code == 404


def test_where_the_storage_signs_addresses_this_one_takes_nothing() -> None:
    """On Azure, and without an inputs location, the address is a 404 that names the way."""
    for inputs in (Staging("https://account.blob.core.windows.net/inputs"), None):
        answer = taken(inputs, Sent(b"x"))
        assert answer.status_code == 404
        assert "POST /api/inputs" in read(answer)["detail"]
