import asyncio
import hashlib
from dataclasses import dataclass

import pytest

from outlast.staging.digest import HashedFile, Stretch, chained, joined


@dataclass(frozen=True, slots=True)
class Text:
    data: bytes

    async def size(self) -> int:
        return len(self.data)

    async def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def hashed(data: bytes, reads: list[tuple[int, int]], begin: int = 0) -> Stretch:
    """Make these reads, each an offset and a length."""

    async def run() -> Stretch:
        file = HashedFile(Text(data), begin=begin)
        for offset, length in reads:
            assert await file.read(offset, length) == data[offset : offset + length]
        return file.stretch

    return asyncio.run(run())


@pytest.mark.parametrize(
    "reads", [[(0, 99)], [(0, 4), (4, 6)], [(0, 4), (2, 8)], [(0, 10), (0, 3)], [(0, 7), (3, 2), (7, 3)]]
)
def test_what_is_read_twice_is_hashed_once(reads: list[tuple[int, int]]) -> None:
    """The hash is that of the bytes in their order, however the reads overlap."""
    assert hashed(b"0123456789", reads) == (10, hashlib.sha256(b"0123456789").hexdigest())


def test_a_stretch_begins_behind_what_others_have_hashed() -> None:
    """A call that reads again what the one before has hashed leaves it out."""
    assert hashed(b"0123456789", [(2, 8)], begin=6) == (4, hashlib.sha256(b"6789").hexdigest())


def test_a_call_without_new_bytes_adds_no_stretch() -> None:
    """An empty stretch is kept only where it is the whole input."""
    one, empty = Stretch(3, "a"), Stretch(0, "b")
    assert (joined([one], empty), joined([], empty), joined([one], one)) == ([one], [empty], [one, one])


def test_a_chain_can_be_carried_on() -> None:
    """Hashes that are chained in two calls give what they give in one, and their order matters."""
    assert chained(chained("", ["a", "b"]), ["c"]) == chained("", ["a", "b", "c"]) != chained("", ["a", "c", "b"])
    assert chained("", []) == ""
