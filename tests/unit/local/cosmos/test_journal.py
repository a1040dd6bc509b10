"""The SQLite journal keeps what was written."""

from pathlib import Path

import pytest

from local.cosmos.journal import MemoryJournal
from local.cosmos.sqlite_journal import FileTakenError, SqliteJournal
from tests.contract.cosmos_emulator.clients import operation
from tests.unit.local.cosmos.emulating import Emulated


def reopened(folder: Path, first: Emulated) -> Emulated:
    """Return a second emulator on the folder of a first one that ended without closing."""
    first.emulator.flush()
    journal = first.emulator.journal
    assert isinstance(journal, SqliteJournal)
    journal.close()
    return Emulated(data_dir=folder)


def test_documents_and_partitions_come_back(tmp_path: Path) -> None:
    """Documents with their ETags, throughput, partition map and counters survive a restart."""
    first = Emulated(partitions=2, throughput=800, data_dir=tmp_path)
    for at in range(300):
        first.item("POST", f"k{at}", body={"id": str(at), "pk": f"k{at}"})
        first.now += 1
    first.item("DELETE", "k7", "7")
    first.emulator.split(first.container, "1")
    before = first.item("GET", "k8", "8")
    second = reopened(tmp_path, first)
    assert second.documents() == first.documents()
    assert second.item("GET", "k8", "8").body == before.body
    assert [(p.id, p.low, p.high, p.parents) for p in second.container.partitions] == [
        (p.id, p.low, p.high, p.parents) for p in first.container.partitions
    ]
    assert second.container.throughput.value == 800
    assert second.emulator.account.lsn == first.emulator.account.lsn
    assert second.emulator.account.number == first.emulator.account.number


def test_a_new_start_goes_on_counting(tmp_path: Path) -> None:
    """A restarted emulator gives no ETag, session token or resource id a second time."""
    first = Emulated(data_dir=tmp_path)
    old = first.item("POST", "a", body={"id": "1", "pk": "a"}).headers
    first.item("DELETE", "a", "1")
    second = reopened(tmp_path, first)
    new = second.item("POST", "a", body={"id": "1", "pk": "a"}).headers
    assert new["etag"] != old["etag"]
    assert second.item("GET", "a", "1", x_ms_session_token=old["x-ms-session-token"]).status == 200


def test_a_container_that_was_deleted_stays_away(tmp_path: Path) -> None:
    """A deleted container does not come back after a restart, nor do its documents that waited for a commit."""
    first = Emulated(data_dir=tmp_path)
    first.item("POST", "a", body={"id": "1", "pk": "a"})
    first.emulator.flush()
    first.item("POST", "a", body={"id": "2", "pk": "a"})
    first.ask("DELETE", "/dbs/d/colls/c")
    second = reopened(tmp_path, first)
    assert second.item("GET", "a", "1").status == 404
    second.ask("POST", "/dbs/d/colls", {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash"}})
    assert second.documents() == {}


def test_what_was_undone_is_not_kept(tmp_path: Path) -> None:
    """A failed batch leaves nothing in the file."""
    first = Emulated(data_dir=tmp_path)
    first.item("POST", "a", body={"id": "1", "pk": "a"})
    create = {"operationType": "Create", "resourceBody": {"id": "2", "pk": "a"}}
    assert first.batch("a", [create, create]).status == 207
    assert reopened(tmp_path, first).documents() == {("a", "1"): {"id": "1", "pk": "a"}}


def test_a_renamed_document_is_kept_once(tmp_path: Path) -> None:
    """A document that was renamed comes back under its new id only."""
    first = Emulated(data_dir=tmp_path)
    first.item("POST", "a", body={"id": "1", "pk": "a"})
    assert first.item("PUT", "a", "1", {"id": "2", "pk": "a"}).status == 200
    assert reopened(tmp_path, first).documents() == {("a", "2"): {"id": "2", "pk": "a"}}


def test_a_bulk_request_is_one_batch(tmp_path: Path) -> None:
    """All documents of a request wait for one commit, each once in its last state."""
    first = Emulated(data_dir=tmp_path, throttled=False)
    first.emulator.flush()
    first.bulk([operation("Upsert", "a", {"id": str(at % 50), "pk": "a"}) for at in range(100)])
    assert len(first.emulator.journal.take().items) == 50


def test_memory_keeps_nothing() -> None:
    """An emulator without a folder has nothing to flush."""
    emulated = Emulated()
    emulated.item("POST", "a", body={"id": "1", "pk": "a"})
    assert isinstance(emulated.emulator.journal, MemoryJournal)
    assert not emulated.emulator.journal.dirty


def test_a_failed_commit_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails is rolled back as a whole and raises its error."""
    first = Emulated(data_dir=tmp_path)
    first.emulator.flush()
    first.item("POST", "a", body={"id": "1", "pk": "a"})
    batch = first.emulator.journal.take()
    batch.lsn = "no number"  # type: ignore[assignment]
    with pytest.raises(Exception, match="INTEGER"):
        first.emulator.journal.keep(batch)
    assert reopened(tmp_path, first).documents() == {}


def test_a_folder_has_one_emulator(tmp_path: Path) -> None:
    """A second emulator on the same folder is refused until the first one ends."""
    first = Emulated(data_dir=tmp_path)
    with pytest.raises(FileTakenError, match="end the emulator that uses it"):
        Emulated(data_dir=tmp_path)
    first.emulator.close()
    Emulated(data_dir=tmp_path).emulator.close()
