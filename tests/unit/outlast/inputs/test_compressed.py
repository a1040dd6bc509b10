"""Inflating gzip, zstd, bzip2 and xz within limits, and zip archives."""

import bz2
import gzip
import io
import lzma
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from outlast.inputs import BadInput
from outlast.inputs.compressed import inflater
from outlast.inputs.stages import feed_all, finish_all
from outlast.inputs.zipped import read_member

TEXT = b"".join(b"%d,some text\n" % number for number in range(5000))
COMPRESS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def inflate(name: str, data: bytes, size: int = 1000, most: int | None = None) -> bytes:
    """Feed the data in pieces of this size."""
    stages = [inflater(name, most)]
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"".join(feed_all(stages, piece)) for piece in pieces) + b"".join(finish_all(stages))


@pytest.mark.parametrize("name", COMPRESS)
@given(st.lists(st.binary(max_size=200), min_size=1, max_size=4), st.integers(1, 300))
def test_all_members_are_inflated(name: str, members: list[bytes], size: int) -> None:
    """Members one after another give their texts one after another, however they are fed."""
    assert inflate(name, b"".join(map(COMPRESS[name], members)), size) == b"".join(members)


@pytest.mark.parametrize("name", COMPRESS)
def test_damaged_files_are_refused(name: str) -> None:
    """A file that is cut off or changed is refused by its name."""
    packed = COMPRESS[name](TEXT)
    with pytest.raises(BadInput, match=f"The {name} file is truncated"):
        inflate(name, packed[:-5])
    spoiled = packed[: len(packed) // 2] + bytes(byte ^ 255 for byte in packed[len(packed) // 2 :])
    with pytest.raises(BadInput, match=f"The {name} file"):
        inflate(name, spoiled)


@pytest.mark.parametrize("name", COMPRESS)
def test_a_bomb_ends_at_the_limit_in_little_memory(name: str) -> None:
    """What inflates to more than the limit is refused, and no more than a few pieces are held."""
    bomb = COMPRESS[name](bytes(300_000_000))
    stage = inflater(name, 100_000_000)
    tracemalloc.start()
    with pytest.raises(BadInput, match="holds more than 100,000,000 bytes"):
        for _ in stage.feed(bomb):
            pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


def test_a_window_of_zstd_has_a_limit() -> None:
    """A frame that refers back over more than 64 MiB is refused."""
    parameters = zstandard.ZstdCompressionParameters(window_log=27)
    packed = zstandard.ZstdCompressor(compression_params=parameters).compressobj().compress(bytes(200_000_000))
    with pytest.raises(BadInput, match="its window is larger than 67,108,864 bytes"):
        inflate("zstd", packed)


def archive(files: Mapping[str, bytes]) -> io.BytesIO:
    """A zip archive of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in files.items():
            packed.writestr(name, text)
    return data


def test_the_one_file_of_an_archive_is_read_or_the_one_that_is_named() -> None:
    """Folders and what macOS adds do not count as files."""
    one = archive({"data/": b"", "data/a.csv": TEXT, "__MACOSX/data/._a.csv": b"x"})
    assert b"".join(read_member(one, None)) == TEXT
    two = archive({"a.csv": b"a", "b.csv": TEXT})
    assert b"".join(read_member(two, "b.csv")) == TEXT


@pytest.mark.parametrize(
    ("data", "member", "says"),
    [
        (
            archive({"a.csv": b"a", "b.csv": b"b"}),
            None,
            "has 2 files. Say one with the option member. It has: a.csv, b.csv",
        ),
        (archive({"a.csv": b"a"}), "c.csv", "has no file 'c.csv'"),
        (archive({}), None, "has 0 files"),
        (io.BytesIO(b"PK\x03\x04broken"), None, "cannot be read"),
        (archive({"a.csv": bytes(2000)}), None, "holds more than 1,000 bytes"),
    ],
)
def test_other_archives_are_refused(data: io.BytesIO, member: str | None, says: str) -> None:
    """The text says which files there are."""
    with pytest.raises(BadInput) as caught:
        list(read_member(data, member, 1000))
    assert says in str(caught.value)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_archive_is_refused_whatever_its_compression(method: int) -> None:
    """A file whose bytes have changed fails the input with what to do, wherever the change is."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", method) as packed:
        packed.writestr("a.csv", TEXT)
        size = packed.infolist()[0].compress_size
    begin = 30 + len("a.csv")
    for place in range(begin, begin + size, max(1, size // 50)):
        spoiled = bytearray(data.getvalue())
        spoiled[place : place + 8] = bytes(byte ^ 255 for byte in spoiled[place : place + 8])
        with pytest.raises(BadInput, match="cannot be read"):
            list(read_member(io.BytesIO(spoiled), None))


def test_an_lzma_file_that_wants_much_memory_is_refused() -> None:
    """A few bytes of an archive can ask for 4 GiB, which inflating would fill."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_LZMA) as packed:
        packed.writestr("a.csv", TEXT)
    assert b"".join(read_member(data, None)) == TEXT
    changed = bytearray(data.getvalue())
    begin = 30 + len("a.csv") + 5
    changed[begin : begin + 4] = (3 * 1024**3).to_bytes(4, "little")
    with pytest.raises(BadInput, match="refers back over 3,221,225,472 bytes"):
        list(read_member(io.BytesIO(changed), None))


def test_an_archive_with_a_broken_name_is_refused() -> None:
    """A name that is said to be UTF-8 and is not makes the archive a damaged one."""
    data = archive({"é.csv": TEXT}).getvalue().replace("é".encode(), b"\xff\xff")
    with pytest.raises(BadInput, match="cannot be read"):
        list(read_member(io.BytesIO(data), None))
