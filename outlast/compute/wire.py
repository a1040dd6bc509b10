"""The frames between the app and its child: a header as JSON, and payloads of bytes behind it.

A frame is two lengths of four bytes (of the header and of all payloads), the header and the payloads. The header's
`payloads` lists the length of each.
"""

from collections.abc import Sequence
from struct import Struct
from typing import NamedTuple

import orjson

from outlast.models import Bytes, Json

LENGTHS = Struct(">II")
ROWS, REFERENCE, SLICES = "rows", "reference", "slices"
"""What a request may lack: the bytes of the rows, the reference, what the slices to join have made."""


class Frame(NamedTuple):
    header: Json
    payloads: Sequence[Bytes]


def head_of(header: Json, payloads: Sequence[Bytes]) -> bytes:
    """What goes before the payloads of a frame."""
    text = orjson.dumps({**header, "payloads": [len(one) for one in payloads]})
    return LENGTHS.pack(len(text), sum(map(len, payloads))) + text


def pack(header: Json, payloads: Sequence[Bytes]) -> bytes:
    return b"".join([head_of(header, payloads), *payloads])


def read_head(header: bytes) -> tuple[Json, list[int]]:
    """A frame's header, and the length of each payload."""
    read: Json = orjson.loads(header)
    return read, read.pop("payloads")


def unpack(header: bytes, body: bytes) -> Frame:
    """The frame whose two parts these are."""
    read, lengths = read_head(header)
    payloads, at = [], 0
    for length in lengths:
        payloads.append(body[at : at + length])
        at += length
    return Frame(read, payloads)
