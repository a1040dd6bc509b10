import asyncio
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request

import pytest

from outlast.errors import Permanent, Throttled, Transient
from outlast.mail import TIMEOUT_SECONDS, Addresses, Email, SendGridMailer
from outlast.retry_after import LONGEST_WAIT

EMAIL = Email("r1:1:failed", "Report sales failed: run r1", "Reason: disk full\n")
Answer = Callable[[], Any]


class Reply:
    """The library's reply to an accepted email."""

    def getcode(self) -> int:
        return 202

    def read(self) -> bytes:
        return b""

    def info(self) -> Message:
        return Message()


class Service:
    """Replaces the network below the library, and records requests and their time limits."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.requests: list[Request] = []
        self.timeouts: list[float] = []

    def open(self, request: Request, timeout: float) -> Any:
        self.requests.append(request)
        self.timeouts.append(timeout)
        return self._answer()


async def work_here(work: Callable[[], Any]) -> Any:
    return work()


def send(monkeypatch: pytest.MonkeyPatch, answer: Answer = Reply, email: Email = EMAIL, **settings: Any) -> Service:
    service = Service(answer)
    monkeypatch.setattr("urllib.request.build_opener", lambda: service)
    given: dict[str, Any] = {
        "api_key": "SG.key",
        "host": "https://mail",
        "addresses": Addresses("a@x.org", "b@x.org, c@x.org"),
    }
    asyncio.run(SendGridMailer(**(given | settings), in_thread=work_here).send(email))
    return service


def refuse_with(status: int, header: str = "X-Nothing", value: str = "") -> Answer:
    headers = Message()
    headers[header] = value

    def answer() -> Any:
        raise HTTPError("https://mail", status, "scripted", headers, io.BytesIO(b"{}"))

    return answer


def fail_with(error: Exception) -> Answer:
    def answer() -> Any:
        raise error

    return answer


def test_an_email_is_posted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """An email is one request to the settings' host, for all recipients, as plain text and with its key."""
    (request,) = send(monkeypatch).requests
    assert request.full_url == "https://mail/v3/mail/send"
    assert request.get_header("Authorization") == "Bearer SG.key"
    assert isinstance(request.data, bytes)
    body = json.loads(request.data)
    assert body["personalizations"] == [{"to": [{"email": "b@x.org"}, {"email": "c@x.org"}]}]
    assert (body["from"], body["subject"]) == ({"email": "a@x.org"}, EMAIL.subject)
    assert body["content"] == [{"type": "text/plain", "value": EMAIL.text}]
    assert body["headers"] == {"X-Outlast-Key": "r1:1:failed"}


def test_an_email_in_html_is_sent_as_the_richer_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """An email that has HTML is sent as text and as HTML, the HTML last, because the last form is the richest."""
    (request,) = send(monkeypatch, email=replace(EMAIL, html="<p>disk full</p>")).requests
    assert isinstance(request.data, bytes)
    content = json.loads(request.data)["content"]
    assert [part["type"] for part in content] == ["text/plain", "text/html"]
    assert content[1]["value"] == "<p>disk full</p>"


def test_the_library_is_given_a_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request has a time limit, because the library sets none."""
    assert send(monkeypatch).timeouts == [TIMEOUT_SECONDS]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_busy_service_may_be_asked_again(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """A 429 or 5xx raises Transient with the status."""
    with pytest.raises(Transient, match=str(status)):
        send(monkeypatch, refuse_with(status))


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_refused_mail_is_given_up(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    """Any other 4xx raises Permanent with the settings to check."""
    with pytest.raises(Permanent, match=f"{status}; check SENDGRID_API_KEY, MAIL_FROM and MAIL_TO"):
        send(monkeypatch, refuse_with(status))


@pytest.mark.parametrize(
    "error", [TimeoutError("timed out"), URLError("no route"), ConnectionResetError("reset"), ConnectionRefusedError()]
)
def test_no_answer_may_be_asked_for_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """A time limit that passed or a connection that was lost is transient."""
    with pytest.raises(Transient, match="gave no answer"):
        send(monkeypatch, fail_with(error))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"api_key": ""}, "SENDGRID_API_KEY"),
        ({"addresses": Addresses("", "b@x.org")}, "MAIL_FROM"),
        ({"addresses": Addresses("a@x.org", "")}, "MAIL_TO"),
    ],
)
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], name: str) -> None:
    """Without a needed setting no request is made, and the error is permanent."""
    with pytest.raises(Permanent, match=f"{name} is not set"):
        send(monkeypatch, Reply, **settings)


def test_no_error_contains_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """No error contains the API key, because errors are logged."""
    with pytest.raises(Permanent) as caught:
        send(monkeypatch, refuse_with(401))
    assert "SG.key" not in str(caught.value)


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "value", "seconds"),
    [
        ("X-RateLimit-Reset", str(int(NOW.timestamp()) + 90), 90.0),
        ("Retry-After", "30", 30.0),
        ("retry-after", "999999", LONGEST_WAIT),
    ],
)
def test_a_limit_that_ends_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, header: str, value: str, seconds: float
) -> None:
    """A 429 with a reset header raises an error with the seconds after which emails are accepted again."""
    with pytest.raises(Throttled) as caught:
        send(monkeypatch, refuse_with(429, header, value), now=lambda: NOW)
    assert caught.value.seconds == seconds


@pytest.mark.parametrize("value", [str(int(NOW.timestamp()) - 1), "soon", "0"])
def test_a_limit_that_is_not_said_is_a_passing_failure(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """A 429 without a usable reset header is transient."""
    with pytest.raises(Transient) as caught:
        send(monkeypatch, refuse_with(429, "X-RateLimit-Reset", value), now=lambda: NOW)
    assert not isinstance(caught.value, Throttled)
