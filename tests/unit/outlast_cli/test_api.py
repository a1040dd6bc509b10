import httpx
import pytest

from outlast_cli.address import Address
from outlast_cli.api import Api, Wire
from outlast_cli.errors import CommandError, Unreachable, Usage
from outlast_cli.exit_codes import ExitCode
from tests.unit.outlast_cli.calling import KEY, URL, problem, repeating, respond


class Calls:
    """An app that gives these answers, one a request, and repeats the last."""

    def __init__(self, *answers: object) -> None:
        self.slept: list[float] = []
        self.requests: list[httpx.Request] = []
        self._answers = repeating(list(answers))

    def api(self, url: str = URL, key: str | None = KEY) -> Api:
        wire = Wire(transport=httpx.MockTransport(self._answer), sleep=self.slept.append)
        return Api(Address(url=url, key=key, source="test"), wire)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return respond(next(self._answers), request)


def test_the_key_is_a_header() -> None:
    """The key goes into a header, never into the address, and members without a value are left out of the query."""
    calls = Calls({"a": 1})
    assert calls.api().get("/api/runs", top="5", state=None) == {"a": 1}
    assert str(calls.requests[0].url) == f"{URL}/api/runs?top=5"
    assert calls.requests[0].headers["x-functions-key"] == KEY


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(503)])
def test_a_get_is_sent_again(failure: object) -> None:
    """A GET without an answer, or with a 503, is sent again after growing waits."""
    calls = Calls(failure, failure, {"a": 1})
    assert calls.api().get("/api/runs") == {"a": 1}
    assert calls.slept == [1.0, 2.0]


def test_a_change_is_sent_once() -> None:
    """A POST is sent once, because a lost answer may be that of a change; one that may be repeated is repeated."""
    calls = Calls(httpx.ReadTimeout("slow"), httpx.Response(202, json={"id": "R"}))
    with pytest.raises(Unreachable):
        calls.api().call("POST", "/api/runs/R/cancel")
    assert len(calls.requests) == 1
    assert calls.api().call("POST", "/api/reports/x", repeat=True).status_code == 202


def test_an_app_that_does_not_answer_is_named() -> None:
    """A call without an answer names method and address, without the query, and says what to do next."""
    with pytest.raises(Unreachable, match=r"GET https://app\.example\.com/api/runs gave no answer: refused") as failure:
        Calls(httpx.ConnectError("refused")).api().get("/api/runs", continuation="c0ntinue")
    assert "c0ntinue" not in failure.value.text
    assert failure.value.hint == "Run `outlast doctor`."
    with pytest.raises(Unreachable) as failure:
        Calls(httpx.ConnectError("refused")).api("http://127.0.0.1:1").get("/api/runs")
    assert "make serve" in str(failure.value.hint)


def test_an_answer_of_something_else_is_told() -> None:
    """A success without JSON, such as a sign-in page, raises Unreachable."""
    with pytest.raises(Unreachable, match="answered 200 without JSON"):
        Calls(httpx.Response(200, text="<html>")).api().get("/api/runs")


def test_a_redirect_is_not_followed() -> None:
    """A redirect, which would take the key elsewhere, is an error."""
    calls = Calls(httpx.Response(302, headers={"Location": "https://elsewhere.example.com"}))
    with pytest.raises(Unreachable, match="answered 302"):
        calls.api().get("/api/runs")
    assert len(calls.requests) == 1


def test_a_link_must_lead_to_the_app() -> None:
    """A link of an answer is followed within the app, and one that leads elsewhere does not get the key."""
    calls = Calls({"a": 1})
    calls.api().get(f"{URL}/api/runs?continuation=x")
    assert calls.requests[0].url.query == b"continuation=x"
    for link in ("https://elsewhere.example.com/api", f"{URL}.example.org/api"):
        with pytest.raises(Usage, match="does not get the key"):
            calls.api().get(link)


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (400, ExitCode.USAGE, None),
        (401, ExitCode.KEY, "outlast login"),
        (404, ExitCode.MISSING, "outlast list"),
        (409, ExitCode.CONFLICT, None),
        (410, ExitCode.MISSING, None),
        (422, ExitCode.CONFLICT, None),
        (500, ExitCode.UNREACHABLE, "outlast doctor"),
        (503, ExitCode.UNREACHABLE, "outlast health"),
    ],
)
def test_a_refusal_has_its_code_and_next_step(status: int, code: ExitCode, hint: str | None) -> None:
    """Each status becomes an exit code and, where there is one, a next step."""
    with pytest.raises(CommandError) as failure:
        Calls(problem(status, "it is so")).api().get("/api/runs/R")
    assert failure.value.code is code
    assert failure.value.text == "it is so"
    assert (failure.value.hint is None) if hint is None else hint in str(failure.value.hint)


def test_a_problem_shows_its_field_and_members() -> None:
    """The error names the field unless the detail does, and shows the members that only this problem has."""
    with pytest.raises(CommandError) as failure:
        Calls(problem(400, "a column is missing", field="carrier", columns=["a", "b"])).api().get("/api/runs/R")
    assert failure.value.text == "a column is missing (field carrier)\n  columns: a, b"
    assert failure.value.problem
    assert failure.value.problem["columns"] == ["a", "b"]


def test_an_error_without_a_problem_is_told() -> None:
    """A status without a body, as the host answers a wrong key, names call and status."""
    with pytest.raises(CommandError, match=r"GET https://app\.example\.com/api/runs answered 401"):
        Calls(httpx.Response(401)).api().get("/api/runs")


def test_what_no_request_can_have_is_a_wrong_call() -> None:
    """An address with a wrong port, and a text that is no Unicode, raise Usage before anything is sent."""
    calls = Calls({"a": 1})
    with pytest.raises(Usage, match="Invalid port"):
        calls.api("https://app.example.com:x").get("/api/runs")
    with pytest.raises(Usage, match="surrogates"):
        calls.api().get("/api/runs", label="\udcff")
    assert calls.requests == []
