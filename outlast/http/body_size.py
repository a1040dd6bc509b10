"""How large a posted body may be. The host keeps it in memory, and the app copies it."""

from outlast.http.problem import Problem

MAX_INLINE = 32 * 1024 * 1024


def check_size(body: bytes, advice: str) -> None:
    """Raise a 413 Problem for a body that is too long; `advice` says what to do then."""
    if len(body) > MAX_INLINE:
        text = f"the body has {len(body):,} bytes and at most {MAX_INLINE:,} are accepted; {advice}"
        raise Problem(413, "Content Too Large", text, "body", limit=MAX_INLINE)
