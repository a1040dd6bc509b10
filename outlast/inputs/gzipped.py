"""Inflating gzip (RFC 1952), several members too, without letting a small file fill the memory or the disk."""

import zlib
from collections.abc import Iterator

from outlast.inputs.types import BadInput

MAGIC = b"\x1f\x8b"
PIECE = 1024 * 1024
"""Bytes of inflated data handed out at once, at most."""

_SLICE = 16 * 1024  # zlib copies what is left behind a member: of this, not of the whole
_JUDGE_RATIO_FROM = 8 * 1024 * 1024
_GZIP_ONLY = 16 + zlib.MAX_WBITS
_AGAIN = "Compress the file again and send all of it."


class Inflater:
    """Inflates what it is fed, piece by piece.

    `max_bytes` limits the inflated size, `max_ratio` the inflated size as a multiple of the compressed; the ratio
    counts from 8 MiB inflated, so small files of great regularity pass. Zeros behind the last member are padding.
    """

    def __init__(self, max_bytes: int, max_ratio: float) -> None:
        self._max_bytes = max_bytes
        self._max_ratio = max_ratio
        self._taken = 0
        self._given = 0
        self._members = 0
        self._member = zlib.decompressobj(_GZIP_ONLY)
        self._between = True

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The inflated data in pieces of at most 1 MiB. Raises BadInput when it is corrupt or beyond a limit.

        Take all pieces before the next call: nothing is inflated ahead of the one asked for.
        """
        for start in range(0, len(data), _SLICE):
            rest = data[start : start + _SLICE]
            self._taken += len(rest)
            while rest := self._open(rest):
                yield from self._inflate(rest)
                rest = self._member.unused_data if self._member.eof else b""

    def finish(self) -> None:
        """Raises BadInput when the data ended too early."""
        if not self._between or not self._members:
            raise BadInput("body", f"The gzip file is truncated. {_AGAIN}")

    def _open(self, data: bytes) -> bytes:
        """Starts the next member when the last one has ended, behind padding if there is any; what is left of data."""
        if not self._between:
            return data
        data = data.lstrip(b"\0") if self._members else data
        if self._members and data and data[0] != MAGIC[0]:
            raise BadInput("body", f"The gzip file has data behind its end that is not gzip. {_AGAIN}")
        if data:
            self._member = zlib.decompressobj(_GZIP_ONLY)
            self._between = False
        return data

    def _inflate(self, data: bytes) -> Iterator[bytes]:
        while data:
            piece = self._decompress(data)
            data = self._member.unconsumed_tail
            self._given += len(piece)
            self._check_limits()
            if piece:
                yield piece
        if self._member.eof:
            self._between, self._members = True, self._members + 1

    def _decompress(self, data: bytes) -> bytes:
        try:
            return self._member.decompress(data, PIECE)
        except zlib.error as error:
            raise BadInput("body", f"The gzip file is corrupt ({error}). {_AGAIN}") from None

    def _check_limits(self) -> None:
        if self._given > self._max_bytes:
            raise BadInput("body", f"The gzip file holds more than {self._max_bytes:,} bytes. Send it in parts.")
        if self._given > max(_JUDGE_RATIO_FROM, self._taken * self._max_ratio):
            ratio = f"more than {self._max_ratio:g} times its size"
            raise BadInput("body", f"The gzip file inflates to {ratio}, which is refused. Send it uncompressed.")
