"""Email through a mail server (SMTP). smtplib blocks, so it runs in a thread and with a limit."""

import logging
import smtplib
import ssl
from contextlib import closing, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from outlast.errors import Permanent, Transient
from outlast.mail import KEY_HEADER, TIMEOUT_SECONDS, Addresses, Email, InThread, refuse_unconfigured

PORTS = {"smtp": 587, "smtps": 465}
"""The port of a URL without one. Source: RFC 8314, section 3.3: STARTTLS, and TLS from the start."""
FORM = "must be smtp://user:password@host:587 or smtps://user:password@host:465"
CHECK = "check SMTP_URL, MAIL_FROM and MAIL_TO"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """`tls`: from the start; else by STARTTLS, without which nothing is sent unless `plain` allows it."""

    host: str
    port: int
    user: str
    password: str
    tls: bool
    plain: bool

    @classmethod
    def of_url(cls, url: str) -> "SmtpServer":
        """Read `smtp://user:password@host:587` or `smtps://…`, user and password percent-encoded. Raises ValueError
        that does not repeat the URL, because that has a password."""
        parts, query = urlsplit(url), parse_qs(urlsplit(url).query)
        port = _port(parts)
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/") or parts.fragment:
            raise ValueError(FORM)
        plain = query.pop("starttls", ["required"]) == ["off"]
        if query or (plain and (parts.username or parts.scheme == "smtps")):
            raise ValueError("may have ?starttls=off alone, with smtp:// and without user and password")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(parts.hostname, port or PORTS[parts.scheme], user, password, parts.scheme == "smtps", plain)


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """The server takes an email with 250; a reply of 4yz may be repeated (RFC 5321, section 4.2.1).

    `trust` are the certificates that are trusted beside the system's, a file; None for these alone.
    """

    server: SmtpServer
    addresses: Addresses
    in_thread: InThread
    trust: str | None = None

    @property
    def missing(self) -> str | None:
        return self.addresses.missing

    async def send(self, email: Email) -> None:
        refuse_unconfigured(self)
        await self.in_thread(lambda: self._send(email))

    def _send(self, email: Email) -> None:
        try:
            with closing(self._connected()) as connection:
                self._hand_over(connection, self._message(email))
        except smtplib.SMTPRecipientsRefused as error:
            raise _refused(min(code for code, _ in error.recipients.values())) from None
        except smtplib.SMTPResponseException as error:
            raise _refused(error.smtp_code) from None
        except smtplib.SMTPServerDisconnected:
            raise Transient("the mail server gave no answer: it closed the connection") from None
        except smtplib.SMTPException:
            raise Permanent(f"the mail server lacks STARTTLS or a way to log in; {CHECK}") from None
        except ssl.SSLCertVerificationError as error:
            raise Permanent(f"the mail server's certificate is not trusted: {error.verify_message}; {CHECK}") from None
        except OSError as error:
            raise Transient(f"the mail server gave no answer: {error}") from None

    def _hand_over(self, connection: smtplib.SMTP, message: EmailMessage) -> None:
        """A server that has taken the email and then says no good-bye has taken it all the same."""
        if self.server.user:
            connection.login(self.server.user, self.server.password)
        refused = connection.send_message(message, self.addresses.sender, self.addresses.to)
        if refused:
            codes = ", ".join(str(code) for code, _ in refused.values())
            text = "the mail server refused %d of %d recipients of MAIL_TO with %s"
            logging.getLogger("outlast").warning(text, len(refused), len(self.addresses.to), codes)
        with suppress(smtplib.SMTPException, OSError):
            connection.quit()

    def _connected(self) -> smtplib.SMTP:
        context, server = ssl.create_default_context(), self.server
        if self.trust is not None:
            context.load_verify_locations(self.trust)
        if server.tls:
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_SECONDS, context=context)
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        if not server.plain:
            try:
                connection.starttls(context=context)
            except BaseException:
                connection.close()
                raise
        return connection

    def _message(self, email: Email) -> EmailMessage:
        message = EmailMessage()
        message["Subject"], message["From"] = email.subject, self.addresses.sender
        message["To"] = ", ".join(self.addresses.to)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain=parseaddr(self.addresses.sender)[1].rpartition("@")[2])
        message[KEY_HEADER] = email.key
        message.set_content(email.text)
        if email.html:
            message.add_alternative(email.html, subtype="html")
        return message


def _port(parts: SplitResult) -> int | None:
    """The library's own error repeats what stands for the port: of a password with a ? it is a part."""
    try:
        return parts.port
    except ValueError:
        raise ValueError(FORM) from None


def _refused(code: int) -> Exception:
    """A code of 400 to 499 passes; -1 stands for a reply that is none."""
    if code < 500:
        return Transient(f"the mail server answered {code}")
    return Permanent(f"the mail server refused the mail with {code}; {CHECK}")
