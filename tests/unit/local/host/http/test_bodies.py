"""The bounds of all bodies together."""

import asyncio
from pathlib import Path
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


async def streamed(kept: Bodies, *chunks: bytes) -> tuple[bytes, Path]:
    """Receive a body that is read as a stream; return it and where it was."""
    raw: Any = Raw(*chunks)
    async with kept.streamed(raw) as file:
        return file.read_bytes(), file


def test_a_body_that_is_streamed_is_a_file_while_it_is_read(tmp_path: Path) -> None:
    """The file has the whole body, and is deleted when its function has ended."""
    body, file = asyncio.run(streamed(Bodies(tmp_path), b"ab", b"c" * (bodies.WRITTEN_AT_ONCE + 1), b"d"))
    assert body == b"ab" + b"c" * (bodies.WRITTEN_AT_ONCE + 1) + b"d"
    assert file.parent == tmp_path
    assert not list(tmp_path.iterdir())


def test_a_streamed_body_has_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body beyond the limit gets 413, whether its length was announced or not, and nothing is left of it."""
    monkeypatch.setattr(bodies, "STREAMED_LIMIT", 3)
    announced: Any = Raw(b"abcd")
    announced.content_length = 4
    for raw in (announced, Raw(b"ab", b"cd")):
        with pytest.raises(Refusal) as refusal:
            asyncio.run(_enter(Bodies(tmp_path), raw))
        assert refusal.value.status == 413
    assert not list(tmp_path.iterdir())


async def _enter(kept: Bodies, raw: Any) -> None:
    async with kept.streamed(raw):
        pass


def test_what_a_killed_host_has_left_is_deleted(tmp_path: Path) -> None:
    """A new host deletes the bodies that were arriving when the one before was killed, and nothing else."""
    for name in ("body-abc", "host.db"):
        (tmp_path / name).write_bytes(b"x")
    Bodies(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["host.db"]
