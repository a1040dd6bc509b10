"""Reads some buckets of a file of entries and names."""

from outlast.staging.key_table import KeyTable, Range
from outlast.staging.store import Staging

GAP = 64 * 1024
"""Bytes between entries and their names that are read, too: another request takes longer."""


async def read_buckets(
    staging: Staging, path: str, table: KeyTable, head: bytes, stretch: Range
) -> tuple[bytes, bytes | None]:
    """The entries, and the names where the table has any."""
    (first, size) = entries = table.entries(head, *stretch)
    if not table.named:
        return await staging.get_range(path, *entries), None
    (begin, length) = names = table.names(head, *stretch)
    if begin - first - size > GAP:
        return await staging.get_range(path, *entries), await staging.get_range(path, *names)
    data = await staging.get_range(path, first, begin + length - first) if size else b""
    return data[:size], data[begin - first :]
