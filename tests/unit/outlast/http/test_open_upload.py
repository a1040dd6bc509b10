from datetime import UTC, datetime
from typing import Any

import azure.functions as func
import pytest

from outlast.http.open_upload import OpenUpload
from outlast.http.problem import answering
from outlast.staging.store import Staging
from outlast.staging.uploads import is_upload
from tests.fakes.http import ORIGIN, ask, finish, read

NEW_ID = "0123456789abcdef" * 2
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def opened(inputs: Staging | None = None, **request: Any) -> func.HttpResponse:
    handler = OpenUpload(inputs or Staging("memory:///"), lambda: NEW_ID, lambda: NOW).open_upload
    return finish(answering(handler)(ask("inputs", **request)))


def test_the_answer_says_where_to_send_the_file_and_how_to_start_with_it() -> None:
    """On one machine the address is the app's own, and `input` is the path that starts a report."""
    answer = opened(params={"name": "flights.csv.gz"})
    assert answer.status_code == 201
    name = f"{NEW_ID}-flights.csv.gz"
    assert read(answer) == {
        "input": f"uploads/{name}",
        "method": "PUT",
        "url": f"{ORIGIN}/api/inputs/{name}",
        "headers": {},
        "expires": None,
        "most_bytes": 5 * 1024**3,
    }
    assert is_upload(f"uploads/{name}")


def test_the_name_may_be_in_a_json_body() -> None:
    """A body `{"name": …}` says the same as the query."""
    answer = opened(body=b'{"name": "a.csv"}', content_type="application/json")
    assert read(answer)["input"] == f"uploads/{NEW_ID}-a.csv"


def test_a_json_body_may_begin_with_a_byte_order_mark() -> None:
    """Programs of Windows write a mark before JSON, which is no fault of its content."""
    answer = opened(body=b'\xef\xbb\xbf{"name": "a.csv"}', content_type="application/json")
    assert read(answer)["input"] == f"uploads/{NEW_ID}-a.csv"


@pytest.mark.parametrize("name", ["../../x.csv", "a b/ü.csv", ".hidden", "x" * 500 + ".csv"])
def test_no_name_leads_out_of_the_folder_of_uploads(name: str) -> None:
    """Whatever the file is called, its upload is one file of the folder, whose end is as the file's."""
    path = read(opened(params={"name": name}))["input"]
    assert is_upload(path)
    assert path.endswith(name[-4:])


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({}, "name"),
        ({"params": {"name": "a", "size": "1"}}, "size"),
        ({"body": b'{"name": ""}'}, "name"),
        ({"body": b'{"name": "a\\n"}'}, "name"),
        ({"body": b"["}, "body"),
        ({"params": {"name": "a"}, "body": b'{"name": "a"}'}, "name"),
    ],
)
def test_a_wrong_request_is_refused(request_: dict[str, Any], field: str) -> None:
    """A missing, unusable or additional member is a 400 that names it."""
    answer = opened(**request_)
    assert (answer.status_code, read(answer)["field"]) == (400, field)


def test_without_an_inputs_location_there_are_no_uploads() -> None:
    """Without INPUTS_URL the answer is a 400 that says so."""
    handler = OpenUpload(None, lambda: NEW_ID, lambda: NOW).open_upload
    answer = finish(answering(handler)(ask("inputs", params={"name": "a.csv"})))
    assert answer.status_code == 400
    assert "INPUTS_URL" in read(answer)["detail"]
