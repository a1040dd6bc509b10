"""The host's SQLite database. One thread writes and commits many changes at once; readers see committed data only."""

import asyncio
import queue
import re
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Job = Callable[["Queries"], T]
HERE = Path(__file__).parent
SCHEMA_VERSION = 2
GROUP = 256  # most changes in one commit; later ones go into the next


class Unusable(Exception):
    """The data folder cannot be used. The text says why and what to do."""


def _load_queries(text: str) -> dict[str, str]:
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


SQL = _load_queries((HERE / "queries.sql").read_text(encoding="utf-8"))


class Queries:
    """Runs the queries of queries.sql by their names."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, name: str, /, **values: Any) -> int:
        """Change rows; return how many, or the id of a new row."""
        cursor = self._connection.execute(SQL[name], values)
        return cursor.lastrowid or 0 if name.startswith(("add_", "queue_")) else cursor.rowcount

    def run_many(self, name: str, /, rows: list[dict[str, Any]]) -> int:
        """Change many rows by one query; return how many."""
        return self._connection.executemany(SQL[name], rows).rowcount

    def all(self, name: str, /, **values: Any) -> list[sqlite3.Row]:
        """Return every row of a query's result."""
        return self._connection.execute(SQL[name], values).fetchall()

    def one(self, name: str, /, **values: Any) -> sqlite3.Row | None:
        """Return the first row of a query's result, or None."""
        row: sqlite3.Row | None = self._connection.execute(SQL[name], values).fetchone()
        return row


class Database:
    """The host's database file. Open it once, write with `write`, read with `read`."""

    def __init__(self, path: Path, on_broken: Callable[[BaseException], None]) -> None:
        self._path = path
        self._on_broken = on_broken
        self._jobs: queue.SimpleQueue[_Change | None] = queue.SimpleQueue()
        self._broken: BaseException | None = None
        self._lock = _lock(path)
        self.epoch = _prepare(path)
        self.read = Queries(_connect(path))
        self._thread = threading.Thread(target=self._serve, name="database", daemon=True)
        self._thread.start()

    async def write(self, job: Job[T], *, synced: bool = True) -> T:
        """Write a change; return its result when it is on the disk.

        Without `synced` the change survives a kill of the host, but not a loss of power.
        """
        if self._broken is not None:
            raise Unusable(f"{self._path} can no longer be written: {self._broken}")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Change(job, done, loop, synced))
        return await done

    @contextmanager
    def snapshot(self) -> Iterator[Queries]:
        """Give several reads the same state of the data. Nothing may be awaited within the block."""
        self.read._connection.execute("BEGIN")
        try:
            yield self.read
        finally:
            self.read._connection.execute("COMMIT")

    def give_up(self, error: BaseException) -> None:
        """Report to the host that the file cannot be used any more. Nothing more is written."""
        self._broken = error
        self._on_broken(error)

    def close(self) -> None:
        """Write the changes that wait, then close the file."""
        self._jobs.put(None)
        self._thread.join()
        self.read._connection.close()
        self._lock.close()

    def _serve(self) -> None:
        connection = _connect(self._path)
        while (first := self._jobs.get()) is not None:
            group = [first]
            while len(group) < GROUP and not self._jobs.empty():
                follower = self._jobs.get()
                if follower is None:
                    self._jobs.put(None)
                    break
                group.append(follower)
            self._commit(connection, group)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, group: list["_Change"]) -> None:
        """Run a group of changes in one transaction. A change that fails is rolled back alone."""
        outcomes: list[tuple[Any, BaseException | None]] = []
        try:
            connection.execute(f"PRAGMA synchronous = {'FULL' if any(c.synced for c in group) else 'NORMAL'}")
            connection.execute("BEGIN IMMEDIATE")
            outcomes.extend(_attempt(connection, change.job) for change in group)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._broken = error
            outcomes = [(None, error)] * len(group)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        _tell(group, outcomes)
        if self._broken is not None:
            self.give_up(self._broken)


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that waits for its commit."""

    job: Job[Any]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    synced: bool


def _attempt(connection: sqlite3.Connection, job: Job[Any]) -> tuple[Any, BaseException | None]:
    connection.execute("SAVEPOINT change")
    try:
        result = job(Queries(connection))
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
            raise  # the disk or the file, not the change: the whole group fails
        connection.execute("ROLLBACK TO change")
        connection.execute("RELEASE change")
        return None, error
    connection.execute("RELEASE change")
    return result, None


def _tell(group: list[_Change], outcomes: list[tuple[Any, BaseException | None]]) -> None:
    """Return the results to the callers, with one call into the event loop for all of them."""

    def deliver() -> None:
        for change, (result, error) in zip(group, outcomes, strict=True):
            if change.done.cancelled():
                continue
            if error is None:
                change.done.set_result(result)
            else:
                change.done.set_exception(error)

    group[0].loop.call_soon_threadsafe(deliver)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


def _lock(path: Path) -> sqlite3.Connection:
    """Lock the data for the life of this process. The operating system releases the lock when the process dies."""
    lock = path.with_suffix(".lock")
    try:
        holder = sqlite3.connect(lock, isolation_level=None, timeout=0, check_same_thread=False)
    except sqlite3.Error as error:
        raise _not_locked(lock, error) from error
    try:
        holder.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as error:
        holder.close()
        raise _not_locked(lock, error) from error
    return holder


def _not_locked(lock: Path, error: sqlite3.Error) -> Unusable:
    if error.sqlite_errorname != "SQLITE_BUSY":
        return Unusable(f"{lock} cannot be used: {error}. Take it away, it holds nothing.")
    return Unusable(
        f"Another host is using {lock.parent} ({error}). Stop it, or give this one its own folder with --data."
    )


def _prepare(path: Path) -> int:
    """Create or check the file; return the number of this start."""
    with _explained(path), _closing(_connect(path)) as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            _create(connection)
        queries = Queries(connection)
        _upgrade(connection)
        version = queries.one("read_meta", key="version")
        if version is None or version["value"] != SCHEMA_VERSION:
            connection.execute("ROLLBACK")
            raise Unusable(
                f"{path} was written by another version of this host (its format: "
                f"{version['value'] if version else 'unknown'}, this one's: {SCHEMA_VERSION}). "
                "Start with another folder (--data), or with the version that wrote it."
            )
        before = queries.one("read_meta", key="epoch")
        epoch: int = (before["value"] if before else 0) + 1
        queries.run("write_meta", key="epoch", value=epoch)
        connection.execute("COMMIT")
        return epoch


def _upgrade(connection: sqlite3.Connection) -> None:
    """Add to a file of format 1 what format 2 has in addition."""
    queries = Queries(connection)
    version = queries.one("read_meta", key="version")
    if version is not None and version["value"] == 1:
        connection.execute("ALTER TABLE activities ADD COLUMN leased_until REAL")
        queries.run("write_meta", key="version", value=2)


def _create(connection: sqlite3.Connection) -> None:
    for statement in (HERE / "schema.sql").read_text(encoding="utf-8").split(";\n"):
        connection.execute(statement)
    Queries(connection).run("write_meta", key="version", value=SCHEMA_VERSION)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise Unusable(
            f"{path} cannot be used: {error}. If it is damaged, move it away and start again; what it held is lost."
        ) from error


@contextmanager
def _closing(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    finally:
        connection.close()
