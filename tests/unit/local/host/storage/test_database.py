"""The host's file: many changes in one commit, each applied as a whole or not at all."""

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.host.storage.database import Database, Queries, Unusable


def ignore(error: BaseException) -> None:
    """Ignore an error in tests that break the file."""


def used(path: Path, do: Callable[[Database], Coroutine[Any, Any, None]]) -> None:
    """Open the file for one coroutine."""

    async def run() -> None:
        database = Database(path, ignore)
        try:
            await do(database)
        finally:
            database.close()

    asyncio.run(run())


def remember(key: str, value: int) -> Callable[[Queries], int]:
    """Return a change that is easy to look up."""
    return lambda q: q.run("write_meta", key=key, value=value)


@pytest.mark.parametrize("damage", [lambda p: p.write_bytes(b"no database" * 500), lambda p: p.mkdir()])
def test_a_lock_that_is_none_is_named(tmp_path: Path, damage: Callable[[Path], Any]) -> None:
    """A damaged lock file raises Unusable, which names the file and says that it can be removed."""
    damage(tmp_path / "host.lock")
    with pytest.raises(Unusable, match=r"host.lock cannot be used: .* Take it away"):
        Database(tmp_path / "host.db", ignore)


def test_a_change_that_fails_takes_back_only_itself(tmp_path: Path) -> None:
    """A change that fails is undone alone, and the other changes of its commit are kept."""

    def broken(queries: Queries) -> None:
        queries.run("write_meta", key="broken", value=1)
        raise ValueError("no")

    async def do(database: Database) -> None:
        jobs = [database.write(remember("a", 1)), database.write(broken), database.write(remember("b", 2))]
        _, error, _ = await asyncio.gather(*jobs, return_exceptions=True)
        assert isinstance(error, ValueError)
        kept = [database.read.one("read_meta", key=key) for key in ("a", "broken", "b")]
        assert [row["value"] if row else None for row in kept] == [1, None, 2]

    used(tmp_path / "host.db", do)


def test_each_start_is_a_new_epoch(tmp_path: Path) -> None:
    """Each start on a file has the next epoch."""
    epochs = []

    async def do(database: Database) -> None:
        epochs.append(database.epoch)

    used(tmp_path / "host.db", do)
    used(tmp_path / "host.db", do)
    assert epochs == [1, 2]


def test_the_file_is_kept_as_promised(tmp_path: Path) -> None:
    """The file has a write-ahead log, and a commit is on the disk when it returns."""

    async def do(database: Database) -> None:
        with sqlite3.connect(tmp_path / "host.db") as other:
            assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert database.read._connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        other.close()

    used(tmp_path / "host.db", do)


def test_two_hosts_cannot_share_a_file(tmp_path: Path) -> None:
    """A second host on a file raises Unusable."""

    async def do(_: Database) -> None:
        with pytest.raises(Unusable, match="Another host is using"):
            Database(tmp_path / "host.db", ignore)

    used(tmp_path / "host.db", do)


def test_nothing_is_written_after_the_file_broke(tmp_path: Path) -> None:
    """Every write after the file broke raises Unusable with the cause, and the host gets the cause once."""
    told: list[BaseException] = []

    async def run() -> None:
        database = Database(tmp_path / "host.db", told.append)

        def break_it(queries: Queries) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        with pytest.raises(sqlite3.OperationalError):
            await database.write(break_it)
        with pytest.raises(Unusable, match="disk is full"):
            await database.write(remember("a", 1))
        database.close()

    asyncio.run(run())
    assert [str(e) for e in told] == ["database or disk is full"]


def test_a_file_of_the_format_before_is_brought_up_to_date(tmp_path: Path) -> None:
    """A file without leases gets their column and keeps what it holds."""

    async def remember_one(database: Database) -> None:
        await database.write(remember("kept", 7))

    async def look(database: Database) -> None:
        row = database.read.one("read_meta", key="kept")
        assert row is not None
        assert row["value"] == 7
        assert database.read.all("all_activities") == []

    used(tmp_path / "host.db", remember_one)
    with closing(sqlite3.connect(tmp_path / "host.db", isolation_level=None)) as old:
        old.execute("ALTER TABLE activities DROP COLUMN leased_until")
        old.execute("UPDATE meta SET value = 1 WHERE key = 'version'")
    used(tmp_path / "host.db", look)
