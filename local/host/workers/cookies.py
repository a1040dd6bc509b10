"""Writes cookies as on Azure, where the worker parses them and ASP.NET Core writes them again."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from urllib.parse import quote


def rewritten(cookies: Iterable[SimpleCookie]) -> list[str]:
    """Return the values of Set-Cookie headers; raise ValueError for an `Expires` or `Max-Age` that cannot be parsed."""
    return ["; ".join(_parts(morsel)) for cookie in cookies for morsel in cookie.values()]


def _http_date(text: str) -> str:
    moment = parsedate_to_datetime(text)
    return format_datetime(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC), usegmt=True)


def _parts(morsel: Morsel[str]) -> Iterator[str]:
    """Yield the parts of one value. A missing domain or path is written as an empty text, as on Azure."""
    yield f"{morsel.key}={quote(morsel.value, safe='')}"
    if expires := morsel["expires"]:
        yield f"expires={_http_date(expires)}"
    if age := morsel["max-age"]:
        yield f"max-age={int(float(age))}"
    yield f"domain={morsel['domain']}"
    yield f"path={morsel['path']}"
    if morsel["secure"]:
        yield "secure"
    if (same_site := str(morsel["samesite"]).lower()) in {"lax", "strict", "none"}:
        yield f"samesite={same_site}"
    if morsel["httponly"]:
        yield "httponly"
