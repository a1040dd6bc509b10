"""Frames between the host and its workers: a JSON header and a body of bytes, each preceded by its length."""

import struct
from collections.abc import Iterator
from typing import Any

import orjson

Header = dict[str, Any]
_LENGTHS = struct.Struct(">II")


def pack(header: Header, body: bytes = b"") -> bytes:
    """Return one frame, ready to be written."""
    head = orjson.dumps(header)
    return b"".join((_LENGTHS.pack(len(head), len(body)), head, body))


class Unpacker:
    """Collects what a pipe delivers, in whatever pieces, and yields whole frames."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = _LENGTHS.size

    def feed(self, data: bytes) -> Iterator[tuple[Header, bytes]]:
        """Yield each frame that is complete with this piece."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:  # a large body arrives in many pieces: joined once, not once a piece
            return
        buffer = b"".join(self._pieces)
        position = 0
        while (end := self._end(buffer, position)) <= len(buffer):
            head, _ = _LENGTHS.unpack_from(buffer, position)
            start = position + _LENGTHS.size
            yield orjson.loads(buffer[start : start + head]), buffer[start + head : end]
            position = end
        self._pieces = [buffer[position:]]
        self._held = len(buffer) - position
        self._wanted = end - position

    @staticmethod
    def _end(buffer: bytes, position: int) -> int:
        """Return where the frame at this position ends, as far as its lengths are known."""
        start = position + _LENGTHS.size
        if len(buffer) < start:
            return start
        head, body = _LENGTHS.unpack_from(buffer, position)
        return start + int(head) + int(body)
