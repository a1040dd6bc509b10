"""Effective partition keys, hash versions 1 and 2.

The canonical bytes of a value (a type byte, then the payload) identify a logical partition. Their hash is its
effective partition key, between "" and "FF", which decides the physical partition. The canonical bytes of a
hierarchical key are those of its levels, one behind the other; its effective partition key is that of each level, one
behind the other, so that all keys with the same first levels are neighbours.
"""

import struct
from typing import Any

import mmh3

UNDEFINED, NULL, FALSE, TRUE, NUMBER, STRING = b"\x00", b"\x01", b"\x02", b"\x03", b"\x05", b"\x08"
KEY_SPACE = 1 << 126  # version 2 clears the top two bits of its hash
MASK = KEY_SPACE - 1
V1_TEXT_LIMIT = 100


class Undefined:
    """The type of a partition key that is missing in its document."""


UNDEFINED_VALUE = Undefined()
_pack_double = struct.Struct("<d").pack


def canonical(value: Any) -> bytes:
    """The canonical bytes of a partition key value; raises TypeError for objects and arrays."""
    if isinstance(value, str):
        return b"\x08%b\xff" % value.encode()
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    if value is None:
        return NULL
    if isinstance(value, int | float):
        return NUMBER + _pack_double(float(value))
    if value is UNDEFINED_VALUE or value == {}:
        return UNDEFINED
    raise TypeError(f"a partition key is a string, number, boolean or null, not {type(value).__name__}")


def value_of(key: bytes) -> Any:
    """The partition key value of canonical bytes."""
    kind = key[:1]
    if kind == STRING:
        return key[1:-1].decode()
    if kind == NUMBER:
        return struct.unpack("<d", key[1:])[0]
    return {UNDEFINED: UNDEFINED_VALUE, NULL: None, FALSE: False, TRUE: True}[kind]


def levels_of(key: bytes) -> list[bytes]:
    """The canonical bytes of each level of a hierarchical key. No text contains the byte FF, which ends one."""
    levels, at = [], 0
    while at < len(key):
        kind = key[at : at + 1]
        end = key.index(b"\xff", at) + 1 if kind == STRING else at + (9 if kind == NUMBER else 1)
        levels.append(key[at:end])
        at = end
    return levels


def effective_multi(key: bytes) -> str:
    """The effective partition key of a hierarchical key, or of its first levels."""
    return "".join(map(effective_v2, levels_of(key)))


def effective_v2(key: bytes) -> str:
    """The effective partition key of hash version 2."""
    return "%032X" % (mmh3.hash128(key, 0, True, False) & MASK)


def effective_v1(key: bytes) -> str:
    """The effective partition key of hash version 1: the hash as a number, then the shortened value."""
    value = value_of(key)
    if isinstance(value, str):
        value = value[:V1_TEXT_LIMIT]
        hashed = STRING + value.encode() + b"\x00"
    else:
        hashed = key
    number = float(mmh3.hash(hashed, 0, False))
    return (_binary_number(number) + _binary(value)).hex().upper()


def _binary(value: Any) -> bytes:
    """A component in the order-preserving encoding of version 1."""
    if isinstance(value, str):
        data = value.encode()
        short = len(data) <= V1_TEXT_LIMIT
        text = bytes((byte + 1) & 0xFF for byte in data[: V1_TEXT_LIMIT + 1])
        return STRING + text + (b"\x00" if short else b"")
    if isinstance(value, bool) or value is None or value is UNDEFINED_VALUE:
        return canonical(value)
    return _binary_number(float(value))


def _binary_number(number: float) -> bytes:
    """A double as sortable bytes: 8 bits in the first byte, then 7 in each, the last bit of which says whether more
    follow."""
    bits = struct.unpack("<Q", _pack_double(number))[0]
    bits = (~bits + 1) & 0xFFFFFFFFFFFFFFFF if bits >> 63 else bits | 1 << 63
    out = bytearray(NUMBER)
    out.append(bits >> 56)
    rest = bits << 8 & 0xFFFFFFFFFFFFFFFF
    tail = bytearray()
    while rest:
        tail.append(rest >> 56 | 1)
        rest = rest << 7 & 0xFFFFFFFFFFFFFFFF
    tail = tail or bytearray(1)
    tail[-1] &= 0xFE
    return bytes(out + tail)


def bounds(count: int, version: int) -> list[str]:
    """The inner bounds that cut the key space into ranges of equal width."""
    if version == 1:
        return [_binary_number(float(2**32 * i // count)).hex().upper() for i in range(1, count)]
    return [f"{KEY_SPACE * i // count:032X}" for i in range(1, count)]


def middle(low: str, high: str, version: int) -> str:
    """A bound about halfway between two others."""
    if version == 1:
        return _middle_v1(low, high)
    start = int(low or "0", 16)
    end = KEY_SPACE if high == "FF" else int(high, 16)
    return f"{(start + end) // 2:032X}"


def _middle_v1(low: str, high: str) -> str:
    start, end = _number_of(low, 0.0), _number_of(high, float(2**32))
    return _binary_number(float(int(start + end) // 2)).hex().upper()


def _number_of(bound: str, otherwise: float) -> float:
    if bound in {"", "FF"}:
        return otherwise
    data = bytes.fromhex(bound)[1:]
    bits, shift = data[0] << 56, 56
    for byte in data[1:]:
        shift -= 7
        bits |= (byte >> 1) << shift if shift >= 0 else (byte >> 1) >> -shift
    number: float = struct.unpack("<d", struct.pack("<Q", bits & ~(1 << 63)))[0]
    return number
