"""A physical partition: a range of effective partition keys with its documents and its request units."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from local.cosmos.budget import Budget


@dataclass(slots=True)
class Record:
    """A document as kept: its JSON without the system properties, which are made from the other fields."""

    body: bytes
    number: int  # counts all documents of the account; stays the same when the document is replaced
    lsn: int  # counts all writes of the account: the session token and the ETag
    ts: int
    key: bytes  # canonical bytes of the partition key value


class Partition:
    """Documents by logical partition for point operations, and by number for scans that can be continued."""

    def __init__(self, id_: str, low: str, high: str, rate: float, parents: tuple[str, ...] = ()) -> None:
        self.id = id_
        self.low = low
        self.high = high
        self.parents = parents
        self.version = 0  # of the container's partition map, when this partition came into it
        self.lsn = 0
        self.budget = Budget(rate)
        self.size = 0
        self.groups: dict[bytes, dict[str, Record]] = {}
        self._records: dict[int, Record] = {}
        self._numbers: list[int] = []  # ascending; those of removed documents stay until there are too many

    def __len__(self) -> int:
        return len(self._records)

    def get(self, key: bytes, id_: str) -> Record | None:
        """The document, if there is one."""
        group = self.groups.get(key)
        return group.get(id_) if group is not None else None

    def group(self, key: bytes) -> dict[str, Record]:
        """The documents of a logical partition, to be written into."""
        group = self.groups.get(key)
        if group is None:
            group = self.groups[key] = {}
        return group

    def put(self, id_: str, record: Record) -> None:
        """Set a document, in the place of the one there may be."""
        group = self.group(record.key)
        self.put_in(group, id_, record, group.get(id_))

    def put_in(self, group: dict[str, Record], id_: str, record: Record, before: Record | None) -> None:
        """Set a document in its group, in the place of the one that is there."""
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
        """Take a document away; it is returned."""
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
        """All documents in the order of their numbers, from a number on."""
        records, numbers = self._records, self._numbers
        for at in range(bisect_right(numbers, after), len(numbers)):
            record = records.get(numbers[at])
            if record is not None:
                yield record

    def scan_key(self, key: bytes, after: int = 0) -> Iterator[Record]:
        """The documents of one logical partition, from a number on."""
        found = sorted(self.groups.get(key, {}).values(), key=lambda record: record.number)
        return (record for record in found if record.number > after)

    def adopt(self, id_and_records: Iterable[tuple[str, Record]]) -> None:
        """Take over documents from storage or from a parent."""
        for id_, record in sorted(id_and_records, key=lambda pair: pair[1].number):
            self.put(id_, record)
            self.lsn = max(self.lsn, record.lsn)

    def _insert(self, number: int) -> None:
        # an undone delete brings an old number back; its place may still be in the list
        at = bisect_right(self._numbers, number)
        if at == 0 or self._numbers[at - 1] != number:
            self._numbers.insert(at, number)
