"""Email through SendGrid. Its library blocks and sets no time limit, so it runs in a thread and with a limit."""

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
"""Seconds. A run whose mail service is throttled for longer tries again after this time."""


@dataclass(frozen=True, slots=True)
class Email:
    """`key` is the same whenever this email is sent again, so that a repeat can be recognised."""

    key: str
    subject: str
    text: str


class MailThrottled(Transient):
    """The mail service is throttled and accepts mail again in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"the mail service answered 429 and takes mail again in {seconds:.0f} s")
        self.seconds = seconds


def missing_setting(api_key: str, sender: str, recipients: str) -> str | None:
    """The first setting without which no mail can be sent; None when mail is configured."""
    settings = {"SENDGRID_API_KEY": api_key, "MAIL_FROM": sender, "MAIL_TO": recipients}
    return next((name for name, value in settings.items() if not value), None)


class Mailer(Protocol):
    @property
    def configured(self) -> bool:
        """Whether every setting without which no mail can be sent is there."""
        ...

    async def send(self, email: Email) -> None:
        """Hand an email to the mail service. Raises Transient for 429, 5xx and no answer, else Permanent."""
        ...


@dataclass(frozen=True, slots=True)
class SendGridMailer:
    """SendGrid accepts with 202; 429 and 5xx may be repeated (SendGrid v3 API, "Errors" and "Rate Limits")."""

    api_key: str
    host: str
    sender: str
    recipients: str
    in_thread: Callable[[Callable[[], Any]], Awaitable[Any]]
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def configured(self) -> bool:
        return missing_setting(self.api_key, self.sender, self.recipients) is None

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
    """Seconds until the limit ends, from `Retry-After` (seconds) or `X-RateLimit-Reset` (a time in Unix seconds).

    0 when neither header is given or the time has passed.
    """
    named = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
    after, reset = named.get("retry-after", ""), named.get("x-ratelimit-reset", "")
    if after.isdigit():
        return min(float(after), LONGEST_WAIT)
    return min(max(0.0, float(reset) - now.timestamp()), LONGEST_WAIT) if reset.isdigit() else 0.0
