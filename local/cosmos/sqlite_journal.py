"""A journal in one SQLite file."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import orjson

from local.cosmos.account_json import dump_resources, load_resources
from local.cosmos.journal import Batch
from local.cosmos.partitions import Change, Record
from local.cosmos.state import Account, Container

ROWS_A_STATEMENT = 128
SCHEMA = """
CREATE TABLE IF NOT EXISTS items (   -- every document, by its number in the account
    number    INTEGER PRIMARY KEY,
    container TEXT NOT NULL,         -- the container's resource id
    id        TEXT NOT NULL,
    key       BLOB NOT NULL,         -- canonical bytes of the partition key value
    lsn       INTEGER NOT NULL,
    ts        INTEGER NOT NULL,
    body      BLOB NOT NULL          -- the JSON without system properties
) STRICT;
CREATE TABLE IF NOT EXISTS resources (   -- one row: databases, containers, partition maps, counters, as JSON
    only INTEGER PRIMARY KEY CHECK (only = 1),
    body BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS counters (    -- one row, written with every commit
    only   INTEGER PRIMARY KEY CHECK (only = 1),
    lsn    INTEGER NOT NULL,
    number INTEGER NOT NULL
) STRICT;
"""


class FileTakenError(OSError):
    """Another process uses the file."""


class SqliteJournal:
    """Stores all changes in one file, from which only `load` reads."""

    def __init__(self, path: Path, account: Account) -> None:
        self._account = account
        self._batch = Batch()
        self._dirty = False
        self._resources = False
        self._db = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=512
        )
        self._take_file(path)
        self._db.execute("PRAGMA synchronous=FULL")  # an acknowledged write survives a power cut
        self._db.execute("PRAGMA cache_size=-16000")
        self._db.executescript(SCHEMA)

    def _take_file(self, path: Path) -> None:
        """Locks the file against other processes."""
        try:
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("BEGIN EXCLUSIVE")
            self._db.execute("COMMIT")
        except sqlite3.OperationalError as error:
            self._db.close()
            message = f"{path} cannot be opened ({error}): end the emulator that uses it, or choose another --data"
            raise FileTakenError(message) from error

    @property
    def dirty(self) -> bool:
        """Whether changes wait for `take`."""
        return self._dirty

    def changed(self, container: Container, changes: list[Change]) -> None:
        """Remembers the last state of each document."""
        items, rid = self._batch.items, container.rid
        for _, id_, before, after, _ in changes:
            if after is not None:
                items[after.number] = (after.number, rid, id_, after.key, after.lsn, after.ts, after.body)
            elif before is not None:
                items[before.number] = None
        self._dirty = True

    def container_deleted(self, container: Container) -> None:
        """Remembers to delete the documents of the container, and drops those that wait."""
        waiting = self._batch.items
        for number in [n for n, row in waiting.items() if row is not None and row[1] == container.rid]:
            del waiting[number]
        self._batch.containers.append(container.rid)
        self._dirty = True

    def resources_changed(self) -> None:
        """Remembers to write the resources."""
        self._dirty = self._resources = True

    def take(self) -> Batch:
        """The waiting changes, with the current counters."""
        batch, self._batch = self._batch, Batch()
        batch.lsn, batch.number = self._account.lsn, self._account.number
        if self._resources:
            batch.resources = dump_resources(self._account)
        self._dirty = self._resources = False
        return batch

    def keep(self, batch: Batch) -> None:
        """Commits one transaction of few long statements, because each statement waits for the interpreter lock."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            self._write(batch)
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    def close(self) -> None:
        """Releases the file."""
        self._db.close()

    def _write(self, batch: Batch) -> None:
        db = self._db
        for rid in batch.containers:
            db.execute("DELETE FROM items WHERE container = ?", (rid,))
        for some in _chunks([row for row in batch.items.values() if row is not None]):
            marks = ",".join(["(?,?,?,?,?,?,?)"] * len(some))
            db.execute(f"INSERT OR REPLACE INTO items VALUES {marks}", [value for row in some for value in row])
        for gone in _chunks([number for number, row in batch.items.items() if row is None]):
            db.execute(f"DELETE FROM items WHERE number IN ({','.join('?' * len(gone))})", gone)
        if batch.resources is not None:
            db.execute("INSERT OR REPLACE INTO resources VALUES (1, ?)", (batch.resources,))
        db.execute("INSERT OR REPLACE INTO counters VALUES (1, ?, ?)", (batch.lsn, batch.number))

    def load(self, *, throttled: bool) -> None:
        """Fills the account from the file."""
        row = self._db.execute("SELECT body FROM resources").fetchone()
        if row is not None:
            load_resources(self._account, orjson.loads(row[0]), throttled=throttled)
        counters = self._db.execute("SELECT lsn, number FROM counters").fetchone()
        if counters is not None:
            self._account.lsn, self._account.number = counters
        containers = {c.rid: c for _, c in self._account.containers()}
        rows = self._db.execute("SELECT number, container, id, key, lsn, ts, body FROM items ORDER BY number")
        for number, rid, id_, key, lsn, ts, body in rows:
            record = Record(body, number, lsn, ts, key)
            containers[rid].partition_of(key).put(id_, record)
        for container in containers.values():
            for partition in container.partitions:
                partition.lsn = self._account.lsn  # not behind any session token from before the restart


def _chunks(rows: list[Any]) -> Iterable[list[Any]]:
    return (rows[at : at + ROWS_A_STATEMENT] for at in range(0, len(rows), ROWS_A_STATEMENT))
