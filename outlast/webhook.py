"""The deployer's webhook: events are posted to WEBHOOK_URL, signed by the scheme of Standard Webhooks 1.0.0.

Source: https://github.com/standard-webhooks/standard-webhooks, "Symmetric" and "Webhook headers".
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Protocol

from aiohttp import ClientError, ClientSession, ClientTimeout

from outlast.errors import Throttled, Transient
from outlast.retry_after import seconds_of

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
TIMEOUT_SECONDS = 20
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")


class Webhook(Protocol):
    @property
    def configured(self) -> bool: ...

    async def post(self, key: str, body: bytes) -> bool:
        """Post an event; return False where the receiver wants none any more. `key` is the same whenever this event is
        posted again. Raises Throttled where the receiver says when it takes events again, else Transient."""
        ...


@dataclass(frozen=True, slots=True)
class HttpWebhook:
    """Every 2xx accepts. A 410 ends it, and any other answer may be followed by a better one: receivers are deployed,
    too. Redirects are not followed. `secrets` are separated by spaces; each makes a signature."""

    url: str
    secrets: str
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def configured(self) -> bool:
        return bool(self.url)

    async def post(self, key: str, body: bytes) -> bool:
        headers = {"Content-Type": CONTENT_TYPE, **signed(self.secrets, key, int(self.now().timestamp()), body)}
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=TIMEOUT_SECONDS)) as session,
                session.post(self.url, data=body, headers=headers, allow_redirects=False) as response,
            ):
                status, after = response.status, response.headers.get("Retry-After")
        except (ClientError, OSError, TimeoutError) as error:
            raise Transient(f"the webhook gave no answer ({type(error).__name__}); check WEBHOOK_URL") from None
        return self._accepted(status, after)

    def _accepted(self, status: int, after: str | None) -> bool:
        if 200 <= status < 300:
            return True
        if status == HTTPStatus.GONE:
            return False
        text = f"the webhook answered {status}; check WEBHOOK_URL and its receiver"
        if seconds := seconds_of(after, None, self.now()):
            raise Throttled(f"{text}; it asks to wait {seconds:.0f} s", seconds)
        raise Transient(text)


def signed(secrets: str, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that say which event this is, when it was posted, and that it is genuine."""
    content = f"{key}.{timestamp}.".encode() + body
    signatures = [f"v1,{_signature(secret, content)}" for secret in secrets.split()]
    return {"webhook-id": key, "webhook-timestamp": str(timestamp), "webhook-signature": " ".join(signatures)}


def key_of(secret: str) -> bytes:
    """The bytes of a secret `whsec_…`. Raises ValueError that does not repeat it."""
    if not _SECRET.fullmatch(secret):
        raise ValueError("must be whsec_ and base64, as of `openssl rand -base64 32`")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("must be whsec_ and base64, as of `openssl rand -base64 32`") from None
    if not 24 <= len(key) <= 64:
        raise ValueError(f"must hold 24 to 64 bytes and holds {len(key)}")
    return key


def _signature(secret: str, content: bytes) -> str:
    return base64.b64encode(hmac.new(key_of(secret), content, hashlib.sha256).digest()).decode()
