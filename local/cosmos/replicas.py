"""Replicas that lag: partitions as they were before their last writes, for reads that a fault rule makes stale."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge

from local.cosmos.partitions import Change, Partition, Record


@dataclass(slots=True, frozen=True)
class Write:
    """A write that replicas may not have yet, and the document before it."""

    time: float
    lsn: int
    key: bytes
    id: str
    before: Record | None


class History:
    """The last writes of a container. It is kept while a fault rule lets reads lag."""

    def __init__(self) -> None:
        self._writes: deque[Write] = deque()

    def keep(self, changes: Iterable[Change], now: float, seconds: float) -> None:
        """Adds the writes of a request, and drops those that are older than `seconds`."""
        for _, id_, before, after, lsn in changes:
            record = after or before
            if record is not None:
                self._writes.append(Write(now, lsn, record.key, id_, before))
        while self._writes and self._writes[0].time <= now - seconds:
            self._writes.popleft()

    def since(self, time: float, lsn: int) -> Iterator[Write]:
        """The writes later than both, the newest first."""
        for write in reversed(self._writes):
            if write.time <= time or write.lsn <= lsn:
                return
            yield write


class Replica:
    """A partition without some of its last writes. Reads use it in place of the partition."""

    def __init__(self, partition: Partition, missing: list[Write]) -> None:
        """`missing` are the last writes of the partition, the newest first."""
        self.id = partition.id
        self.lsn = missing[-1].lsn - 1 if missing else partition.lsn
        self._partition = partition
        self._before = {(write.key, write.id): write.before for write in missing}  # the oldest write of each wins

    def get(self, key: bytes, id_: str) -> Record | None:
        """The document, or None."""
        return self._before[key, id_] if (key, id_) in self._before else self._partition.get(key, id_)

    def scan(self, after: int = 0) -> Iterator[Record]:
        """All documents with a number above `after`, in the order of their numbers."""
        return self._earlier(self._partition.scan(after), after, None)

    def scan_key(self, key: bytes, after: int = 0) -> Iterator[Record]:
        """The documents of one logical partition with a number above `after`, in the order of their numbers."""
        return self._earlier(self._partition.scan_key(key, after), after, key)

    def _earlier(self, records: Iterable[Record], after: int, key: bytes | None) -> Iterator[Record]:
        newer = {now.number for of in self._before if (now := self._partition.get(*of)) is not None}
        older = [
            record
            for record in self._before.values()
            if record is not None and record.number > after and key in {None, record.key}
        ]
        older.sort(key=lambda record: record.number)
        unchanged = (record for record in records if record.number not in newer)
        return merge(unchanged, older, key=lambda record: record.number)


View = Partition | Replica
"""What a read sees."""
