"""The query parameters of the management API. One that cannot be parsed counts as missing, as on the Azure host."""

import base64

from local.host.durable import events
from local.host.http.reply import Request

STATUSES = ("Running", "Completed", "ContinuedAsNew", "Failed", "Canceled", "Terminated", "Pending", "Suspended")

PAGE = 100  # entries of a list whose request does not say `top`
INT = 1 << 31  # .NET's: a larger `top` is junk, and junk is ignored


class Unsuitable(Exception):
    """Values that contradict each other. The text is the Azure host's."""


def flag(request: Request, name: str) -> bool | None:
    """Return true or false, written in any case, or None."""
    return {"true": True, "false": False}.get((request.argument(name) or "").strip().lower())


def time(request: Request, name: str) -> str | None:
    """Return a time in the form in which the host stores times, or None."""
    text = (request.argument(name) or "").strip()
    if "T" in text:
        text = text.replace(" ", "+")  # which it was, before it stood in a query string
    try:
        return events.stamp(events.moment(text)) if text else None
    except ValueError:
        return None


def statuses(request: Request) -> list[str]:
    """Return the states that are asked for by name or by number."""
    given = [s.strip() for s in (request.argument("runtimeStatus") or "").split(",")]
    numbers = {str(n): status for n, status in enumerate(STATUSES)}
    return [s for s in (numbers.get(g, g) for g in given) if s in STATUSES]


def waiting(request: Request) -> tuple[float, float] | None:
    """Return how many seconds a start waits for the end, and how many between checks; None unless both are given."""
    timeout, interval = _seconds(request, "timeout"), _seconds(request, "pollingInterval")
    if timeout is None or interval is None:
        return None
    if interval > timeout:
        raise Unsuitable(f"Total timeout {timeout:g} should be bigger than retry timeout {interval:g}")
    return timeout, interval


def _seconds(request: Request, name: str) -> float | None:
    text = (request.argument(name) or "").strip()
    return float(text) if text.replace(".", "", 1).isdecimal() else None


def page_size(request: Request) -> int:
    """Return how many entries a list has at most."""
    top = (request.argument("top") or "").strip()
    return int(top) if top.isdecimal() and 0 < int(top) < INT else PAGE


def token(last: str) -> str:
    """Return the token of the next page. The blank at its end is the Azure host's."""
    return base64.b64encode(last.encode()).decode() + " "


def last_seen(text: str | None) -> str:
    """Return the last instance of the page before, from its token."""
    try:
        return base64.b64decode(text.strip()).decode() if text else ""
    except ValueError:
        return ""
