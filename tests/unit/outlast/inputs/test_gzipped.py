"""Inflating gzip files, and refusing damaged ones and bombs."""

import gzip
import random
import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs import BadInput
from outlast.inputs.gzipped import Inflater

TEXT = b"".join(b"%d,some text\n" % number for number in range(5000))
NOISE = random.Random(1).randbytes(100_000)


def inflate(data: bytes, step: int = 1024 * 1024, max_bytes: int = 10**9) -> bytes:
    """Everything that `data` inflates to, fed in steps."""
    inflater = Inflater(max_bytes)
    text = b"".join(piece for start in range(0, len(data), step) for piece in inflater.feed(data[start : start + step]))
    inflater.finish()
    return text


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5), st.integers(1, 400), st.integers(0, 20))
def test_members_are_joined_however_they_are_fed(members: list[bytes], step: int, padding: int) -> None:
    """Several members, also empty ones and with padding after them, inflate to their joined texts."""
    data = b"".join(gzip.compress(member) for member in members) + b"\0" * padding
    assert inflate(data, step) == b"".join(members)


@pytest.mark.parametrize("size", [0, 1, 1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, 3 * 1024 * 1024])
def test_pieces_are_of_bounded_size_and_lose_nothing(size: int) -> None:
    """No data stays in the decompressor when a piece is exactly full."""
    inflater = Inflater(10**9)
    pieces = list(inflater.feed(gzip.compress(b"x" * size)))
    inflater.finish()
    assert sum(map(len, pieces)) == size
    assert all(0 < len(piece) <= 1024 * 1024 for piece in pieces)


@pytest.mark.parametrize("kept", [0, 1, 5, 10, 100, -9, -8, -1])
def test_a_truncated_file_is_refused(kept: int) -> None:
    """`finish` refuses a file that is truncated at any position."""
    with pytest.raises(BadInput, match="truncated") as caught:
        inflate(gzip.compress(NOISE)[:kept])
    assert caught.value.field == "body"


@pytest.mark.parametrize("garbage", [b"x", b"1,2\n" * 100, b"\0\0x", b"\x1f\x8b\x01" + b"x" * 20])
def test_garbage_after_the_end_is_refused(garbage: bytes) -> None:
    """Data after a member must be another member or zeros."""
    with pytest.raises(BadInput, match=r"after its end|corrupt"):
        inflate(gzip.compress(TEXT) + garbage)


@pytest.mark.parametrize("place", [0, 2, 3000, -6, -2])
def test_damage_is_refused(place: int) -> None:
    """A changed byte in header, data, checksum or length is found."""
    data = bytearray(gzip.compress(TEXT))
    data[place] ^= 0x55
    with pytest.raises(BadInput, match=r"corrupt|truncated"):
        inflate(bytes(data))


def test_damage_in_a_later_member_is_damage() -> None:
    """Damage in a later member is not taken for garbage after the end."""
    second = bytearray(gzip.compress(TEXT))
    second[-6] ^= 0x55
    with pytest.raises(BadInput, match="corrupt"):
        inflate(gzip.compress(TEXT) + bytes(second))


@pytest.mark.parametrize("other", [zlib.compress(TEXT), TEXT, b"\0" * 100])
def test_what_is_not_gzip_is_refused(other: bytes) -> None:
    """A zlib stream, text and zeros alone are refused."""
    with pytest.raises(BadInput, match="corrupt"):
        inflate(other)


def test_more_than_the_limit_is_refused() -> None:
    """A file may inflate to the limit and not to one byte more."""
    data = gzip.compress(TEXT)
    assert inflate(data, max_bytes=len(TEXT)) == TEXT
    with pytest.raises(BadInput, match="holds more than"):
        inflate(data, max_bytes=len(TEXT) - 1)


def test_a_bomb_is_refused_within_little_memory() -> None:
    """A bomb is refused at the limit, and only one piece is in memory at a time."""
    bomb = gzip.compress(b"\0" * 200_000_000)
    pieces: list[int] = []
    tracemalloc.start()
    try:
        with pytest.raises(BadInput, match="holds more than 50,000,000 bytes"):
            pieces.extend(map(len, Inflater(50_000_000).feed(bomb)))
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert 40_000_000 < sum(pieces) <= 50_000_000


def test_a_table_of_empty_cells_passes() -> None:
    """A sparse table that inflates to several hundred times its size is read."""
    text = b"".join(b"%d%b\n" % (n, b"," * 2000) for n in range(5000))
    packed = gzip.compress(text)
    assert len(text) > 300 * len(packed)
    assert inflate(packed) == text
