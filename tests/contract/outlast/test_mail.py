import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import pytest

from local.inbox import Inbox
from outlast.errors import Permanent, Transient
from outlast.mail import Email, Mailer, SendGridMailer
from tests.fakes.mailer import FakeMailer

LETTER = Email("r1:1:failed", "Report sales failed: run r1", 'Reason: Ünïcode, "quotes"\n\nand <tags>')


@dataclass(frozen=True)
class Place:
    """A mailer, how to tell its service what to answer, and subject and text of what has arrived."""

    mailer: Mailer
    answer_with: Callable[[Sequence[int]], None]
    arrived: Callable[[], list[tuple[str, str]]]


Visit = Callable[[Callable[[Place], Awaitable[None]]], None]


@pytest.fixture(params=["fake", "inbox"])
def visit(request: pytest.FixtureRequest) -> Visit:
    """Gives a check the adapter with its service."""

    async def with_fake(check: Callable[[Place], Awaitable[None]]) -> None:
        mailer = FakeMailer()
        await check(Place(mailer, mailer.answer_with, lambda: [(m.subject, m.text) for m in mailer.emails]))

    async def with_inbox(check: Callable[[Place], Awaitable[None]]) -> None:
        async with Inbox() as inbox:
            mailer = SendGridMailer("SG.key", inbox.url, "a@x.org", "b@x.org,c@x.org", asyncio.to_thread)
            await check(Place(mailer, inbox.answer_with, lambda: [(m.subject, m.text) for m in inbox.mails]))

    chosen = with_fake if request.param == "fake" else with_inbox
    return lambda check: asyncio.run(chosen(check))


def test_a_email_arrives_once(visit: Visit) -> None:
    """As it was written, however many recipients it has."""

    async def check(place: Place) -> None:
        await place.mailer.send(LETTER)
        assert place.arrived() == [(LETTER.subject, LETTER.text)]

    visit(check)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_is_busy_may_be_asked_again(visit: Visit, status: int) -> None:
    """Nothing arrives by the call that failed, and one email by the next."""

    async def check(place: Place) -> None:
        place.answer_with([status])
        with pytest.raises(Transient, match=str(status)):
            await place.mailer.send(LETTER)
        assert place.arrived() == []
        await place.mailer.send(LETTER)
        assert len(place.arrived()) == 1

    visit(check)


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_email_that_is_refused_is_given_up(visit: Visit, status: int) -> None:
    """It would be refused again."""

    async def check(place: Place) -> None:
        place.answer_with([status])
        with pytest.raises(Permanent, match=str(status)):
            await place.mailer.send(LETTER)
        assert place.arrived() == []

    visit(check)


def test_a_service_that_is_not_there_may_be_asked_again() -> None:
    """The connection is refused."""
    mailer = SendGridMailer("SG.key", "http://127.0.0.1:9", "a@x.org", "b@x.org", asyncio.to_thread)
    with pytest.raises(Transient, match="gave no answer"):
        asyncio.run(mailer.send(LETTER))


def test_the_email_is_addressed_to_all() -> None:
    """Sender and recipients are those of the settings, and the email carries its key."""

    async def run() -> None:
        async with Inbox() as inbox:
            mailer = SendGridMailer("SG.key", inbox.url, "a@x.org", " b@x.org , c@x.org", asyncio.to_thread)
            await mailer.send(LETTER)
            (mail,) = inbox.mails
            assert (mail.sender, list(mail.to)) == ("a@x.org", ["b@x.org", "c@x.org"])

    asyncio.run(run())


def test_a_wrong_key_is_given_up() -> None:
    """The service says 401."""

    async def run() -> None:
        async with Inbox(key="SG.other") as inbox:
            mailer = SendGridMailer("SG.key", inbox.url, "a@x.org", "b@x.org", asyncio.to_thread)
            with pytest.raises(Permanent, match="401; check SENDGRID_API_KEY"):
                await mailer.send(LETTER)
            assert list(inbox.mails) == []

    asyncio.run(run())
