"""Email through SendGrid. Its library blocks and sets no time limit, so it runs in a thread and with a limit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.error import URLError

from python_http_client.exceptions import HTTPError

from outlast.errors import Permanent, Throttled, Transient
from outlast.retry_after import seconds_of

TIMEOUT_SECONDS = 20
KEY_HEADER = "X-Outlast-Key"
InThread = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Email:
    """`key` is the same whenever this email is sent again, so that a repeat can be recognised. `html` says the same as
    `text`; it is empty where the email is plain text alone."""

    key: str
    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class Addresses:
    """From whom and to whom emails go. `recipients` are separated by commas."""

    sender: str
    recipients: str

    @property
    def to(self) -> list[str]:
        return [address.strip() for address in self.recipients.split(",") if address.strip()]

    @property
    def missing(self) -> str | None:
        """The first setting without which no mail can be sent; None when all are there."""
        return first_missing({"MAIL_FROM": self.sender, "MAIL_TO": ",".join(self.to)})


def first_missing(settings: dict[str, str]) -> str | None:
    return next((name for name, value in settings.items() if not value), None)


class Mailer(Protocol):
    @property
    def missing(self) -> str | None:
        """The first setting without which no mail can be sent; None when mail is configured."""
        ...

    async def send(self, email: Email) -> None:
        """Hand an email to the mail service. Raises Throttled where it says when it takes emails again, Transient where
        a repeat may help and for no answer, else Permanent."""
        ...


@dataclass(frozen=True, slots=True)
class SendGridMailer:
    """SendGrid accepts with 202; 429 and 5xx may be repeated (SendGrid v3 API, "Errors" and "Rate Limits")."""

    api_key: str
    host: str
    addresses: Addresses
    in_thread: InThread
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def missing(self) -> str | None:
        return first_missing({"SENDGRID_API_KEY": self.api_key}) or self.addresses.missing

    async def send(self, email: Email) -> None:
        refuse_unconfigured(self)
        try:
            await self.in_thread(lambda: self._post(email))
        except HTTPError as error:
            raise _translated(error.status_code, error.headers, self.now()) from None
        except (URLError, TimeoutError, ConnectionError) as error:
            raise Transient(f"the mail service gave no answer: {error}") from None

    def _post(self, email: Email) -> None:
        from sendgrid import SendGridAPIClient  # takes 8 MB, and most processes send no email
        from sendgrid.helpers.mail import Header, Mail

        client = SendGridAPIClient(self.api_key, host=self.host).client
        client.timeout = TIMEOUT_SECONDS
        mail = Mail(
            self.addresses.sender,
            self.addresses.to,
            email.subject,
            plain_text_content=email.text,
            html_content=email.html or None,
        )
        mail.add_header(Header(KEY_HEADER, email.key))
        client.mail.send.post(request_body=mail.get())


def refuse_unconfigured(mailer: Mailer) -> None:
    if mailer.missing:
        raise Permanent(f"no mail can be sent: {mailer.missing} is not set")


def _translated(status: int, headers: Any, now: datetime) -> Exception:
    if status == 429 and (seconds := _reset(headers, now)):
        return Throttled(f"the mail service answered 429 and takes mail again in {seconds:.0f} s", seconds)
    if status == 429 or status >= 500:
        return Transient(f"the mail service answered {status}")
    return Permanent(f"the mail service refused the mail with {status}; check SENDGRID_API_KEY, MAIL_FROM and MAIL_TO")


def _reset(headers: Any, now: datetime) -> float:
    """Seconds until the limit ends, from `Retry-After` (seconds) or `X-RateLimit-Reset` (a time in Unix seconds).

    0 when neither header is given or the time has passed.
    """
    named = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
    return seconds_of(named.get("retry-after"), named.get("x-ratelimit-reset"), now)
