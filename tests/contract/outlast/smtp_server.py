"""A mail server on a free port of this machine, which keeps what it takes."""

import asyncio
import email
import email.policy
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult

CODES = {429: "451", 500: "452", 503: "421", 400: "554", 401: "535", 403: "550", 413: "552"}
"""The reply for each answer that the contract tests script in words of HTTP."""


@dataclass(frozen=True)
class SmtpMail:
    sender: str
    to: tuple[str, ...]
    subject: str
    key: str
    text: str
    html: str
    encrypted: bool
    date: str
    message_id: str


class SmtpInbox:
    """`async with SmtpInbox() as inbox:` takes emails until the block ends.

    With `tls` it offers STARTTLS; with `password` it takes emails of the user `u` alone.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, password: str | None = None, refused: Sequence[str] = ()):
        self.mails: list[SmtpMail] = []
        self._answers: deque[int] = deque()
        self._password, self._refused = password, refused
        options: dict[str, Any] = {"tls_context": tls} if tls else {}
        if password is not None:
            options |= {"auth_required": True, "authenticator": self._login}
        self._options = options
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.get_running_loop().create_server(self._connection, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    def _connection(self) -> SMTP:
        return SMTP(self, hostname="localhost", **self._options)

    def answer_with(self, answers: Sequence[int]) -> None:
        """The replies to the next emails, as statuses of HTTP."""
        self._answers = deque(answers)

    def _login(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (b"u", (self._password or "").encode())
        return AuthResult(success=right, handled=False)

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self._refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802  # the library's name
        if (status := self._answers.popleft() if self._answers else 202) != 202:
            return f"{CODES[status]} {status}"
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        plain, rich = message.get_body(("plain",)), message.get_body(("html",))
        self.mails.append(
            SmtpMail(
                envelope.mail_from,
                tuple(envelope.rcpt_tos),
                str(message["Subject"]),
                str(message["X-Outlast-Key"]),
                _text(plain),
                _text(rich),
                session.ssl is not None,
                str(message["Date"]),
                str(message["Message-ID"]),
            )
        )
        return "250 OK"


def _text(part: Any) -> str:
    """The content with the line ends of Python, and without the last one, which a part of a message always has."""
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n").removesuffix("\n")
