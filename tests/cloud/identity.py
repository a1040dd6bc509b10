"""A stand-in for the identity endpoint of App Service, which gives an app the tokens of its identity."""

import base64
import json
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

CLIENT = "11111111-2222-3333-4444-555555555555"
HEADER = "a-secret-of-the-instance"
USUAL_SECONDS = 86_400
"""Lifetime of a token of a managed identity."""


def make_token(resource: str, seconds: int) -> str:
    """Return an unsigned token for a resource, which Azurite reads and does not verify."""
    now = int(time.time())
    claims = {
        "aud": resource,
        "iss": "https://sts.windows.net/tenant/",
        "oid": CLIENT,
        "tid": CLIENT,
        "iat": now,
        "nbf": now - 5,
        "exp": now + seconds,
    }
    parts = ({"alg": "RS256", "typ": "JWT"}, claims, "signature")
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)


class IdentityEndpoint:
    """`with IdentityEndpoint() as endpoint:` answers requests for tokens.

    `asked` are the queries so far. `seconds` is the lifetime of later tokens, and `answers` set to False refuses later
    requests.
    """

    def __init__(self, seconds: int = USUAL_SECONDS) -> None:
        self.asked: list[dict[str, str]] = []
        self.seconds = seconds
        self.answers = True
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.endpoint = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def environment(self) -> Mapping[str, str]:
        """What App Service sets, and the setting that names a user-assigned identity."""
        url = f"http://127.0.0.1:{self._server.server_port}/msi/token"
        return {"IDENTITY_ENDPOINT": url, "IDENTITY_HEADER": HEADER, "AZURE_CLIENT_ID": CLIENT}

    def resources(self) -> set[str]:
        """Return what tokens were asked for."""
        return {query["resource"] for query in self.asked}

    def answer(self, path: str, header: str | None) -> tuple[int, dict[str, Any]]:
        """Return status and body for a request of this path, with the header by which App Service knows the app."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        self.asked.append(query)
        if not self.answers:
            return 400, {"error": "invalid_request", "error_description": "no identity"}
        if header != HEADER or query.get("client_id") != CLIENT:
            return 400, {"error": "invalid_client", "error_description": "the app has no such identity"}
        token = make_token(query["resource"], self.seconds)
        expires = str(int(time.time()) + self.seconds)
        return 200, {
            "access_token": token,
            "expires_on": expires,
            "resource": query["resource"],
            "token_type": "Bearer",
        }


class _Server(ThreadingHTTPServer):
    endpoint: IdentityEndpoint


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        status, body = self.server.endpoint.answer(self.path, self.headers["X-IDENTITY-HEADER"])
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output for failures."""
