from typing import Any

import pytest

from outlast.http.answer_options import AnswerOptions
from outlast.http.cors import Cors
from outlast.http.entrance import Entrance
from tests.fakes.http import ask, finish, read

PAGE = "https://page.example"


def options(path: str, origin: str = PAGE, cors: Cors | None = None) -> Any:
    cors = cors or Cors((PAGE,))
    answered: Any = Entrance(cors=cors).answering(AnswerOptions(cors).answer_options)
    return finish(answered(ask(path, headers={"Origin": origin}, rest=path)))


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("runs", "GET, HEAD, OPTIONS"),
        ("Runs/r1/", "DELETE, GET, HEAD, OPTIONS"),
        ("runs/r1/cancel", "OPTIONS, POST"),
        ("openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_the_methods_of_a_route_are_said(path: str, methods: str) -> None:
    """Allow has the methods of the route, and HEAD wherever GET is; the case of a route does not matter."""
    assert (options(path).status_code, options(path).headers["Allow"]) == (204, methods)


def test_a_page_of_a_named_origin_may_send_them() -> None:
    """The answer to a preflight allows the methods and headers to the named origin, and nothing to any other."""
    headers = options("runs/r1").headers
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert headers["Access-Control-Allow-Methods"] == "DELETE, GET, HEAD, OPTIONS"
    for other in (options("runs/r1", "https://evil.example"), options("runs/r1", cors=Cors())):
        assert not [name for name in dict(other.headers) if name.lower().startswith("access-control")]
        assert other.status_code == 204


@pytest.mark.parametrize("path", ["", "nothing", "runs/r1/nothing", "openapiXjson"])
def test_what_is_no_route_is_not_found(path: str) -> None:
    """A path that no route takes answers 404, as every other method does there."""
    response = options(path)
    assert (response.status_code, read(response)["status"]) == (404, 404)
