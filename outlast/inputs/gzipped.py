"""Inflates gzip (RFC 1952), also of several members, and refuses files that inflate to more than a limit."""

import zlib
from collections.abc import Iterator

from outlast.inputs.types import BadInput

MAGIC = b"\x1f\x8b"
PIECE = 1024 * 1024
"""Most bytes of inflated data that are yielded at once."""

_SLICE = 16 * 1024  # zlib copies the rest of its input after each member, so its input is kept short
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_AGAIN = "Compress the file again and send all of it."


class Inflater:
    """Inflates the data that it is fed, piece by piece.

    `max_bytes` limits the inflated size. The ratio to the compressed size does not count: a table of mostly empty cells
    inflates to 350 times its size. Zeros after the last member are padding.
    """

    def __init__(self, max_bytes: int, piece: int = PIECE) -> None:
        self._max_bytes = max_bytes
        self._piece = piece
        self._given = 0
        self._members = 0
        self._member = zlib.decompressobj(_GZIP_ONLY)
        self._between = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The inflated data in pieces of at most `piece` bytes. Raises BadInput when it is corrupt or exceeds a limit.

        Take all pieces before the next call, because each piece is inflated only when it is asked for.
        """
        for start in range(0, len(data), _SLICE):
            rest = data[start : start + _SLICE]
            while rest := self._open(rest):
                yield from self._inflate(rest)
                rest = self._member.unused_data if self._member.eof else b""

    def finish(self) -> None:
        """Raise BadInput when the data is truncated."""
        if not self._between or not self._members:
            raise BadInput("body", f"The gzip file is truncated. {_AGAIN}")

    def _open(self, data: bytes) -> bytes:
        """Start the next member when the last one has ended, after any padding. Returns the data that is left."""
        if not self._between:
            return data
        data = data.lstrip(b"\0") if self._members else data
        if self._members and data and data[0] != MAGIC[0]:
            raise BadInput("body", f"The gzip file has data after its end that is not gzip. {_AGAIN}")
        if data:
            self._member = zlib.decompressobj(_GZIP_ONLY)
            self._between = False
        return data

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data:
            piece = self._decompress(data)
            data = self._member.unconsumed_tail
            self._given += len(piece)
            if self._given > self._max_bytes:
                raise BadInput("body", f"The gzip file holds more than {self._max_bytes:,} bytes. Send it in parts.")
            if piece:
                yield piece
        if self._member.eof:
            self._between, self._members = True, self._members + 1

    def _decompress(self, data: bytes) -> bytes:
        try:
            return self._member.decompress(data, self._piece)
        except zlib.error as error:
            raise BadInput("body", f"The gzip file is corrupt ({error}). {_AGAIN}") from None
