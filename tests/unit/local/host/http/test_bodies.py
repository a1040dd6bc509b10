"""The bounds of all bodies together."""

import asyncio
from typing import Any

import pytest

from local.host.http import bodies
from local.host.http.bodies import Bodies, Refusal


class Raw:
    """A request of aiohttp, as far as its body goes."""

    can_read_body = True
    content_length = None

    def __init__(self, *chunks: bytes) -> None:
        self.content = self
        self._chunks = [*chunks, b""]

    async def readany(self) -> bytes:
        """Return the next piece, empty at the end."""
        return self._chunks.pop(0)


async def received(kept: Bodies, *chunks: bytes) -> bytes:
    """Receive a body and release it."""
    raw: Any = Raw(*chunks)
    async with kept.received(raw) as body:
        return body


def test_a_long_body_is_kept_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that is longer than the memory limit arrives as it was sent."""
    monkeypatch.setattr(bodies, "MEMORY_LIMIT", 3)
    assert asyncio.run(received(Bodies(), b"ab", b"cdef")) == b"abcdef"


def test_a_body_that_turns_out_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body without an announced length gets 413 when it exceeds the limit."""
    monkeypatch.setattr(bodies, "BODY_LIMIT", 3)
    with pytest.raises(Refusal) as refusal:
        asyncio.run(received(Bodies(), b"ab", b"cd"))
    assert refusal.value.status == 413


def test_bodies_beyond_the_bound_of_all_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body gets 503 while other bodies fill the limit of all, and is accepted after they are gone."""
    monkeypatch.setattr(bodies, "ARRIVING_LIMIT", 5)

    async def run() -> None:
        kept, raw = Bodies(), Raw(b"abc")
        other: Any = raw
        async with kept.received(other):
            with pytest.raises(Refusal) as refusal:
                await received(kept, b"defg")
            assert refusal.value.status == 503
        assert await received(kept, b"defg") == b"defg"

    asyncio.run(run())


def test_bodies_wait_until_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """A body waits while others fill the memory limit of all, and a single longer body does not wait."""
    monkeypatch.setattr(bodies, "LOADED_LIMIT", 5)

    async def run() -> None:
        kept, entered = Bodies(), asyncio.Event()
        longer: Any = Raw(b"longer")
        async with kept.received(longer):
            second = asyncio.create_task(received(kept, b"b"))
            second.add_done_callback(lambda _: entered.set())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert not entered.is_set()
        assert await second == b"b"

    asyncio.run(run())
