"""A mail inbox that answers as SendGrid does and shows the emails that arrived."""

import argparse
import ipaddress
import re
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from local import arguments
from local.foreground import serve_until_told
from local.inbox.page import page
from local.inbox.rules import Problem, problems_of
from local.inbox.store import Mail, Mails, MailsInFiles, MailsInMemory, mails_from

PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "Cache-Control": "no-store"}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


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
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)
        self.url = ""

    async def __aenter__(self) -> Self:
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

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[refuse_foreign_hosts], client_max_size=30 * 1024 * 1024)  # SendGrid's limit
        app.router.add_post("/v3/mail/send", self._send)
        app.router.add_get("/", self._page)
        app.router.add_get("/api/mails", self._list)
        app.router.add_delete("/api/mails", self._clear)
        app.router.add_post("/api/answers", self._tell)
        return app

    async def _send(self, request: web.Request) -> web.Response:
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

    async def _page(self, request: web.Request) -> web.Response:
        return web.Response(text=page(self.mails), content_type="text/html", headers=PAGE_HEADERS)

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({"mails": [mail.as_json() for mail in self.mails]})

    async def _clear(self, request: web.Request) -> web.Response:
        self._mails.clear()
        return web.Response(status=204)

    async def _tell(self, request: web.Request) -> web.Response:
        """Take JSON only: a page of another origin cannot send that without a preflight request, which is refused."""
        if request.content_type != "application/json":
            return refusal(415, [Problem(message="Content-Type should be application/json.")])
        try:
            self.answer_with(await json_or_none(request))
        except ValueError as error:
            return refusal(400, [Problem(message=str(error))])
        return web.Response(status=204)


@web.middleware
async def refuse_foreign_hosts(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer only to `localhost` and IP addresses: another name was pointed at this machine by a foreign page."""
    name = request.url.host or ""
    if name != "localhost" and not is_address(name):
        return refusal(
            403, [Problem(message=f"This inbox answers to localhost and addresses, not to the name {name}.")]
        )
    return await handler(request)


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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


async def json_or_none(request: web.Request) -> Any:
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
