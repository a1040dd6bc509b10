"""The effective partition key: where a document lies in the hash space that partition key ranges divide."""

import struct

import mmh3

from outlast.errors import Permanent

Key = str | int | float | bool | None

_NULL, _FALSE, _TRUE, _NUMBER, _STRING = b"\x01", b"\x02", b"\x03", b"\x05", b"\x08"


def effective_partition_key(key: Key) -> str:
    """32 hex digits for one value, by hash version 2: murmur3 of 128 bits with its top two bits cleared.

    Source: azure-cosmos, `PartitionKey._get_effective_partition_key_for_hash_partitioning_v2`, which takes 32 µs a key.
    """
    digest = mmh3.hash_bytes(_component(key))[::-1]
    return (bytes([digest[0] & 0x3F]) + digest[1:]).hex().upper()


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
