"""The synchronous and the asynchronous official client behind one interface, and raw requests that no client sends."""

import asyncio
import base64
import hmac
import inspect
import threading
from collections.abc import Coroutine
from email.utils import formatdate
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from azure.cosmos import CosmosClient
from azure.cosmos.aio import CosmosClient as AsyncCosmosClient

TIMEOUT = 60


class Loop:
    """An event loop on a thread of its own, for the asynchronous client."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(TIMEOUT)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class Blocking:
    """An object of the asynchronous client whose methods wait for their results, as those of the synchronous client
    do."""

    def __init__(self, inner: Any, loop: Loop) -> None:
        self._inner = inner
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        """Return the same attribute; if it is a method, its calls wait."""
        value = getattr(self._inner, name)
        if not callable(value):
            return value

        def call(*args: Any, **kwargs: Any) -> Any:
            kwargs.pop("enable_cross_partition_query", None)  # the asynchronous client always sends it
            result = value(*(_unwrapped(arg) for arg in args), **kwargs)
            if inspect.isawaitable(result):
                result = self._loop.run(_await(result))
            return self._wrapped(result)

        return call

    def _wrapped(self, result: Any) -> Any:
        if hasattr(result, "__aiter__"):
            return Rows(result, self._loop)
        if type(result).__name__.endswith("Proxy"):
            return Blocking(result, self._loop)
        return result


def _unwrapped(argument: Any) -> Any:
    return argument._inner if isinstance(argument, Blocking) else argument


class Rows:
    """The rows of an asynchronous query, or its pages."""

    def __init__(self, rows: Any, loop: Loop) -> None:
        self._rows = rows
        self._loop = loop

    def __iter__(self) -> Any:
        return iter(self._loop.run(_collect(self._rows)))

    def by_page(self, continuation: str | None = None) -> Any:
        """Return the pages from a continuation token on."""
        return Pages(self._rows.by_page(continuation), self._loop)


class Pages:
    """The pages of an asynchronous query."""

    def __init__(self, pages: Any, loop: Loop) -> None:
        self._pages = pages
        self._loop = loop

    @property
    def continuation_token(self) -> str | None:
        """The token with which the page after the last read one begins."""
        token: str | None = self._pages.continuation_token
        return token

    def __iter__(self) -> "Pages":
        return self

    def __next__(self) -> list[Any]:
        try:
            page = self._loop.run(_await(self._pages.__anext__()))
        except StopAsyncIteration:
            raise StopIteration from None
        rows: list[Any] = self._loop.run(_collect(page))
        return rows


def connect(url: str, key: str, loop: Loop | None) -> Any:
    """Return the asynchronous client on a loop, or the synchronous one without a loop."""
    if loop is None:
        return CosmosClient(url, key)
    return Blocking(loop.run(_connect(url, key)), loop)


def disconnect(client: Any, loop: Loop | None) -> None:
    """Close what `connect` opened."""
    if loop is None:
        client.__exit__(None, None, None)
    else:
        loop.run(client._inner.close())


async def _connect(url: str, key: str) -> AsyncCosmosClient:
    client = AsyncCosmosClient(url, key)
    return await client.__aenter__()


async def _await(work: Any) -> Any:
    return await work


async def _collect(rows: Any) -> list[Any]:
    return [row async for row in rows]


class Raw:
    """Sends signed requests of any form."""

    def __init__(self, url: str, key: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._key = base64.b64decode(key)

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, date: str | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Send a request; return status, headers in lower case, and body. An Authorization or date among the headers is
        sent as it is."""
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        date = date or formatdate(usegmt=True)
        sent = {"x-ms-date": date, "x-ms-version": "2020-07-15", "Authorization": self.sign(method, path, date)}
        connection = HTTPConnection(self._host, self._port, timeout=TIMEOUT)
        try:
            connection.request(method, path, data, {**sent, **(headers or {})})
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        names = {name.lower(): value for name, value in response.getheaders()}
        return response.status, names, orjson.loads(answer) if answer else None

    def sign(self, method: str, path: str, date: str) -> str:
        """Return the master key's signature by the rule in the service's reference."""
        parts = [part for part in path.split("/") if part]
        kind, link = (parts[-1], parts[:-1]) if len(parts) % 2 else (parts[-2] if parts else "", parts)
        if parts[-2:] == ["operations", "partitionkeydelete"]:
            kind, link = "colls", parts[:-2]
        return self.token(method, kind, "/".join(link), date)

    def signed(self, method: str, kind: str, link: str) -> dict[str, str]:
        """Return headers that sign a chosen kind and link, for resources that are addressed by resource id."""
        date = formatdate(usegmt=True)
        return {"x-ms-date": date, "Authorization": self.token(method, kind, link, date)}

    def token(self, method: str, kind: str, link: str, date: str) -> str:
        """The Authorization header for a kind and link."""
        text = f"{method.lower()}\n{kind}\n{link}\n{date.lower()}\n\n"
        signature = base64.b64encode(hmac.digest(self._key, text.encode(), "sha256")).decode()
        return quote(f"type=master&ver=1.0&sig={signature}", safe="")


def operation(kind: str, key: Any, body: Any = None, **more: Any) -> dict[str, Any]:
    """Return one operation of a bulk request."""
    found = {"operationType": kind, "partitionKey": orjson.dumps([key]).decode(), **more}
    return found if body is None else {**found, "resourceBody": body}


def bulk_headers(range_id: str) -> dict[str, str]:
    """Return the headers of a bulk request as the other official clients send them."""
    return {
        "x-ms-cosmos-is-batch-request": "true",
        "x-ms-cosmos-batch-atomic": "false",
        "x-ms-cosmos-batch-continue-on-error": "true",
        "x-ms-documentdb-partitionkeyrangeid": range_id,
        "content-type": "application/json",
    }
