"""Mail through SendGrid. Its library blocks and has no time limit of its own, so it is given one and a thread."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.error import URLError

from python_http_client.exceptions import HTTPError
from sendgrid import SendGridAPIClient
from sendgrid.helpers.mail import Header, Mail

from outlast.errors import Permanent, Transient

TIMEOUT_SECONDS = 20
LONGEST_WAIT = 3600.0
"""Seconds; a limit that lasts longer is asked about in between."""


@dataclass(frozen=True, slots=True)
class Email:
    """`key` is the same each time the email is sent, so that a repeat can be told from a second email."""

    key: str
    subject: str
    text: str


class MailThrottled(Transient):
    """The mail service says when it may be asked again: in so many `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the mail service answered 429 and takes mail again in {seconds:.0f} s")
        self.seconds = seconds


def missing_setting(api_key: str, sender: str, recipients: str) -> str | None:
    """The first setting without which no mail can be sent; None when mail is configured."""
    settings = {"SENDGRID_API_KEY": api_key, "MAIL_FROM": sender, "MAIL_TO": recipients}
    return next((name for name, value in settings.items() if not value), None)


class Mailer(Protocol):
    async def send(self, email: Email) -> None:
        """Hand a email to the mail service. Raises Transient for 429, 5xx and no answer, Permanent for the rest."""
        ...


@dataclass(frozen=True, slots=True)
class SendGridMailer:
    """Source of the codes: SendGrid v3 API, "Errors" and "Rate Limits": 202 accepted, 429 and 5xx may be repeated."""

    api_key: str
    host: str
    sender: str
    recipients: str
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def send(self, email: Email) -> None:
        if missing := missing_setting(self.api_key, self.sender, self.recipients):
            raise Permanent(f"no mail can be sent: {missing} is not set")
        try:
            await self.in_thread(lambda: self._post(email))
        except HTTPError as error:
            raise _translated(error.status_code, error.headers, self.now()) from None
        except (URLError, TimeoutError, ConnectionError) as error:
            raise Transient(f"the mail service gave no answer: {error}") from None

    def _post(self, email: Email) -> None:
        client = SendGridAPIClient(self.api_key, host=self.host).client
        client.timeout = TIMEOUT_SECONDS
        to = [address.strip() for address in self.recipients.split(",") if address.strip()]
        mail = Mail(self.sender, to, email.subject, plain_text_content=email.text)
        mail.add_header(Header("X-Outlast-Key", email.key))
        client.mail.send.post(request_body=mail.get())


def _translated(status: int, headers: Any, now: datetime) -> Exception:
    if status == 429 and (seconds := _reset(headers, now)):
        return MailThrottled(seconds)
    if status == 429 or status >= 500:
        return Transient(f"the mail service answered {status}")
    return Permanent(f"the mail service refused the mail with {status}; check SENDGRID_API_KEY, MAIL_FROM and MAIL_TO")


def _reset(headers: Any, now: datetime) -> float:
    """Seconds until the limit ends: `Retry-After`, or `X-RateLimit-Reset`, an instant in Unix seconds; 0 when neither
    is given or it has passed."""
    named = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
    after, reset = named.get("retry-after", ""), named.get("x-ratelimit-reset", "")
    if after.isdigit():
        return min(float(after), LONGEST_WAIT)
    return min(max(0.0, float(reset) - now.timestamp()), LONGEST_WAIT) if reset.isdigit() else 0.0
