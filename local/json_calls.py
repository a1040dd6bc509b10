"""HTTP calls to the services on this machine: JSON in and out, never through a proxy, errors with the answer's text."""

import json
import os
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from local.console import LocalError

SECONDS = 60
_direct = build_opener(ProxyHandler({}))


class CallError(LocalError):
    """A service returned an error, or no answer."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


def get(url: str, key: str | None = None) -> Any:
    return json.loads(_call(Request(url, headers=_headers(key)))[1])


def get_text(url: str, key: str | None = None) -> str:
    return _call(Request(url, headers=_headers(key)))[1].decode()


def post_json(url: str, value: Any, key: str) -> Any:
    """Return the JSON of the answer."""
    headers = {**_headers(key), "Content-Type": "application/json"}
    return json.loads(_call(Request(url, json.dumps(value).encode(), headers))[1])


def bypass_proxies() -> None:
    """Keep clients of this process and its children from using a proxy for this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1", "localhost"]))


def _headers(key: str | None) -> dict[str, str]:
    return {"x-functions-key": key} if key else {}


def _call(request: Request) -> tuple[int, bytes]:
    what = f"{request.get_method()} {request.full_url.partition('?')[0]}"
    try:
        with _direct.open(request, timeout=SECONDS) as answer:
            return answer.status, answer.read()
    except HTTPError as error:
        with error:
            text = error.read().decode(errors="replace")
        raise CallError(f"{what} answered {error.code}: {text or 'nothing'}", error.code) from error
    except (URLError, OSError) as error:
        raise CallError(f"{what} failed: {getattr(error, 'reason', error)}. Is it running?") from error
