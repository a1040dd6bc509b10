import azure.functions as func
import pytest

from outlast.http.etag import with_etag
from tests.fakes.http import ask

BODY = b'{"a": 1}'


def answer(body: bytes = BODY, status: int = 200, kind: str = "application/json", **headers: str) -> func.HttpResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return func.HttpResponse(body, status_code=status, mimetype=kind, headers=named)


def test_a_json_answer_has_a_tag_of_what_it_shows() -> None:
    """The same JSON has the same weak tag, other JSON another, and its client asks each time."""
    first, again, other = (with_etag(ask("x"), answer(body)) for body in (BODY, BODY, b"{}"))
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["ETag"] == again.headers["ETag"] != other.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.get_body() == BODY


@pytest.mark.parametrize("form", ["{tag}", '"other", {tag}', "*", "{strong}"])
def test_an_answer_that_the_client_has_is_a_304(form: str) -> None:
    """A client that names the tag gets 304 without a body, with the tag and the headers of the 200."""
    tag = with_etag(ask("x"), answer()).headers["ETag"]
    named = form.format(tag=tag, strong=tag.removeprefix("W/"))
    response = with_etag(ask("x", headers={"If-None-Match": named}), answer(Link="<u>", Vary="Accept"))
    assert (response.status_code, response.get_body()) == (304, b"")
    assert (response.headers["ETag"], response.headers["Link"], response.headers["Vary"]) == (tag, "<u>", "Accept")
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_another_tag_gets_the_answer() -> None:
    """A client that names another tag gets the answer."""
    response = with_etag(ask("x", headers={"If-None-Match": 'W/"0"'}), answer())
    assert (response.status_code, response.get_body()) == (200, BODY)


@pytest.mark.parametrize(
    "response",
    [
        answer(status=202),
        answer(status=404, kind="application/problem+json"),
        answer(b"a,b", kind="text/csv"),
        answer(Cache_Control="private, no-store"),
    ],
)
def test_what_is_not_kept_has_no_tag(response: func.HttpResponse) -> None:
    """Problems, answers other than 200, files and what nobody may keep have no tag, and are never a 304."""
    answered = with_etag(ask("x", headers={"If-None-Match": "*"}), response)
    assert "ETag" not in answered.headers
    assert answered.status_code == response.status_code


def test_a_post_is_never_a_304() -> None:
    """A method that changes something has no tag."""
    assert (
        "ETag" not in with_etag(ask("x", b"{}", "application/json", headers={"If-None-Match": "*"}), answer()).headers
    )
