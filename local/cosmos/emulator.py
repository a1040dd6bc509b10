"""The emulated account with its fault rules and its journal: everything that outlives a request."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from local.cosmos.faults import Faults
from local.cosmos.journal import Journal, MemoryJournal
from local.cosmos.messages import Clock
from local.cosmos.partitions import Change, Partition
from local.cosmos.sqlite_journal import SqliteJournal
from local.cosmos.state import Account, Container, Database, partitions_for
from local.cosmos.throughput import Throughput
from local.cosmos.transaction import Transaction

FILE_NAME = "cosmos.sqlite"


RequestCount = tuple[str, str, str, int, int]
"""Database and container of the path, kind, status and substatus. Names are empty where the path has none."""


@dataclass(slots=True, frozen=True)
class PendingSplit:
    """A partition to split once its container has served this many operations."""

    container: Container
    range_id: str
    operations: int


class Emulator:
    """Holds the state that `Gateway` answers from. Without `data_dir` it is in memory only."""

    def __init__(self, *, data_dir: Path | None = None, clock: Clock = time.time, throttled: bool = True) -> None:
        self.account = Account()
        self.faults = Faults()
        self.clock = clock
        self.throttled = throttled
        self.token_secret = os.urandom(32)  # of resource tokens, which a restart ends
        self.paused = False
        self.scheme = "http"  # of the address that clients come to
        self.requests: Counter[RequestCount] = Counter()
        self.journal: Journal = self._open(data_dir) if data_dir else MemoryJournal()
        self._pending_splits: list[PendingSplit] = []

    def flush(self) -> None:
        """Makes all writes durable."""
        if self.journal.dirty:
            self.journal.keep(self.journal.take())

    def close(self) -> None:
        """Makes all writes durable, and releases the file."""
        self.flush()
        self.journal.close()

    def changed(self, container: Container, changes: list[Change], now: float) -> None:
        """Gives the writes of a request to the journal, and to the replicas where a rule lets them lag."""
        self.journal.changed(container, changes)
        if container.expiry is not None:
            container.expiry.note(changes)
        lag = self.faults.longest_lag
        if lag:
            container.history.keep(changes, now, lag)

    def expire(self, container: Container, now: float) -> None:
        """Removes the documents whose time to live is over."""
        if container.expiry is None:
            return
        tx = Transaction(self.account, container, int(now))
        for key, id_, lsn in container.expiry.over(container.partitions, now):
            partition = container.partition_of(key)
            record = partition.get(key, id_)
            if record is not None and record.lsn == lsn:
                tx.remove(partition, id_, record)
        if tx.changes:
            self.changed(container, tx.changes, now)

    def set_throughput(self, owner: Container | Database, throughput: Throughput) -> None:
        """Changes the RU/s, and splits partitions until each can carry its part."""
        for container in owner.sharing() if isinstance(owner, Database) else [owner]:
            while len(container.partitions) < partitions_for(throughput.value):
                container.split(max(container.partitions, key=_width))
        if isinstance(owner, Database):
            owner.set_throughput(throughput, throttled=self.throttled)
        else:
            owner.set_throughput(throughput)
        self.account.stamp(owner.properties, self.clock())
        self.journal.resources_changed()

    def split(self, container: Container, range_id: str) -> list[Partition]:
        """Splits a partition and returns its two children."""
        children = container.split(container.partition_by_id(range_id))
        self.journal.resources_changed()
        return children

    def split_after(self, container: Container, range_id: str, operations: int) -> None:
        """Orders the split of a partition for after this many more operations of its container."""
        self._pending_splits.append(PendingSplit(container, range_id, container.counts.total() + operations))

    def split_due(self, container: Container) -> None:
        """Does the pending splits of a container that are due."""
        for pending in [entry for entry in self._pending_splits if entry.container is container]:
            if container.counts.total() >= pending.operations:
                self._pending_splits.remove(pending)
                if any(partition.id == pending.range_id for partition in container.partitions):  # else split already
                    self.split(container, pending.range_id)

    def _open(self, data_dir: Path) -> SqliteJournal:
        data_dir.mkdir(parents=True, exist_ok=True)
        journal = SqliteJournal(data_dir / FILE_NAME, self.account)
        journal.load(throttled=self.throttled)
        return journal


def _width(partition: Partition) -> float:
    high = 1.0 if partition.high == "FF" else _fraction(partition.high)
    return high - _fraction(partition.low)


def _fraction(bound: str) -> float:
    return int((bound or "0")[:14].ljust(14, "0"), 16) / (0x40 << 48)
