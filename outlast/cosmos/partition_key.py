"""The effective partition key: the hash by which a document belongs to a partition key range."""

import struct
from collections.abc import Mapping
from typing import Any

import mmh3

from outlast.errors import Permanent
from outlast.key_paths import KeyPaths, each_path, shown

Key = str | int | float | bool | None
Levels = tuple[Key, ...]
"""The value of a partition key: one, or one for each level of a hierarchical key."""

_V1_LENGTH = 100
_WORD = (1 << 64) - 1
_NULL, _FALSE, _TRUE, _NUMBER, _STRING = b"\x01", b"\x02", b"\x03", b"\x05", b"\x08"


def check_partition_key(properties: Mapping[str, Any], key: KeyPaths) -> None:
    """Raise Permanent unless these paths are the partition key in the container's properties."""
    paths = [found.replace('"', "") for found in properties["partitionKey"]["paths"]]
    if paths != list(each_path(key)):
        raise Permanent(
            f"the container {properties['id']} has the partition key {', '.join(paths)}, but the report writes "
            f"documents with the partition key {shown(key)}; name the container's key in the report, or another "
            "container"
        )


def effective_partition_key(key: Key) -> str:
    """Return 32 hex digits by hash version 2: murmur3 of 128 bits with its top two bits cleared.

    Source: azure-cosmos, `PartitionKey._get_effective_partition_key_for_hash_partitioning_v2`. That one takes 32 µs.
    """
    digest = mmh3.hash_bytes(_component(key))[::-1]
    return (bytes([digest[0] & 0x3F]) + digest[1:]).hex().upper()


def effective_of(levels: Levels) -> str:
    """Return the hash of each level, one behind the other: keys with the same first levels are neighbours.

    Source: azure-cosmos, `PartitionKey._get_effective_partition_key_for_multi_hash_partitioning_v2`.
    """
    return "".join(map(effective_partition_key, levels))


def _component(key: Key) -> bytes:
    if key is None:
        return _NULL
    if isinstance(key, bool):
        return _TRUE if key else _FALSE
    if isinstance(key, int | float):
        return _NUMBER + struct.pack("<d", key)
    if isinstance(key, str):
        return _STRING + key.encode() + b"\xff"
    raise Permanent(f"a partition key must be text, a number, true, false or null, not {type(key).__name__}")


def effective_partition_key_v1(key: Key) -> str:
    """Return hex digits by hash version 1: murmur3 of 32 bits as a number, then the shortened value.

    Containers created before 2019 have this version.

    Source: azure-cosmos, `PartitionKey._get_effective_partition_key_for_hash_partitioning`.
    """
    short = key[:_V1_LENGTH] if isinstance(key, str) else key
    hashed = _STRING + short.encode() + b"\0" if isinstance(short, str) else _component(short)
    return (_sortable(float(mmh3.hash(hashed, 0, signed=False))) + _sortable(short)).hex().upper()


def _sortable(key: Key) -> bytes:
    """Encode a value as bytes that sort as the values do."""
    if isinstance(key, str):
        text = key.encode()
        shifted = bytes((byte + 1) & 0xFF for byte in text[: _V1_LENGTH + 1])
        return _STRING + shifted + (b"\0" if len(text) <= _V1_LENGTH else b"")
    if key is None or isinstance(key, bool):
        return _component(key)
    return _NUMBER + _sortable_number(key)


def _sortable_number(number: float) -> bytes:
    """Encode a double: 8 bits in the first byte, then 7 in each. The last bit of a byte says whether more follow."""
    bits: int = struct.unpack("<Q", struct.pack("<d", number))[0]
    bits = -bits & _WORD if bits >> 63 else bits | 1 << 63
    first, bits = bits >> 56, bits << 8 & _WORD
    text = bytearray()
    while bits:
        text.append(bits >> 56 | 1)
        bits = bits << 7 & _WORD
    text = text or bytearray(1)
    text[-1] &= 0xFE
    return bytes([first, *text])
