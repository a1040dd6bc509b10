"""Time to live: when the documents of a container are over, and their removal."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush

import orjson

from local.cosmos.errors import bad_request
from local.cosmos.partitions import Change, Partition, Record

NEVER = -1
LONGEST = 2**31 - 1  # seconds
Entry = tuple[int, int, bytes, str]  # the last second of the document, LSN, key, id


def check_ttl(value: object, name: str) -> None:
    """Raises 400 for a time to live that is neither -1 nor a number of seconds."""
    if type(value) is not int or not (value == NEVER or 0 < value <= LONGEST):
        raise bad_request(
            f"The input {name} '{value}' is invalid. Ensure to provide a nonzero positive integer less than or equal "
            f"to {LONGEST}, or -1, which means never."
        )


class Expiry:
    """The documents of a container by the time at which they are over. A change of a document adds an entry, and an
    entry whose LSN is no longer the document's is dropped when its time comes."""

    def __init__(self, default: int) -> None:
        """`default` is the container's time to live in seconds; -1 keeps documents without one of their own."""
        self.default = default
        self._entries: list[Entry] = []
        self._filled = False

    def note(self, changes: Iterable[Change]) -> None:
        """Remembers documents that were written. A batch may write one twice, with one LSN."""
        written = {(after.key, id_): after for _, id_, _, after, _ in changes if after is not None}
        for (_, id_), after in written.items():
            if (entry := self._entry(id_, after)) is not None:
                heappush(self._entries, entry)

    def over(self, partitions: list[Partition], now: float) -> Iterator[tuple[bytes, str, int]]:
        """Key, id and LSN of the documents whose time is over, each once. Times are whole seconds, and a document lives
        at least as long as it says."""
        if not self._filled:
            self._fill(partitions)
        while self._entries and self._entries[0][0] < int(now):
            _, lsn, key, id_ = heappop(self._entries)
            yield key, id_, lsn

    def _fill(self, partitions: list[Partition]) -> None:
        stored = (pair for one in partitions for group in one.groups.values() for pair in group.items())
        self._entries = [entry for pair in stored if (entry := self._entry(*pair)) is not None]
        heapify(self._entries)
        self._filled = True

    def _entry(self, id_: str, record: Record) -> Entry | None:
        seconds = self.default
        if b'"ttl"' in record.body:
            own = orjson.loads(record.body).get("ttl")
            seconds = own if type(own) is int else seconds
        return None if seconds == NEVER else (record.ts + seconds, record.lsn, record.key, id_)
