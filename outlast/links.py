"""Links that may be shared: each opens one run, to read it, until its end date.

A token is the link and its HMAC-SHA256 by LINK_SECRET, in base64url. It holds no secret and cannot be made without one.
A run's record has the version of its links: a link of another version is revoked.
"""

import base64
import hashlib
import hmac
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LEAST_SECRET = 32
"""Characters of LINK_SECRET."""
MOST_LINK_DAYS = 365
_CONTEXT = b"outlast link 1\n"
"""Keeps a signature of another purpose from opening a run, should the secret be used twice."""
_FORM = struct.Struct(">16sIQ?")
_SIGNATURE = hashlib.sha256().digest_size


@dataclass(frozen=True, slots=True)
class Link:
    """`until` is the Unix time in seconds at which it ends. `rejects`: it opens the refused rows, too."""

    run: str
    version: int
    until: int
    rejects: bool = False

    @property
    def expires(self) -> str:
        return datetime.fromtimestamp(self.until, UTC).isoformat()


@dataclass(frozen=True, slots=True)
class Links:
    """`address` is the app's own, and may be empty where each request says it. `days` is how long a link holds."""

    secret: str
    address: str
    days: float
    now: Callable[[], datetime]

    @property
    def configured(self) -> bool:
        return bool(self.secret)

    def until(self, begins: datetime, days: float | None = None) -> int:
        """The end of a link that holds for so many days: the midnight (UTC) after, so that a repeat makes the same."""
        ends = begins.astimezone(UTC) + timedelta(days=self.days if days is None else days)
        midnight = ends.replace(hour=0, minute=0, second=0, microsecond=0)
        return int((midnight + timedelta(days=1) if ends > midnight else midnight).timestamp())

    def token(self, link: Link) -> str:
        payload = _FORM.pack(bytes.fromhex(link.run), link.version, link.until, link.rejects)
        return base64.urlsafe_b64encode(payload + self._signature(payload)).decode().rstrip("=")

    def read(self, token: str) -> Link | None:
        """The link of a token that this app has made; None for any other. It may have ended."""
        if not self.configured or len(token) > 2 * (_FORM.size + _SIGNATURE):
            return None
        try:
            data = base64.b64decode(token.encode() + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        payload, signature = data[: _FORM.size], data[_FORM.size :]
        if not hmac.compare_digest(signature, self._signature(payload)):
            return None
        run, version, until, rejects = _FORM.unpack(payload)
        return Link(run.hex(), version, until, rejects)

    def is_over(self, link: Link) -> bool:
        return self.now().timestamp() >= link.until

    def uri(self, link: Link, api: str | None = None) -> str:
        """`api` is the address of the app's API as a caller knows it; PUBLIC_URL comes first."""
        return f"{f'{self.address}/api' if self.address else api}/shared/{self.token(link)}"

    def _signature(self, payload: bytes) -> bytes:
        return hmac.new(self.secret.encode(), _CONTEXT + payload, hashlib.sha256).digest()
