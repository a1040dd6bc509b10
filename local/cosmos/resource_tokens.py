"""Resource tokens: what a permission grants, signed, so that nothing has to be looked up when a client shows one."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from typing import Any

import orjson

from local.cosmos.errors import CosmosError
from local.cosmos.exchange import KEY_HEADER
from local.cosmos.messages import Request

LIFETIME = 3600  # seconds
READS = ("x-ms-documentdb-isquery", "x-ms-cosmos-is-query-plan-request")
"""Headers that make a POST a read."""
FORBIDDEN = (
    "Insufficient permissions provided in the authorization header for the corresponding request. "
    "Please retry with another authorization header."
)


@dataclass(slots=True, frozen=True)
class Grant:
    """The resource that a token opens, with everything below it."""

    path: list[str]
    mode: str  # read or all, in any case
    key: Any  # the partition key that documents must have; None for all
    until: float

    def check(self, request: Request, parts: list[str], now: float) -> None:
        """Raises 403 where the token does not allow the request."""
        if now > self.until:
            raise CosmosError(
                403, "The authorization token is not valid at the current time: read the permission again."
            )
        if not parts or (request.method == "GET" and self._describes(parts)):
            return
        reads = request.method == "GET" or any(request.headers.get(name, "").lower() == "true" for name in READS)
        inside = parts[: len(self.path)] == self.path
        if not inside or not (reads or self.mode.lower() == "all") or not self._has_key(request):
            raise CosmosError(403, FORBIDDEN)

    def _describes(self, parts: list[str]) -> bool:
        """Whether a path is that of the container itself or of its ranges, which clients read first."""
        return parts in (self.path[:4], [*self.path[:4], "pkranges"])

    def _has_key(self, request: Request) -> bool:
        return self.key is None or request.headers.get(KEY_HEADER) == orjson.dumps(self.key).decode()


def write_token(secret: bytes, path: list[str], mode: str, key: Any, now: float) -> str:
    """The token of a permission."""
    payload = base64.urlsafe_b64encode(orjson.dumps([path, mode, key, now + LIFETIME])).decode()
    return f"type=resource&ver=1.0&sig={payload}.{_signature(secret, payload)}"


def read_token(secret: bytes, text: str) -> Grant:
    """What a token grants; raises 401 where it was not written with the secret."""
    payload, _, signature = text.partition(".")
    try:
        if hmac.compare_digest(signature, _signature(secret, payload)):
            return Grant(*orjson.loads(base64.urlsafe_b64decode(payload)))
    except (TypeError, binascii.Error):  # not ASCII, or no base 64
        pass
    raise CosmosError(401, "The resource token is not one of this emulator's: read the permission again.")


def _signature(secret: bytes, payload: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(secret, payload.encode(), "sha256")).decode()
