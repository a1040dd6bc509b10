import inspect
from pathlib import Path
from typing import Any

import azure.functions as func
import pytest
from obstore.exceptions import GenericError
from pydantic import BaseModel, ValidationError

from outlast.errors import Permanent, Transient
from outlast.http.problem import Problem, answering, bad_request, from_validation
from tests.fakes.http import ask, finish, read


class Given(BaseModel, extra="forbid"):
    count: int


def answer_to(error: Exception) -> func.HttpResponse:
    """The response to a handler that raises this error."""

    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        raise error

    return finish(answering(handler)(ask("x")))


def validate(value: Any) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        Given.model_validate(value)
    return caught.value


def test_a_problem_is_an_answer_of_rfc_9457() -> None:
    """A problem is application/problem+json with type, title, status, detail and further members."""
    response = answer_to(bad_request("it is too long", "name", limit=3))
    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    assert read(response) == {
        "type": "about:blank",
        "title": "Bad Request",
        "status": 400,
        "detail": "it is too long",
        "field": "name",
        "limit": 3,
    }


def test_a_problem_without_a_field_names_none() -> None:
    """A problem without a field has no member `field`."""
    assert "field" not in read(answer_to(Problem(503, "Service Unavailable", "later")))


@pytest.mark.parametrize("error", [Permanent("COSMOS_ENDPOINT is not set"), Transient("busy")])
def test_an_error_of_ours_is_a_503_that_points_to_health(error: Exception) -> None:
    """An error of the app answers 503 with its text, which holds no secret."""
    response = answer_to(error)
    assert response.status_code == 503
    assert read(response)["detail"] == f"{error}; GET /api/health says more"


def test_an_error_of_the_staging_location_is_a_503_that_does_not_show_it() -> None:
    """The text of a storage error is not repeated, because it may contain the storage's address."""
    response = answer_to(GenericError("https://account.example/secret"))
    assert response.status_code == 503
    assert "staging" in read(response)["detail"]
    assert "account" not in read(response)["detail"]


def test_an_unknown_error_is_left_to_the_host() -> None:
    """An unknown error is raised, so that the host answers 500 and logs its stack."""
    with pytest.raises(KeyError):
        answer_to(KeyError("x"))


def test_a_fault_of_validation_names_its_field_and_not_its_value() -> None:
    """A refused value is not repeated, because it may be personal."""
    problem = from_validation(validate({"count": "s3cret"}), ["count"], "parameters.")
    assert problem.body["field"] == "parameters.count"
    assert "s3cret" not in str(problem.body)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    """An unknown parameter is refused with the names that are known."""
    problem = from_validation(validate({"count": 1, "colour": 2}), ["count"])
    assert problem.body["detail"] == "colour: there is no such parameter; there are: count"


def test_a_fault_of_the_whole_is_of_the_body() -> None:
    """A body that is not an object is refused with the field `body`."""
    assert from_validation(validate(7), ["count"]).body["field"] == "body"


def test_a_problem_does_not_repeat_a_long_request() -> None:
    """A text, a name and a list that the caller has sent are cut, and the list says how many it leaves out."""
    body = bad_request("x" * 5000, "y" * 5000, columns=["z" * 5000] * 100_000, limit=3).body
    assert len(str(body)) < 30_000
    assert body["detail"] == "x" * 999 + "…"
    assert body["field"] == "y" * 255 + "…"
    assert body["columns"] == ["z" * 255 + "…"] * 100 + ["… and 99,900 more"]
    assert body["limit"] == 3


@pytest.mark.parametrize("answer", [None, bad_request("x", "y"), Transient("busy"), GenericError("gone")])
def test_every_response_forbids_guessing_its_type(answer: Exception | None) -> None:
    """A browser does not take a response of refused rows for a page with a script."""

    async def handler(req: func.HttpRequest) -> func.HttpResponse:
        if answer is not None:
            raise answer
        return func.HttpResponse("a,b", mimetype="text/csv", headers={"Link": "x"})

    headers = finish(answering(handler)(ask("x"))).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ("Link" in headers) == (answer is None)


def test_every_http_function_answers_in_this_way() -> None:
    """Each route of the app is registered with a handler in `answering`."""
    lines = (Path(__file__).parents[4] / "function_app.py").read_text("utf-8").splitlines()
    routes = [line for line in lines if line.startswith("app.route(")]
    assert routes
    assert [line for line in routes if "answering(" not in line] == []


def test_a_handler_keeps_its_name_and_signature() -> None:
    """The wrapped handler keeps its name and signature, because the host reads both."""

    async def show_run(req: func.HttpRequest, client: Any) -> func.HttpResponse:
        return func.HttpResponse("ok")

    answered = answering(show_run)
    assert answered.__name__ == "show_run"
    assert list(inspect.signature(answered).parameters) == ["req", "client"]
    assert finish(answered(ask("x"), None)).get_body() == b"ok"
