import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web

from outlast.errors import Throttled, Transient
from outlast.webhook import CONTENT_TYPE, HttpWebhook, key_of, signed

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Receiver:
    """A program that answers each event with this status."""

    def __init__(self, status: int, headers: dict[str, str]) -> None:
        self.status, self.headers = status, headers
        self.requests: list[tuple[dict[str, str], bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.requests.append((headers, await request.read()))
        return web.Response(status=self.status, headers=self.headers)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        finally:
            await runner.cleanup()


def post(status: int = 204, **headers: str) -> tuple[bool, Receiver]:
    receiver = Receiver(status, {name.replace("_", "-"): value for name, value in headers.items()})

    async def run() -> bool:
        async with receiver.serving() as url:
            return await HttpWebhook(url, SECRET, lambda: NOW).post("r1:1:failed", b'{"id":"r1:1:failed"}')

    return asyncio.run(run()), receiver


def test_the_signature_is_that_of_the_scheme() -> None:
    """The example of the scheme's own libraries has the signature that they give it."""
    headers = signed(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert headers["webhook-timestamp"] == "1614265330"


def test_each_secret_signs() -> None:
    """With two secrets an event has two signatures, so that a receiver can change its secret meanwhile."""
    other = "whsec_" + "A" * 32
    both = signed(f"{SECRET} {other}", "k", 1, b"x")["webhook-signature"].split(" ")
    assert both == [signed(one, "k", 1, b"x")["webhook-signature"] for one in (SECRET, other)]


@pytest.mark.parametrize("secret", ["s3cret", "whsec_", "whsec_s3cret!", "whsec_" + "A" * 24, "whsec_" + "A" * 100])
def test_a_secret_of_another_form_is_refused_without_repeating_it(secret: str) -> None:
    """A secret is whsec_ and base64 of 24 to 64 bytes; the error does not repeat it."""
    with pytest.raises(ValueError, match="must") as caught:
        key_of(secret)
    assert secret == "whsec_" or secret not in str(caught.value)


def test_an_event_is_posted_signed() -> None:
    """An event arrives once, with its type, key, time and signature."""
    accepted, receiver = post()
    [(headers, body)] = receiver.requests
    assert accepted
    assert headers["content-type"] == CONTENT_TYPE
    assert headers.items() >= signed(SECRET, "r1:1:failed", int(NOW.timestamp()), body).items()


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_every_other_answer_may_be_followed_by_a_better_one(status: int) -> None:
    """A redirect is not followed, and it and each error are transient: receivers are deployed, too."""
    with pytest.raises(Transient, match=str(status)) as caught:
        post(status, Location="/hook")
    assert not isinstance(caught.value, Throttled)


def test_a_receiver_says_when_it_takes_events_again() -> None:
    """An answer with Retry-After raises an error with the seconds."""
    with pytest.raises(Throttled) as caught:
        post(429, Retry_After="30")
    assert caught.value.seconds == 30.0


def test_a_receiver_that_is_gone_ends_it() -> None:
    """A 410 is no error: nothing more is to be posted."""
    assert post(410)[0] is False


def test_a_receiver_that_is_not_there_may_be_asked_again() -> None:
    """An address that cannot be reached is transient, and the error does not repeat it: it may have a key in it."""
    with pytest.raises(Transient, match="gave no answer") as caught:
        asyncio.run(HttpWebhook("http://127.0.0.1:9/s3cret", SECRET).post("k", b"{}"))
    assert "s3cret" not in str(caught.value)
