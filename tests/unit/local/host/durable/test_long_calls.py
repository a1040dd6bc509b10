"""Durable HTTP requests: which tasks they take, and when. Retries are tested with the turn."""

import json
from typing import Any

import pytest
from azure.durable_functions.models.actions.CallHttpAction import CallHttpAction
from azure.durable_functions.models.DurableHttpRequest import DurableHttpRequest

from local.host.durable.long_calls import HTTP_ACTIVITY
from tests.unit.local.host.pure import Context, Pure

STATUS = "http://there/status?code=k"
HEADERS = {"x-functions-key": "k", "Accept": "text/plain"}


def asks(context: Context) -> Any:
    """Make a request, and return the status of its answer."""
    response = yield context.call_http("POST", "http://there", {"a": 1}, HEADERS)
    return response["statusCode"]


def answer(status: int, **headers: str) -> dict[str, Any]:
    """Return an answer as the host keeps it."""
    return {"statusCode": status, "headers": {n.replace("_", "-"): v for n, v in headers.items()}, "content": ""}


def given(pure: Pure) -> list[dict[str, Any]]:
    """Return the requests that were made."""
    assert {call.name for call in pure.calls} == {HTTP_ACTIVITY}
    return [json.loads(call.input or "")[0] for call in pure.calls]


def test_a_request_is_an_activity_of_the_hosts() -> None:
    """A request is made by an activity that the app has not, and its answer is the activity's result."""
    pure = Pure(asks)
    assert given(pure) == [{"method": "POST", "uri": "http://there", "content": '{"a": 1}', "headers": HEADERS}]
    pure.take(pure.completed(0, answer(500)))
    assert (pure.last.status, pure.last.output) == ("Completed", "500")


def test_a_202_is_asked_for_until_it_is_none() -> None:
    """While the answer is a 202 its Location is read again after Retry-After, without the key of the function."""
    pure = Pure(asks)
    pure.take(pure.completed(0, answer(202, Location=STATUS, Retry_After="7")))
    pure.take(pure.fired(1))
    pure.take(pure.completed(2, answer(202, location=STATUS)))
    pure.take(pure.fired(3))
    pure.take(pure.completed(4, answer(200)))
    poll = {"method": "GET", "uri": STATUS, "headers": {"Accept": "text/plain"}}
    assert given(pure)[1:] == [poll, poll]
    assert [t.task for t in pure.timers] == [1, 3]
    assert pure.timers[0].fire_at == "2026-01-01T00:00:09.000000Z"  # the second turn is 2 s after the start
    assert pure.timers[1].fire_at == "2026-01-01T00:00:34.000000Z"
    assert (pure.last.status, pure.last.output) == ("Completed", "202")  # what the SDK's version 1 makes of it


@pytest.mark.parametrize("headers", [{}, {"Location": STATUS, "Retry_After": "soon"}])
def test_a_202_without_an_address_or_a_time_is_the_answer(headers: dict[str, str]) -> None:
    """A 202 that does not say where or when to ask ends the call."""
    pure = Pure(asks)
    pure.take(pure.completed(0, answer(202, **headers)))
    assert (pure.last.status, pure.timers) == ("Completed", [])


def test_a_request_that_fails_fails_in_the_orchestrator() -> None:
    """A request without an answer raises in the orchestrator."""
    pure = Pure(asks)
    pure.take(pure.failed(0, "nobody listens there"))
    assert pure.last.status == "Failed"
    assert "nobody listens there" in (pure.last.output or "")


def test_a_request_is_made_again_as_its_retry_options_say() -> None:
    """A request with retry options, in the extension's form, is made again after the interval; its polls are not."""

    def code(context: Context) -> Any:
        action = CallHttpAction(DurableHttpRequest("GET", "http://there"))
        options = {"firstRetryInterval": "00:00:05", "maxNumberOfAttempts": 3, "backoffCoefficient": 2}
        plain = action.to_json
        action.to_json = lambda: {**plain(), "httpRequest": {**plain()["httpRequest"], "retryOptions": options}}
        return (yield context._generate_task(action))

    pure = Pure(code)
    pure.take(pure.failed(0))
    pure.take(pure.fired(1))
    pure.take(pure.failed(2))
    pure.take(pure.fired(3))
    assert [t.fire_at[17:19] for t in pure.timers] == ["07", "14"]  # 5 s after second 2, 10 s after second 4
    assert pure.calls[-1].task == 4
