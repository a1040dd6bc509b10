import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientResponse, ClientSession

from local import http_server
from local.inbox import server
from local.inbox.server import Inbox

KEY = {"Authorization": "Bearer SG.any.key"}
MAIL: dict[str, Any] = {
    "personalizations": [{"to": [{"email": "ops@example.com"}]}],
    "from": {"email": "reports@example.com"},
    "subject": "A run failed",
    "content": [{"type": "text/plain", "value": "Row 3 was bad."}],
}

Visit = Callable[[ClientSession, Inbox], Awaitable[None]]


def visit(inbox: Inbox, visitor: Visit) -> None:
    """Serve the inbox on a free port and let the visitor call it."""

    async def served() -> None:
        async with inbox, ClientSession(inbox.url) as session:
            await visitor(session, inbox)

    asyncio.run(served())


async def send(
    session: ClientSession, body: object = MAIL, headers: dict[str, str] | None = None
) -> tuple[ClientResponse, Any]:
    async with session.post("/v3/mail/send", json=body, headers=KEY if headers is None else headers) as answer:
        text = await answer.text()
        return answer, await answer.json() if text else None


def test_a_mail_is_accepted_as_sendgrid_does() -> None:
    """A valid call gets 202, an empty body and a message id, and the email is listed as JSON."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        answer, body = await send(session)
        assert (answer.status, body) == (202, None)
        assert answer.headers["X-Message-Id"]
        async with session.get("/api/mails") as listed:
            (mail,) = (await listed.json())["mails"]
        assert mail["from"] == "reports@example.com"
        assert mail["to"] == ["ops@example.com"]
        assert mail["subject"] == "A run failed"
        assert mail["text"] == "Row 3 was bad."

    visit(Inbox(), visitor)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer SG.", "Bearer other", "Basic SG.any.key"])
def test_a_call_without_a_key_is_refused(authorization: str) -> None:
    """A call without a key of SendGrid's form gets 401 with its error body, and no email is kept."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        answer, body = await send(session, headers={"Authorization": authorization})
        assert answer.status == 401
        assert body["errors"][0].keys() == {"message", "field", "help"}
        assert not inbox.mails

    visit(Inbox(), visitor)


def test_the_key_it_is_told_is_the_only_one() -> None:
    """An inbox with a configured key refuses every other key."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        refused, _ = await send(session)
        accepted, _ = await send(session, headers={"Authorization": "Bearer SG.mine"})
        assert (refused.status, accepted.status) == (401, 202)

    visit(Inbox(key="SG.mine"), visitor)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"personalizations": []}, "personalizations"),
        ({"personalizations": [{"to": []}]}, "personalizations.0.to"),
        ({"personalizations": [{"to": [{"email": "nobody"}]}]}, "personalizations.0.to.0.email"),
        ({"from": None}, "from.email"),
        ({"from": {"email": "a@b c.d"}}, "from.email"),
        ({"subject": ""}, "subject"),
        ({"content": []}, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, "content.0.value"),
    ],
)
def test_a_bad_body_is_refused_with_its_field(change: dict[str, Any], field: str) -> None:
    """A body that SendGrid would refuse gets 400 with the wrong field, and no email is kept."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        answer, body = await send(session, MAIL | change)
        assert answer.status == 400
        assert [error["field"] for error in body["errors"]] == [field]
        assert not inbox.mails

    visit(Inbox(), visitor)


@pytest.mark.parametrize("body", [[], "text", 5])
def test_a_body_that_is_no_object_is_refused(body: object) -> None:
    """A body that is not a JSON object gets 400."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        answer, _ = await send(session, body)
        assert answer.status == 400

    visit(Inbox(), visitor)


def test_each_personalization_is_a_mail() -> None:
    """A call with two personalizations arrives as two emails, each with its own subject if it has one."""
    two = [{"to": [{"email": "a@example.com"}], "subject": "First"}, {"to": [{"email": "b@example.com"}]}]

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        await send(session, MAIL | {"personalizations": two})
        assert [(mail.to, mail.subject) for mail in inbox.mails] == [
            (["a@example.com"], "First"),
            (["b@example.com"], "A run failed"),
        ]

    visit(Inbox(), visitor)


def test_it_answers_as_it_is_told() -> None:
    """The inbox gives each scripted answer once and in order, and then accepts valid calls again."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        told = [500, {"status": 429, "headers": {"Retry-After": "3"}}]
        async with session.post("/api/answers", json=told) as answer:
            assert answer.status == 204
        answers = [(await send(session))[0] for _ in range(3)]
        assert [answer.status for answer in answers] == [500, 429, 202]
        assert answers[1].headers["Retry-After"] == "3"
        assert len(inbox.mails) == 1

    visit(Inbox(), visitor)


