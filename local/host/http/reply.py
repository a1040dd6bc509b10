"""Requests and replies, independent of the web server."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that was read whole."""

    method: str
    origin: str  # scheme and host, as the client wrote them
    path: str  # raw, with its percent signs
    query_text: str
    query: dict[str, str]
    headers: dict[str, str]  # lower-case names
    body: bytes
    file: Path | None = None  # has the body, where its function reads it as a stream

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.with_path(self.path)

    def with_path(self, path: str) -> str:
        """Return the URL with another path."""
        return f"{self.origin}{path}" + (f"?{self.query_text}" if self.query_text else "")

    @property
    def keys(self) -> list[str]:
        """The keys that came with the request. One right key is enough."""
        return [k for k in (self.headers.get("x-functions-key"), self.argument("code")) if k]

    def argument(self, name: str) -> str | None:
        """Return a query parameter; its name matches in any case."""
        return next((value for key, value in self.query.items() if key.lower() == name.lower()), None)


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    body: bytes = b""
    headers: list[tuple[str, str]] = field(default_factory=list)


def empty(status: int, **headers: str) -> Reply:
    """Return a reply without a body, and therefore without a content type."""
    return Reply(status=status, headers=[(n.replace("_", "-"), v) for n, v in headers.items()])


def as_json(status: int, value: Any, **headers: str) -> Reply:
    """Return a reply with a JSON body."""
    try:
        body = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which only an escape can hold
        body = json.dumps(value).encode()
    more = [(n.replace("_", "-"), v) for n, v in headers.items()]
    return Reply(status=status, body=body, headers=[("Content-Type", JSON), *more])


def unauthorized() -> Reply:
    """Return the Azure host's reply to a wrong key, everywhere except at a function."""
    return empty(401, WWW_Authenticate="Bearer")
