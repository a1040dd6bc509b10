"""Inflates gzip, zstd, bzip2 and xz, piece by piece, within limits of size and memory."""

import bz2
import lzma
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from outlast.inputs.gzipped import MAGIC, PIECE, Inflater
from outlast.inputs.types import BadInput

GIB = 1024**3
MEMORY = 96 * 1024 * 1024
"""Bytes that inflating may take: `xz -9` needs 65 MiB."""
WINDOW = 64 * 1024 * 1024
"""Bytes back to which zstd, and LZMA in zip, may refer: eight times what zstd needs up to its level 19."""
_SLICE = 16 * 1024
_ZSTD_SLICE = 512
"""Bytes. Four bytes can inflate to 128 KiB, and zstd cannot be asked for less than all of it."""
_AGAIN = "Compress the file again and send all of it."


class Stage(Protocol):
    """Something that data goes through, piece by piece."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data becomes, in pieces. Take all of them before the next call. Raises BadInput."""
        ...

    def finish(self) -> Iterator[bytes]:
        """What is left after the last call of `feed`. Raises BadInput when the data is not whole."""
        ...


class Gzip:
    """gzip as a Stage."""

    def __init__(self, max_bytes: int, piece: int) -> None:
        self._inflater = Inflater(max_bytes, piece)

    def feed(self, data: bytes) -> Iterator[bytes]:
        return self._inflater.feed(data)

    def finish(self) -> Iterator[bytes]:
        self._inflater.finish()
        return iter(())


class Members:
    """bzip2 or xz, of one member or several. `make` makes the inflater of a member."""

    def __init__(self, name: str, make: Callable[[], Any], max_bytes: int, piece: int) -> None:
        self._name, self._make, self._max, self._piece = name, make, max_bytes, piece
        self._member: Any = None
        self._given = self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Stage."""
        for start in range(0, len(data), _SLICE):
            rest = data[start : start + _SLICE]
            while rest := rest if self._member or not self._members else rest.lstrip(b"\0"):
                self._member = self._member or self._make()
                yield from self._inflate(rest)
                rest = self._after()

    def finish(self) -> Iterator[bytes]:
        """See Stage."""
        if self._member is not None or not self._members:
            raise BadInput("body", f"The {self._name} file is truncated. {_AGAIN}")
        return iter(())

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while True:
            try:
                piece = self._member.decompress(data, self._piece)
            except (OSError, EOFError, lzma.LZMAError) as error:
                raise BadInput("body", f"The {self._name} file is corrupt ({error}). {_AGAIN}") from None
            self._given = checked(self._name, self._given + len(piece), self._max)
            if piece:
                yield piece
            if self._member.eof or (self._member.needs_input and not piece):
                return
            data = b""

    def _after(self) -> bytes:
        """The data after a member that has ended."""
        if not self._member.eof:
            return b""
        rest: bytes = self._member.unused_data
        self._member, self._members = None, self._members + 1
        return rest


class Zstd:
    """Zstandard, of one frame or several."""

    def __init__(self, max_bytes: int, piece: int) -> None:
        import zstandard  # only where it is needed

        self._error = zstandard.ZstdError
        self._make = zstandard.ZstdDecompressor(max_window_size=WINDOW).decompressobj
        self._max, self._given, self._frames = max_bytes, 0, 0
        self._frame: Any = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """See Stage."""
        for start in range(0, len(data), _ZSTD_SLICE):
            rest = data[start : start + _ZSTD_SLICE]
            while rest:
                self._frame = self._frame or self._make()
                piece = self._inflated(rest)
                self._given = checked("zstd", self._given + len(piece), self._max)
                if piece:
                    yield piece
                rest = self._after()

    def finish(self) -> Iterator[bytes]:
        """See Stage."""
        if self._frame is not None or not self._frames:
            raise BadInput("body", f"The zstd file is truncated. {_AGAIN}")
        return iter(())

    def _inflated(self, data: bytes) -> bytes:
        try:
            return bytes(self._frame.decompress(data))
        except self._error as error:
            text = f"The zstd file is corrupt, or its window is larger than {WINDOW:,} bytes ({error}). {_AGAIN}"
            raise BadInput("body", text) from None

    def _after(self) -> bytes:
        if not self._frame.eof:
            return b""
        rest: bytes = self._frame.unused_data
        self._frame, self._frames = None, self._frames + 1
        return rest


def checked(name: str, given: int, most: int) -> int:
    """The bytes inflated so far. Raises BadInput when they are too many."""
    if given > most:
        raise BadInput("body", f"The {name} file holds more than {most:,} bytes. Send it in parts.")
    return given


def limited(name: str, pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    """The pieces of a file. Raises BadInput where they have more bytes."""
    given = 0
    for piece in pieces:
        given = checked(name, given + len(piece), most)
        yield piece


class Compression(NamedTuple):
    """How a compressed input begins and ends by name, and how many bytes it may hold.

    All of them inflate well within one call: each call begins at the first byte.
    """

    signature: bytes
    ending: str
    limit: int
    make: Callable[[int, int], Stage]


COMPRESSIONS: Mapping[str, Compression] = {
    "gzip": Compression(MAGIC, ".gz", 4 * GIB, Gzip),
    "zstd": Compression(b"\x28\xb5\x2f\xfd", ".zst", 4 * GIB, Zstd),
    "bzip2": Compression(b"BZh", ".bz2", GIB, lambda most, piece: Members("bzip2", bz2.BZ2Decompressor, most, piece)),
    "xz": Compression(
        b"\xfd7zXZ\0",
        ".xz",
        2 * GIB,
        lambda most, piece: Members("xz", lambda: lzma.LZMADecompressor(lzma.FORMAT_XZ, MEMORY), most, piece),
    ),
}


def inflater(name: str, max_bytes: int | None = None, piece: int = PIECE) -> Stage:
    """The stage that inflates this compression. `max_bytes` may be less than its limit."""
    compression = COMPRESSIONS[name]
    return compression.make(compression.limit if max_bytes is None else min(max_bytes, compression.limit), piece)
