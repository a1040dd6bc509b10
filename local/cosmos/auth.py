"""The master key's signature on each request, as the SDKs make it."""

import base64
import binascii
import hmac
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qs, unquote

from local.cosmos.addresses import by_rid
from local.cosmos.errors import CosmosError
from local.cosmos.messages import Clock, Request

DATE_WINDOW = 15 * 60  # seconds
WRONG_KEY = (
    "The input authorization token can't serve the request. The wrong key is being used or the expected payload is "
    "not built as per the protocol. For more info: https://aka.ms/cosmosdb-tsg-unauthorized. "
)


class Authorizer:
    """Checks signature and date of requests."""

    def __init__(self, key: str, clock: Clock, *, accept_aad: bool = False) -> None:
        try:
            self._key = base64.b64decode(key, validate=True)
        except binascii.Error:
            raise ValueError("the account key is not base 64: give the whole key as it was copied") from None
        self._clock = clock
        self._accept_aad = accept_aad

    def is_key(self, text: str) -> bool:
        """Whether a text is the account key."""
        try:
            return hmac.compare_digest(base64.b64decode(text), self._key)
        except ValueError:  # not base 64, or not ASCII
            return False

    def check(self, request: Request, parts: list[str]) -> str | None:
        """Raises 401 or 403 where the request is not signed with the account's key. Returns a resource token, which
        the caller has to check."""
        token = request.headers.get("authorization")
        if not token:
            raise CosmosError(
                401, "Required Header authorization is missing. Ensure a valid Authorization token is passed."
            )
        fields = parse_qs(unquote(token).replace("+", "%2B"))
        kind, signature = fields.get("type", [""])[0], fields.get("sig", [""])[0]
        if kind == "aad":
            self._check_aad()
            return None
        if kind == "resource":
            return signature
        if kind != "master":
            raise CosmosError(401, f"The authorization token type '{kind}' is not supported: use the master key.")
        self._check_date(request)
        if not self._signed(request, parts, signature):
            raise CosmosError(401, WRONG_KEY)
        return None

    def _check_aad(self) -> None:
        if not self._accept_aad:
            raise CosmosError(401, "Microsoft Entra tokens are not accepted: start the emulator with --accept-aad.")

    def _check_date(self, request: Request) -> None:
        text = request.headers.get("x-ms-date") or request.headers.get("date")
        if not text:
            raise CosmosError(401, "The input date header is missing: send x-ms-date.")
        try:
            sent = parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError):
            raise CosmosError(
                401, f"The input date header '{text}' is invalid: it has to be an RFC 1123 date."
            ) from None
        if abs(self._clock() - sent) > DATE_WINDOW:
            raise CosmosError(
                403,
                "The authorization token is not valid at the current time. "
                "Please create another token and retry; check the clock of the client.",
            )

    def _signed(self, request: Request, parts: list[str], signature: str) -> bool:
        headers = request.headers
        dates = headers.get("x-ms-date", "").lower() + "\n" + headers.get("date", "").lower() + "\n"
        given = signature.encode("utf-8", "replace")
        for kind, link in _payloads(parts):
            text = f"{request.method.lower()}\n{kind}\n{link}\n{dates}"
            digest = hmac.digest(self._key, text.encode(), "sha256")
            if hmac.compare_digest(binascii.b2a_base64(digest, newline=False), given):
                return True
        return False


def _payloads(parts: list[str]) -> list[tuple[str, str]]:
    """The pairs of resource type and link that a client may sign for a path."""
    if parts[-2:] == ["operations", "partitionkeydelete"]:
        link = "/".join(parts[:-2])
        return [("colls", link), ("partitionkey", link)]
    if not parts:
        return [("", "")]
    kind, path = (parts[-1], parts[:-1]) if len(parts) % 2 else (parts[-2], parts)
    link = "/".join(path)
    if parts[0] == "offers":  # clients sign the last resource id alone, in lower case
        return [(kind.lower(), link.rpartition("/")[2].lower())]
    by_name = [(kind.lower(), link)]
    return [*by_name, (kind.lower(), path[-1].lower())] if by_rid(parts) else by_name
