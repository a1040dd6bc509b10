"""The cookies of a response as the Azure host writes them: read by the worker, written again by ASP.NET Core."""

from collections.abc import Iterable, Iterator
from datetime import UTC
from email.utils import format_datetime, parsedate_to_datetime
from http.cookies import Morsel, SimpleCookie
from urllib.parse import quote


def rewritten(cookies: Iterable[SimpleCookie]) -> list[str]:
    """The values of the Set-Cookie headers; raises ValueError for an `Expires` or `Max-Age` that cannot be read."""
    return ["; ".join(_parts(morsel)) for cookie in cookies for morsel in cookie.values()]


def _http_date(text: str) -> str:
    moment = parsedate_to_datetime(text)
    return format_datetime(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC), usegmt=True)


def _parts(morsel: Morsel[str]) -> Iterator[str]:
    """The worker hands a missing domain or path over as an empty text, and so the host writes it."""
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
