"""Calls of the app's HTTP API: the key, repeats of what may be repeated, and errors that say what to do next."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import httpx

from outlast_cli.address import Address
from outlast_cli.errors import Unreachable, Usage
from outlast_cli.problems import refused

SECONDS = httpx.Timeout(60, connect=10)
TRIES = 4
REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which a request that may be repeated is sent again."""
NOT_TAKEN = 429
"""The one of them that says that nothing was done."""
UNHEARD = "outlast.unheard"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What the calls need of the machine. `transport` is None for the network."""

    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep


class Api:
    """`with Api(address) as api:` calls the app at an address."""

    def __init__(self, address: Address, wire: Wire | None = None) -> None:
        self.address = address
        self._wire = wire or Wire()
        self._client = httpx.Client(
            headers={"x-functions-key": address.key} if address.key else {},
            timeout=SECONDS,
            transport=self._wire.transport,
            trust_env=not address.is_local,  # no proxy leads to this machine
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, **query: str | None) -> Any:
        return read_json(self.call("GET", path, query=query))

    def post(self, path: str, **query: str | None) -> Any:
        return read_json(self.call("POST", path, query=query))

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | None] | None = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> httpx.Response:
        """Return the answer, which has no error status. `repeat` says that the request may be sent twice.

        Raises Unreachable without an answer, CommandError for one with an error.
        """
        answer = self.ask(method, path, query=query, content=content, headers=headers, repeat=repeat)
        if answer.is_success:
            return answer
        raise refused(answer)

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | None] | None = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        repeat: bool = False,
    ) -> httpx.Response:
        """Return the answer whatever its status. A path that is a whole URL must be one of this app.

        Raises Usage for what no request can have, Unreachable without an answer.
        """
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            request = self._client.build_request(
                method, self._url(path), params=asked or None, content=content, headers=headers
            )
        except (UnicodeEncodeError, httpx.InvalidURL) as error:
            raise Usage(f"The app cannot be called so: {error}") from error
        return self._send(request, TRIES if repeat or method in REPEATABLE else 1)

    def _send(self, request: httpx.Request, tries: int) -> httpx.Response:
        unheard = False
        for wait in (0.5 * 2**number for number in range(1, tries)):
            answer = self._tried(request)
            if answer is not None and answer.status_code not in AGAIN:
                return _marked(answer, unheard)
            unheard = unheard or answer is None or answer.status_code != NOT_TAKEN
            self._wire.sleep(wait)
        try:
            return _marked(self._client.send(request), unheard)
        except httpx.HTTPError as error:
            raise self._silent(request, error) from error

    def _tried(self, request: httpx.Request) -> httpx.Response | None:
        with suppress(httpx.HTTPError):  # the last try raises it
            return self._client.send(request)
        return None

    def _url(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return f"{self.address.url}{path}"
        if not path.startswith(f"{self.address.url}/"):
            raise Usage(f"The answer leads to another address than {self.address.url}, which does not get the key")
        return path

    def _silent(self, request: httpx.Request, error: httpx.HTTPError) -> Unreachable:
        what = f"{request.method} {request.url.copy_with(query=None)}"
        start = "Start it with `make serve`." if self.address.is_local else "Run `outlast doctor`."
        return Unreachable(f"{what} gave no answer: {error or type(error).__name__}", start)


def _marked(answer: httpx.Response, unheard: bool) -> httpx.Response:
    answer.extensions[UNHEARD] = unheard
    return answer


def may_be_done_before(answer: httpx.Response) -> bool:
    """Whether the same request was sent before and its answer is not known: a repeat finds what that has done."""
    return bool(answer.extensions[UNHEARD])


def read_json(answer: httpx.Response) -> Any:
    """Return the JSON of an answer, None where it has no body. Raise Unreachable where something else answered."""
    if not answer.content:
        return None
    try:
        return answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        what = f"{answer.request.method} {answer.request.url.copy_with(query=None)}"
        hint = "Is the address that of an Outlast app? `outlast doctor` says more."
        raise Unreachable(f"{what} answered {answer.status_code} without JSON", hint) from error
