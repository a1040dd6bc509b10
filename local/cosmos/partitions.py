"""A physical partition: a range of effective partition keys with its documents and its request units."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from local.cosmos.budget import Budget


@dataclass(slots=True)
class Record:
    """A stored document: its JSON without system properties, which are made from the other fields."""

    body: bytes
    number: int  # unique in the account; a replace keeps it
    lsn: int  # of the last write, shared by the documents of a batch; in the session token and the ETag
    ts: int
    key: bytes  # canonical bytes of the partition key value


class Partition:
    """Documents by logical partition for point operations, and by number for scans that continue from a number."""

    def __init__(self, id_: str, low: str, high: str, rate: float, parents: tuple[str, ...] = ()) -> None:
        self.id = id_
        self.low = low
        self.high = high
        self.parents = parents
        self.version = 0  # of the container's partition map that first had this partition
        self.lsn = 0
        self.budget = Budget(rate)
        self.size = 0
        self.groups: dict[bytes, dict[str, Record]] = {}
        self._records: dict[int, Record] = {}
        self._numbers: list[int] = []  # ascending; numbers of removed documents are dropped when they are too many

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: bytes, id_: str) -> Record | None:
        """The document, or None."""
        group = self.groups.get(key)
        return group.get(id_) if group is not None else None

    def numbered(self, number: int) -> Record | None:
        """The document with a number, or None."""
        return self._records.get(number)

    def group(self, key: bytes) -> dict[str, Record]:
        """The documents of a logical partition. Writing into the result writes into the partition."""
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = {}
        return group

    def put(self, id_: str, record: Record) -> None:
        """Stores a document, and replaces the one with the same key and id."""
        group = self.group(record.key)
        self.put_in(group, id_, record, group.get(id_))

    def put_in(self, group: dict[str, Record], id_: str, record: Record, before: Record | None) -> None:
        """Stores a document in its group, in the place of `before`."""
        group[id_] = record
        number = record.number
        self._records[number] = record
        self.size += len(record.body)
        if before is not None:
            self.size -= len(before.body)
        elif self._numbers and number <= self._numbers[-1]:
            self._insert(number)
        else:
            self._numbers.append(number)

    def remove(self, key: bytes, id_: str) -> Record | None:
        """Removes and returns a document; None where it is missing."""
        group = self.groups.get(key)
        before = group.pop(id_, None) if group is not None else None
        if before is None:
            return None
        if not group:
            del self.groups[key]
        del self._records[before.number]
        self.size -= len(before.body)
        if len(self._numbers) > 2 * len(self._records) + 64:
            self._numbers = sorted(self._records)
        return before

    def scan(self, after: int = 0) -> Iterator[Record]:
        """All documents with a number above `after`, in the order of their numbers."""
        records, numbers = self._records, self._numbers
        for at in range(bisect_right(numbers, after), len(numbers)):
            record = records.get(numbers[at])
            if record is not None:
                yield record

    def scan_key(self, key: bytes, after: int = 0) -> Iterator[Record]:
        """The documents of one logical partition with a number above `after`, in the order of their numbers."""
        found = sorted(self.groups.get(key, {}).values(), key=lambda record: record.number)
        return (record for record in found if record.number > after)

    def adopt(self, id_and_records: Iterable[tuple[str, Record]]) -> None:
        """Adds documents of a partition that was split."""
        for id_, record in sorted(id_and_records, key=lambda pair: pair[1].number):
            self.put(id_, record)
            self.lsn = max(self.lsn, record.lsn)

    def _insert(self, number: int) -> None:
        # an undone delete puts an old number back, which may still be in the list
        at = bisect_right(self._numbers, number)
        if at == 0 or self._numbers[at - 1] != number:
            self._numbers.insert(at, number)


Change = tuple[Partition, str, Record | None, Record | None, int]
"""Partition, id, the document before, the document after, and the LSN; None where there is no document."""
