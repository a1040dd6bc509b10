"""Numbers as people read them."""

from datetime import datetime


def count(value: float) -> str:
    return f"{value:,.0f}"


def digits(value: float) -> str:
    """Return all digits, without a fraction that is zero."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def duration(seconds: float) -> str:
    """Return `8 s`, `3 min 20 s` or `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def age(time: str | None, now: float) -> str:
    """Return how long ago an ISO 8601 time was, in one unit."""
    if not time:
        return "-"
    seconds = max(0.0, now - datetime.fromisoformat(time).timestamp())
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds:.0f} s"


def blocks(encoding: str | None) -> tuple[str, str]:
    """Return the full and the empty character of a bar, in ASCII if the output's encoding has no block characters."""
    try:
        "█░".encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return "#", "."
    return "█", "░"


def bar(share: float, width: int, encoding: str | None) -> str:
    full, empty = blocks(encoding)
    filled = int(width * min(1.0, max(0.0, share)))
    return full * filled + empty * (width - filled)
