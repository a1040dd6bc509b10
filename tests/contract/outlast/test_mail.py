import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from local.inbox.server import Inbox
from outlast.errors import Permanent, Transient
from outlast.mail import Addresses, Email, Mailer, SendGridMailer
from outlast.smtp_mail import SmtpMailer, SmtpServer
from tests.contract.outlast.smtp_server import CODES, SmtpInbox
from tests.fakes.mailer import FakeMailer

EMAIL = Email("r1:1:failed", "Report sales failed: run r1", 'Reason: Ünïcode, "quotes"\n\nand <tags>')


@dataclass(frozen=True)
class MailService:
    """A mailer, a way to script its service's answers, and the subject and text of the emails that arrived.

    `says` is how an answer is named in an error.
    """

    mailer: Mailer
    answer_with: Callable[[Sequence[int]], None]
    arrived: Callable[[], list[tuple[str, str]]]
    says: Callable[[int], str] = str


Visit = Callable[[Callable[[MailService], Awaitable[None]]], None]


@pytest.fixture(params=["fake", "inbox", "smtp"])
def visit(request: pytest.FixtureRequest) -> Visit:
    """Runs a check with each adapter and its service."""

    async def with_fake(check: Callable[[MailService], Awaitable[None]]) -> None:
        mailer = FakeMailer()
        await check(MailService(mailer, mailer.answer_with, lambda: [(m.subject, m.text) for m in mailer.emails]))

    async def with_inbox(check: Callable[[MailService], Awaitable[None]]) -> None:
        async with Inbox() as inbox:
            mailer = SendGridMailer("SG.key", inbox.url, Addresses("a@x.org", "b@x.org,c@x.org"), asyncio.to_thread)
            await check(MailService(mailer, inbox.answer_with, lambda: [(m.subject, m.text) for m in inbox.mails]))

    async def with_smtp(check: Callable[[MailService], Awaitable[None]]) -> None:
        async with SmtpInbox() as inbox:
            server = SmtpServer.of_url(f"smtp://127.0.0.1:{inbox.port}?starttls=off")
            mailer = SmtpMailer(server, Addresses("a@x.org", "b@x.org,c@x.org"), asyncio.to_thread)
            arrived = lambda: [(m.subject, m.text) for m in inbox.mails]  # noqa: E731
            await check(MailService(mailer, inbox.answer_with, arrived, CODES.__getitem__))

    chosen = {"fake": with_fake, "inbox": with_inbox, "smtp": with_smtp}[request.param]
    return lambda check: asyncio.run(chosen(check))


def test_an_email_arrives_once(visit: Visit) -> None:
    """An email arrives once and unchanged, however many recipients it has."""

    async def check(service: MailService) -> None:
        await service.mailer.send(EMAIL)
        assert service.arrived() == [(EMAIL.subject, EMAIL.text)]

    visit(check)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_may_be_asked_again(visit: Visit, status: int) -> None:
    """A send to a busy service raises Transient and delivers nothing, and the next send delivers one email."""

    async def check(service: MailService) -> None:
        service.answer_with([status])
        with pytest.raises(Transient, match=service.says(status)):
            await service.mailer.send(EMAIL)
        assert service.arrived() == []
        await service.mailer.send(EMAIL)
        assert len(service.arrived()) == 1

    visit(check)


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_an_email_that_is_refused_is_given_up(visit: Visit, status: int) -> None:
    """A send that the service refuses raises Permanent and delivers nothing."""

    async def check(service: MailService) -> None:
        service.answer_with([status])
        with pytest.raises(Permanent, match=service.says(status)):
            await service.mailer.send(EMAIL)
        assert service.arrived() == []

    visit(check)


def test_a_service_that_is_not_there_may_be_asked_again() -> None:
    """A send to a service that cannot be reached raises Transient."""
    mailer = SendGridMailer("SG.key", "http://127.0.0.1:9", Addresses("a@x.org", "b@x.org"), asyncio.to_thread)
    with pytest.raises(Transient, match="gave no answer"):
        asyncio.run(mailer.send(EMAIL))


def test_the_email_is_addressed_to_all() -> None:
    """An email has the sender and all recipients of the settings."""

    async def run() -> None:
        async with Inbox() as inbox:
            mailer = SendGridMailer("SG.key", inbox.url, Addresses("a@x.org", " b@x.org , c@x.org"), asyncio.to_thread)
            await mailer.send(EMAIL)
            (mail,) = inbox.mails
            assert (mail.sender, list(mail.to)) == ("a@x.org", ["b@x.org", "c@x.org"])

    asyncio.run(run())


def test_a_wrong_key_is_given_up() -> None:
    """A send with a wrong key raises Permanent and names the setting."""

    async def run() -> None:
        async with Inbox(key="SG.other") as inbox:
            mailer = SendGridMailer("SG.key", inbox.url, Addresses("a@x.org", "b@x.org"), asyncio.to_thread)
            with pytest.raises(Permanent, match="401; check SENDGRID_API_KEY"):
                await mailer.send(EMAIL)
            assert list(inbox.mails) == []

    asyncio.run(run())