@pytest.mark.parametrize("told", [5, [99], ["500"], [{"headers": {}}], [{"status": 500, "headers": 1}]])
def test_an_answer_it_cannot_give_is_refused(told: object) -> None:
    """A script that is no list of statuses gets 400 and changes nothing."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        async with session.post("/api/answers", json=told) as answer:
            assert answer.status == 400
        assert (await send(session))[0].status == 202

    visit(Inbox(), visitor)


def test_a_foreign_page_cannot_tell_it_answers() -> None:
    """A script that a foreign page can send, as plain text, gets 415."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        async with session.post("/api/answers", data="[500]") as answer:
            assert answer.status == 415

    visit(Inbox(), visitor)


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("127.0.0.1:8025", 200), ("[::1]:8025", 200), ("rebound.example", 403), ("[", 403), ("", 403)],
)
def test_a_name_that_was_rebound_is_refused(host: str, status: int) -> None:
    """The inbox serves only localhost and IP addresses, so a page with a rebound name reads no email."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        async with session.get("/api/mails", headers={"Host": host}) as answer:
            assert answer.status == status

    visit(Inbox(), visitor)


def test_the_page_escapes_what_came() -> None:
    """The page shows an email's subject and text as text, never as markup, and may load nothing."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        script = "<script>alert(1)</script>"
        await send(session, MAIL | {"subject": script, "content": [{"type": "text/html", "value": script}]})
        async with session.get("/") as answer:
            html = await answer.text()
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "<script>" not in html
        assert html.count("&lt;script&gt;") == 2

    visit(Inbox(), visitor)


def test_a_mail_with_half_a_surrogate_pair_is_shown() -> None:
    """The page and the list show such a mail by its escape, and the mails beside it as they are."""

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        answer, _ = await send(session, MAIL | {"subject": "half \ud800"})
        assert answer.status == 202
        async with session.get("/") as shown:
            assert (shown.status, "half \\ud800" in await shown.text()) == (200, True)
        async with session.get("/api/mails") as listed:
            assert (await listed.json())["mails"][0]["subject"] == "half \ud800"

    visit(Inbox(), visitor)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: local", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_a_connection_on_which_nothing_comes_is_closed(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends nothing, half a head, or no second request is cut off after some seconds."""
    monkeypatch.setattr(http_server, "HEAD_SECONDS", 0.05)

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        where = urlsplit(inbox.url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        writer.write(sent)
        await asyncio.wait_for(reader.read(), 10)
        writer.close()

    visit(Inbox(), visitor)


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that does not arrive in time gets 408."""
    monkeypatch.setattr(server, "BODY_SECONDS", 0.05)

    async def visitor(session: ClientSession, inbox: Inbox) -> None:
        where = urlsplit(inbox.url)
        reader, writer = await asyncio.open_connection(where.hostname, where.port)
        head = "POST /v3/mail/send HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer SG.x\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 10\r\n\r\nhalf".encode())
        assert b" 408 " in await asyncio.wait_for(reader.readline(), 10)
        writer.close()

    visit(Inbox(), visitor)


def test_mails_in_files_outlive_a_restart(tmp_path: Path) -> None:
    """An inbox with a folder lists the emails from before a restart, the oldest first."""

    async def writer(session: ClientSession, inbox: Inbox) -> None:
        await send(session, MAIL | {"subject": "First"})
        await send(session, MAIL | {"subject": "Second"})

    async def reader(session: ClientSession, inbox: Inbox) -> None:
        assert [mail.subject for mail in inbox.mails] == ["First", "Second"]
        async with session.delete("/api/mails") as answer:
            assert answer.status == 204
        assert not inbox.mails

    visit(Inbox(data=tmp_path), writer)
    visit(Inbox(data=tmp_path), reader)
