"""Makes the requests of `call_http`, by the rules of the Durable extension's `TaskHttpActivityShim`."""

import asyncio
import json
from typing import Any

import aiohttp

from local.host.clock import Clock
from local.host.durable import events, failures
from local.host.durable.answers import compact
from local.host.durable.events import Event
from local.host.settings import timespan
from local.host.storage.store import Activity

SECONDS = 240.0  # that a request may take if it does not say
CONTENT_HEADERS = {"allow", "expires", "last-modified"}  # the extension keeps none of these and none of Content-*


class Refused(Exception):
    """A request that this host does not make, or an answer that its caller wants to be a failure."""


async def result_of(activity: Activity, clock: Clock) -> Event:
    """Make a request; return the event of its answer, whatever its status, or of what kept it from being answered."""
    (request,) = json.loads(activity.input or "[{}]")
    try:
        response = await _sent(request)
    except Refused as error:
        reason = str(error)
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        reason = f"The HTTP request failed: {type(error).__name__} {error}".rstrip()
    else:
        return events.task_completed(task=activity.task, result=compact(response), now=clock.now())
    details = failures.host_details("HttpRequestException", reason)
    return events.task_failed(task=activity.task, reason=reason, details=details, now=clock.now())


async def _sent(request: dict[str, Any]) -> dict[str, Any]:
    if request.get("tokenSource") is not None:
        raise Refused("A token source of call_http is not supported by this host; make the request in an activity.")
    content = request.get("content")
    seconds = timespan(request["timeout"]) if request.get("timeout") else SECONDS
    async with asyncio.timeout(seconds), aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        headers = _headers(request.get("headers") or {}, has_content=content is not None)
        body = None if content is None else content.encode()
        async with session.request(request["method"], request["uri"], data=body, headers=headers) as response:
            _check(response.status, request.get("retryOptions"))
            text = await response.text(errors="replace")
            return {"statusCode": response.status, "headers": _kept(response), "content": text}


def _headers(given: dict[str, str], *, has_content: bool) -> dict[str, str]:
    kind = next((value for name, value in given.items() if name.lower() == "content-type"), "text/plain")
    if "multipart" in kind:
        raise Refused("Multipart content is not supported with CallHttpAsync.")
    others = {name: value for name, value in given.items() if name.lower() != "content-type"}
    return {**others, "Content-Type": kind} if has_content else others


def _check(status: int, options: dict[str, Any] | None) -> None:
    """Raise Refused for a status after which the request is to be made again: those of the list, else 400 and more."""
    if options is not None:
        again = {name.lower(): value for name, value in options.items()}.get("statuscodestoretry")
        if status in again if again else status >= 400:
            raise Refused(f"Status code {status} received, retry requested.")


def _kept(response: aiohttp.ClientResponse) -> dict[str, str | list[str]]:
    """Return the response's headers; one that came several times is a list."""
    kept: dict[str, str | list[str]] = {}
    for name in dict.fromkeys(response.headers):
        if not name.lower().startswith("content-") and name.lower() not in CONTENT_HEADERS:
            values = response.headers.getall(name)
            kept[name] = values[0] if len(values) == 1 else values
    return kept
