"""The frames between the app and its child: a header as JSON, and payloads of bytes behind it.

A frame is two lengths of four bytes (of the header and of all payloads), the header and the payloads. The header's
`payloads` lists the length of each.
"""

from struct import Struct
from typing import NamedTuple

import orjson

from outlast.models import Json

LENGTHS = Struct(">II")
ROWS, REFERENCE, SLICES = "rows", "reference", "slices"
"""What a request may lack: the bytes of the rows, the reference, what the slices to join have made."""


class Frame(NamedTuple):
    header: Json
    payloads: list[bytes]


def pack(header: Json, payloads: list[bytes]) -> bytes:
    text = orjson.dumps({**header, "payloads": [len(one) for one in payloads]})
    return b"".join([LENGTHS.pack(len(text), sum(map(len, payloads))), text, *payloads])


def unpack(header: bytes, body: bytes) -> Frame:
    """The frame whose two parts these are."""
    read: Json = orjson.loads(header)
    payloads, at = [], 0
    for length in read.pop("payloads"):
        payloads.append(body[at : at + length])
        at += length
    return Frame(read, payloads)
