"""Which pages of other origins may read answers. None, unless CORS_ORIGINS names their origins.

The app has no cookies, so no page has the power of who looks at it: it needs a key of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import azure.functions as func

SENT = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Functions-Key"
"""Headers that a page may send beside those that every page may."""
SHOWN = "Content-Disposition, ETag, Link, Location, Retry-After"
"""Headers of an answer that a page may read beside those that every page may."""
SECONDS = "600"
"""For which a browser need not ask again."""


@dataclass(frozen=True, slots=True)
class Cors:
    """`origins` as browsers send them: scheme, host and, if it is not the scheme's own, port."""

    origins: tuple[str, ...] = ()

    def headers(self, request: func.HttpRequest) -> Mapping[str, str]:
        """What lets the page read the answer to its request, if its origin is named."""
        if not self.origins:
            return {}
        origin = request.headers.get("Origin") or ""
        if origin not in self.origins:
            return {"Vary": "Origin"}
        return {
            "Vary": "Origin",
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": SHOWN,
        }

    def preflight(self, request: func.HttpRequest, methods: str) -> Mapping[str, str]:
        """What lets the page send a request with these methods and with the headers of the API."""
        if (request.headers.get("Origin") or "") not in self.origins:
            return {}
        return {
            "Access-Control-Allow-Methods": methods,
            "Access-Control-Allow-Headers": SENT,
            "Access-Control-Max-Age": SECONDS,
        }
