"""The address under which callers see the app, where a proxy stands before it.

Every link of an answer is made from the URL of its request. A proxy changes that URL, so it is put right here, once.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import azure.functions as func

PROTO, HOST, PREFIX = "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix"
"""What proxies say of the request that they were sent. Source: MDN, "X-Forwarded-Host"; Traefik, "StripPrefix"."""
_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")


class SeenRequest(func.HttpRequest):
    """A request with the URL that its sender knows. All else is that of the request as the host hands it over."""

    def __init__(self, request: func.HttpRequest, url: str) -> None:
        super().__init__(
            request.method,
            url,
            headers=request.headers,
            params=request.params,
            route_params=request.route_params,
            body=b"",
        )
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def get_body(self) -> bytes:
        return bytes(self._request.get_body())


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """`address` is PUBLIC_URL. `proxies` is how many proxies before the app are trusted to say what they were sent.

    An address that begins with http:// is of this machine, and for emails: who comes from another machine or by another
    name gets links of that name.
    """

    address: str = ""
    proxies: int = 0

    def seen(self, request: func.HttpRequest) -> func.HttpRequest:
        """The request with the URL that its sender sees."""
        parts = urlsplit(request.url)
        ours = f"{parts.scheme}://{parts.netloc}"
        base = self.address if self.address.startswith("https://") else self._forwarded(request, ours)
        if base == ours:
            return request
        return SeenRequest(request, f"{base}{parts.path}" + (f"?{parts.query}" if parts.query else ""))

    def _forwarded(self, request: func.HttpRequest, ours: str) -> str:
        """What the trusted proxies say, as far as it has the form of an address."""
        if not self.proxies:
            return ours
        scheme, _, host = ours.partition("://")
        proto, name, prefix = (self._said(request, header) for header in (PROTO, HOST, PREFIX))
        scheme = proto if proto in ("http", "https") else scheme
        host = name if _HOST.fullmatch(name) else host
        return f"{scheme}://{host}" + (prefix.rstrip("/") if _PREFIX.fullmatch(prefix) else "")

    def _said(self, request: func.HttpRequest, header: str) -> str:
        """What the first trusted proxy has appended: those before it in the list are the caller's own."""
        values = [value.strip() for value in (request.headers.get(header) or "").split(",")]
        return values[-self.proxies] if len(values) >= self.proxies else ""
