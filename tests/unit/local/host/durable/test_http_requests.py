"""The requests of call_http, made to a server in this process."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp import web

from local.host.clock import SystemClock
from local.host.durable import http_requests
from local.host.durable.events import Event, Kind
from local.host.storage.store import Activity


async def _server(raw: web.BaseRequest) -> web.StreamResponse:
    """Answer with what came, by the status in the path."""
    if raw.path == "/slow":
        await asyncio.sleep(5)
    came = {"method": raw.method, "type": raw.headers.get("Content-Type"), "body": (await raw.read()).decode()}
    response = web.Response(status=int(raw.path.strip("/") or 200), text=json.dumps(came))
    response.headers.add("X-Twice", "a")
    response.headers.add("X-Twice", "b")
    response.headers["Location"] = "there"
    return response


def made(request: dict[str, Any], path: str = "/") -> Event:
    """Make a request to the server; return the event of its end."""

    async def run() -> Event:
        runner = web.ServerRunner(web.Server(_server))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}{path}"
        given = json.dumps([{"method": "GET", "uri": address, **request}])
        activity = Activity(id=1, instance="i", execution="x", task=3, name="n", input=given)
        try:
            return await http_requests.result_of(activity, SystemClock())
        finally:
            await runner.cleanup()

    return asyncio.run(run())


def response(event: Event) -> dict[str, Any]:
    """Return the response that an event brings."""
    assert (event["EventType"], event["TaskScheduledId"]) == (Kind.TASK_COMPLETED, 3)
    found: dict[str, Any] = json.loads(event["Result"])
    return found


@pytest.mark.parametrize("status", [200, 202, 404, 500])
def test_every_status_is_an_answer(status: int) -> None:
    """Whatever the status, the call has an answer with status, headers and content; Content-* are not among them."""
    answer = response(made({}, f"/{status}"))
    assert answer["statusCode"] == status
    assert (answer["headers"]["X-Twice"], answer["headers"]["Location"]) == (["a", "b"], "there")
    assert not [name for name in answer["headers"] if name.lower().startswith("content-")]


@pytest.mark.parametrize(
    ("headers", "kind"), [({}, "text/plain"), ({"content-type": "application/json"}, "application/json")]
)
def test_content_is_sent_as_its_header_says(headers: dict[str, str], kind: str) -> None:
    """Content is sent as it is, as text/plain if no header says otherwise."""
    answer = response(made({"method": "POST", "content": '{"ä": 1}', "headers": headers}))
    assert json.loads(answer["content"]) == {"method": "POST", "type": kind, "body": '{"ä": 1}'}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"uri": "http://127.0.0.1:1/"}, "127.0.0.1"),
        ({"uri": "no address"}, "The HTTP request failed: InvalidUrlClientError no%20address"),
        ({"content": "", "headers": {"Content-Type": "multipart/form-data"}}, "Multipart content is not supported"),
        ({"tokenSource": {"kind": "AzureManagedIdentity", "resource": "r"}}, "token source of call_http is not"),
    ],
)
def test_a_request_without_an_answer_fails(request_: dict[str, Any], said: str) -> None:
    """A request that cannot be made or is not answered fails with the reason."""
    event = made(request_)
    assert event["EventType"] == Kind.TASK_FAILED
    assert said in event["Reason"]


def test_a_request_may_have_a_timeout() -> None:
    """A request that takes longer than its timeout fails."""
    event = made({"timeout": "00:00:00.1"}, "/slow")
    assert (event["EventType"], event["Reason"]) == (Kind.TASK_FAILED, "The HTTP request failed: TimeoutError")


@pytest.mark.parametrize(
    ("status", "listed", "kind"),
    [
        (200, None, Kind.TASK_COMPLETED),
        (404, None, Kind.TASK_FAILED),
        (404, [], Kind.TASK_FAILED),
        (404, [503], Kind.TASK_COMPLETED),
        (202, [202], Kind.TASK_FAILED),
    ],
)
def test_retry_options_make_a_status_a_failure(status: int, listed: list[int] | None, kind: Kind) -> None:
    """With retry options the statuses of the list are failures, or those from 400 on if it is empty."""
    options = {"firstRetryInterval": "00:00:05", "maxNumberOfAttempts": 2, "statusCodesToRetry": listed}
    assert made({"retryOptions": options}, f"/{status}")["EventType"] == kind
