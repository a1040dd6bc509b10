"""The changes of one request to the documents of a container."""

from dataclasses import dataclass, field

from local.cosmos.partitions import Change, Partition, Record
from local.cosmos.state import Account, Container


@dataclass(slots=True)
class Transaction:
    """Changes are made in memory at once. They are then undone together or given to the journal."""

    account: Account
    container: Container
    ts: int
    changes: list[Change] = field(default_factory=list)
    atomic: bool = False  # all changes are one write, with one LSN

    def put(self, partition: Partition, id_: str, key: bytes, body: bytes, before: Record | None) -> Record:
        return self.put_in(partition, partition.group(key), id_, key, body, before)

    def put_in(
        self, partition: Partition, group: dict[str, Record], id_: str, key: bytes, body: bytes, before: Record | None
    ) -> Record:
        """Writes a document into its logical partition."""
        account = self.account
        lsn = self._next_lsn()
        if before is None:
            account.number = number = account.number + 1
        else:
            number = before.number
        record = Record(body, number, lsn, self.ts, key)
        partition.put_in(group, id_, record, before)
        partition.lsn = lsn
        self.changes.append((partition, id_, before, record, lsn))
        return record

    def remove(self, partition: Partition, id_: str, before: Record) -> None:
        partition.lsn = lsn = self._next_lsn()
        partition.remove(before.key, id_)
        self.changes.append((partition, id_, before, None, lsn))

    def rename(self, partition: Partition, id_: str, new_id: str, body: bytes, before: Record) -> Record:
        """Writes a document under another id. It keeps its number."""
        self.remove(partition, id_, before)
        lsn = self._next_lsn()
        record = Record(body, before.number, lsn, self.ts, before.key)
        partition.put(new_id, record)
        partition.lsn = lsn
        self.changes.append((partition, new_id, None, record, lsn))
        return record

    def undo(self) -> None:
        """Reverts all changes."""
        for partition, id_, before, after, _ in reversed(self.changes):
            if before is not None:
                partition.put(id_, before)
            elif after is not None:
                partition.remove(after.key, id_)
        self.changes.clear()

    def _next_lsn(self) -> int:
        if not (self.atomic and self.changes):
            self.account.lsn += 1
        return self.account.lsn
