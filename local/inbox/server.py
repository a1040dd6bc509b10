"""A mail inbox that answers as SendGrid does and shows the emails that arrived."""

import argparse
import asyncio
import re
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import ClientPayloadError, web
from aiohttp.http_exceptions import BadHttpMessage

from local import arguments
from local.console import complain
from local.foreground import serve_until_told
from local.http_server import BoundedServer, is_address, named_host
from local.inbox.page import page
from local.inbox.rules import Problem, problems_of
from local.inbox.store import Mail, Mails, MailsInFiles, MailsInMemory, mails_from

PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}
BODY_LIMIT = 30 * 1024 * 1024  # bytes, SendGrid's
BODY_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A scripted answer for the next call to mail/send. 202 means that the call is checked as always."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)


class Inbox:
    """`async with Inbox() as inbox:` serves on a free port of this machine until the block ends."""

    def __init__(self, port: int = 0, *, bind: str = "127.0.0.1", data: Path | None = None, key: str | None = None):
        self._address = (bind, port)
        self._mails: Mails = MailsInFiles(data) if data else MailsInMemory()
        self._key = key
        self._answers: deque[Answer] = deque()
        self.url = ""

    async def __aenter__(self) -> Self:
        server = BoundedServer(self._handle, body_limit=BODY_LIMIT, say=complain)
        self._runner = web.ServerRunner(server, shutdown_timeout=1)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, *self._address).start()
        except OSError:
            await self._runner.cleanup()
            raise
        host = f"[{self._address[0]}]" if ":" in self._address[0] else self._address[0]
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    @property
    def mails(self) -> Sequence[Mail]:
        """All emails, the oldest first."""
        return self._mails.all()

    def answer_with(self, answers: Sequence[int | dict[str, Any]]) -> None:
        """Give the next calls these answers, one each, instead of earlier ones. After them calls are checked as
        always."""
        self._answers = deque(answers_from(answers))

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if (foreign := foreign_host(request)) is not None:
            return foreign
        try:
            async with asyncio.timeout(BODY_SECONDS):
                return await self._answer(request)
        except TimeoutError:
            return refusal(408, [Problem(message="The body did not arrive in time.")])
        except (BadHttpMessage, ClientPayloadError):
            return refusal(400, [Problem(message="The body cannot be read as HTTP.")])

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        match request.method, request.path:
            case "POST", "/v3/mail/send":
                return await self._send(request)
            case "GET" | "HEAD", "/":
                return self._page()
            case "GET" | "HEAD", "/api/mails":
                return web.json_response({"mails": [mail.as_json() for mail in self.mails]})
            case "DELETE", "/api/mails":
                self._mails.clear()
                return web.Response(status=204)
            case "POST", "/api/answers":
                return await self._tell(request)
            case _:
                return refusal(404, [Problem(message="Nothing is at this address.")])

    async def _send(self, request: web.BaseRequest) -> web.Response:
        told = self._answers.popleft() if self._answers else Answer(status=202)
        if told.status != 202:
            return refusal(told.status, [Problem(message="The inbox was told to answer so.")], told.headers)
        if not self._is_authorized(request.headers.get("Authorization", "")):
            return refusal(401, [Problem(message="The provided authorization grant is invalid, expired, or revoked")])
        if request.content_type != "application/json":
            return refusal(415, [Problem(message="Content-Type should be application/json.")])
        body = await json_or_none(request)
        if problems := list(problems_of(body)):
            return refusal(400, problems)
        return self._accept(body, told.headers)

    def _accept(self, body: Any, headers: dict[str, str]) -> web.Response:
        message_id = secrets.token_hex(11)
        for mail in mails_from(body, message_id):
            self._mails.add(mail)
        return web.Response(status=202, headers={"X-Message-Id": message_id, **headers})

    def _is_authorized(self, authorization: str) -> bool:
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() != "bearer":
            return False
        return (
            secrets.compare_digest(key.encode(), self._key.encode())
            if self._key
            else bool(re.fullmatch(r"SG\.\S+", key))
        )

    def _page(self) -> web.Response:
        """Return the page. It shows half a surrogate pair as its escape, because a page is UTF-8."""
        body = page(self.mails).encode("utf-8", "backslashreplace")
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=PAGE_HEADERS)

    async def _tell(self, request: web.BaseRequest) -> web.Response:
        """Take JSON only: a page of another origin cannot send that without a preflight request, which is refused."""
        if request.content_type != "application/json":
            return refusal(415, [Problem(message="Content-Type should be application/json.")])
        try:
            self.answer_with(await json_or_none(request))
        except ValueError as error:
            return refusal(400, [Problem(message=str(error))])
        return web.Response(status=204)


def foreign_host(request: web.BaseRequest) -> web.Response | None:
    """Return the refusal of a Host that is neither `localhost` nor an IP address, or None.

    A foreign page can point its own name at this machine.
    """
    name = named_host(request)
    if name is not None and (name == "localhost" or is_address(name)):
        return None
    said = f"the name {name}" if name else "this Host header"
    return refusal(403, [Problem(message=f"This inbox answers to localhost and addresses, not to {said}.")])


def answers_from(told: object) -> list[Answer]:
    """Read the answers from a list of statuses, or of objects with a status and headers."""
    if not isinstance(told, list):
        raise ValueError('Answers are a list, as in [500, {"status": 429, "headers": {"Retry-After": "1"}}, 202].')
    answers = []
    for entry in told:
        fields = entry if isinstance(entry, dict) else {"status": entry}
        status, headers = fields.get("status"), fields.get("headers", {})
        if not isinstance(status, int) or not 200 <= status <= 599 or not isinstance(headers, dict):
            raise ValueError(f"Not an answer: {entry!r}. It is a status from 200 to 599, or an object with one.")
        answers.append(Answer(status=status, headers={str(name): str(value) for name, value in headers.items()}))
    return answers


async def json_or_none(request: web.BaseRequest) -> Any:
    try:
        return await request.json()
    except (ValueError, RecursionError):
        return None


def refusal(status: int, problems: Sequence[Problem], headers: dict[str, str] | None = None) -> web.Response:
    """Return SendGrid's error body."""
    return web.json_response({"errors": [asdict(problem) for problem in problems]}, status=status, headers=headers)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local inbox", description=__doc__)
    parser.add_argument("--port", type=arguments.port, default=8025, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--bind", default="127.0.0.1", metavar="ADDRESS", help="default: %(default)s")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the mails there (default: in memory)")
    parser.add_argument("--key", help="the only API key to accept (default: any that starts with SG.)")
    options = parser.parse_args(argv)
    inbox = Inbox(options.port, bind=options.bind, data=options.data, key=options.key)
    return serve_until_told("inbox", inbox, options.port)
