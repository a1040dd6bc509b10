"""What SMTP has beyond the contract of mail: encryption, a login, recipients that are refused one by one."""

import asyncio
import logging
import re
import ssl
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from outlast.errors import Permanent, Transient
from outlast.mail import Addresses, Email
from outlast.smtp_mail import SmtpMailer, SmtpServer
from tests.cloud.certificate import Certificate, make_certificate
from tests.contract.outlast.smtp_server import SmtpInbox

EMAIL = Email("r1:1:failed", "Report sales failed: run r1", "Reason: Ünïcode", "<p>Ünïcode &amp; more</p>")
TO = Addresses("a@x.org", "b@x.org, c@x.org")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def served(certificate: Certificate) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.certificate, certificate.key)
    return context


async def send(inbox: SmtpInbox, rest: str = "", user: str = "", trust: Path | None = None) -> None:
    server = SmtpServer.of_url(f"smtp://{user}127.0.0.1:{inbox.port}{rest}")
    await SmtpMailer(server, TO, asyncio.to_thread, str(trust) if trust else None).send(EMAIL)


def test_an_email_is_encrypted_and_sent_by_who_may(certificate: Certificate) -> None:
    """An email goes over STARTTLS with user and password, to all recipients, as text and HTML, with its key."""

    async def run() -> None:
        async with SmtpInbox(served(certificate), "p@ss") as inbox:
            await send(inbox, user="u:p%40ss@", trust=certificate.certificate)
            (mail,) = inbox.mails
            assert mail.encrypted
            assert (mail.sender, mail.to) == ("a@x.org", ("b@x.org", "c@x.org"))
            assert (mail.subject, mail.key, mail.text) == (EMAIL.subject, EMAIL.key, EMAIL.text)
            assert mail.html == EMAIL.html

    asyncio.run(run())


def test_a_wrong_password_is_given_up(certificate: Certificate) -> None:
    """A refused login raises Permanent with the setting to check, and without the password."""

    async def run() -> None:
        async with SmtpInbox(served(certificate), "right") as inbox:
            with pytest.raises(Permanent, match="535; check SMTP_URL") as caught:
                await send(inbox, user="u:s3cret@", trust=certificate.certificate)
            assert "s3cret" not in str(caught.value)
            assert inbox.mails == []

    asyncio.run(run())


def test_nothing_is_sent_without_encryption_unless_that_is_said() -> None:
    """A server without STARTTLS raises Permanent and receives nothing; `?starttls=off` sends all the same."""

    async def run() -> None:
        async with SmtpInbox() as inbox:
            with pytest.raises(Permanent, match="lacks STARTTLS"):
                await send(inbox)
            assert inbox.mails == []
            await send(inbox, "?starttls=off")
            assert len(inbox.mails) == 1

    asyncio.run(run())


def test_a_certificate_that_nobody_knows_is_refused(certificate: Certificate) -> None:
    """A server whose certificate is not trusted gets nothing."""

    async def run() -> None:
        async with SmtpInbox(served(certificate)) as inbox:
            with pytest.raises(Permanent, match="certificate is not trusted"):
                await send(inbox)
            assert inbox.mails == []

    asyncio.run(run())


def test_a_recipient_that_is_refused_does_not_keep_the_others_from_the_email(caplog: pytest.LogCaptureFixture) -> None:
    """The others get the email and the log has how many do not; only where all are refused the send fails."""

    async def run() -> None:
        async with SmtpInbox(refused=["b@x.org"]) as inbox:
            with caplog.at_level(logging.WARNING, "outlast"):
                await send(inbox, "?starttls=off")
            assert inbox.mails[0].to == ("c@x.org",)
            assert "refused 1 of 2 recipients of MAIL_TO with 550" in caplog.text
        async with SmtpInbox(refused=["b@x.org", "c@x.org"]) as inbox:
            with pytest.raises(Permanent, match="550"):
                await send(inbox, "?starttls=off")

    asyncio.run(run())


def test_a_server_that_is_not_there_may_be_asked_again() -> None:
    """A server that cannot be reached raises Transient."""
    server = SmtpServer.of_url("smtp://127.0.0.1:9?starttls=off")
    with pytest.raises(Transient, match="gave no answer"):
        asyncio.run(SmtpMailer(server, TO, asyncio.to_thread).send(EMAIL))


@pytest.mark.parametrize(
    ("addresses", "name"), [(replace(TO, sender=""), "MAIL_FROM"), (replace(TO, recipients=" "), "MAIL_TO")]
)
def test_a_missing_address_is_named(addresses: Addresses, name: str) -> None:
    """Without sender or recipients nothing is sent, and the error names the setting."""
    mailer = SmtpMailer(SmtpServer.of_url("smtp://127.0.0.1:9"), addresses, asyncio.to_thread)
    assert mailer.missing == name
    with pytest.raises(Permanent, match=f"{name} is not set"):
        asyncio.run(mailer.send(EMAIL))


def test_an_email_has_a_date_and_an_id(certificate: Certificate) -> None:
    """An email has what RFC 5322 asks for, its id in the sender's domain also where the sender has a name."""

    async def run() -> None:
        async with SmtpInbox() as inbox:
            server = SmtpServer.of_url(f"smtp://127.0.0.1:{inbox.port}?starttls=off")
            await SmtpMailer(server, Addresses("Reports <a@x.org>", "b@x.org"), asyncio.to_thread).send(EMAIL)
            (mail,) = inbox.mails
            sent = parsedate_to_datetime(mail.date).replace(tzinfo=UTC)
            assert abs((sent - datetime.now(UTC)).total_seconds()) < 3600
            assert re.fullmatch(r"<[^@]+@x\.org>", mail.message_id)

    asyncio.run(run())
