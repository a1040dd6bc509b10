"""Time to live, with a clock that the tests move."""

from pathlib import Path

from tests.unit.local.cosmos.emulating import Emulated

DEFINITION = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}


def limited(emulated: Emulated, ttl: int) -> None:
    """Give the container a time to live."""
    assert emulated.ask("PUT", "/dbs/d/colls/c", {**DEFINITION, "defaultTtl": ttl}).status == 200


def ids(emulated: Emulated) -> list[str]:
    """Return the ids that the emulator still holds, after a request that touches the container."""
    emulated.query("SELECT VALUE 1")
    return sorted(id_ for _, id_ in emulated.documents())


def write(emulated: Emulated, id_: str, **more: object) -> None:
    """Upsert a document."""
    assert (
        emulated.item("POST", "a", body={"id": id_, "pk": "a", **more}, x_ms_documentdb_is_upsert="true").status < 300
    )


def test_a_write_begins_the_time_anew() -> None:
    """A document lives for its time to live from its last write on."""
    emulated = Emulated(throughput=100_000)
    limited(emulated, 10)
    write(emulated, "1")
    write(emulated, "2")
    emulated.now += 6
    write(emulated, "1")
    emulated.now += 6
    assert ids(emulated) == ["1"]
    emulated.now += 6
    assert ids(emulated) == []


def test_documents_from_before_the_time_to_live_get_it() -> None:
    """A time to live that is set later counts from the last write of each document, and -1 ends it."""
    emulated = Emulated(throughput=100_000)
    write(emulated, "1")
    write(emulated, "2", ttl=100)
    emulated.now += 20
    assert ids(emulated) == ["1", "2"]
    limited(emulated, 10)
    assert ids(emulated) == ["2"]
    limited(emulated, -1)
    write(emulated, "3")
    emulated.now += 1000
    assert ids(emulated) == ["3"]


def test_the_last_write_of_a_batch_says_how_long_a_document_lives() -> None:
    """A document that a batch writes twice lives as long as the second write says."""
    emulated = Emulated(throughput=100_000)
    limited(emulated, -1)
    document = {"id": "1", "pk": "a"}
    operations = [
        {"operationType": "Upsert", "resourceBody": {**document, "ttl": 10}},
        {"operationType": "Upsert", "resourceBody": {**document, "ttl": 100}},
    ]
    assert emulated.batch("a", operations).status == 200
    emulated.now += 20
    assert ids(emulated) == ["1"]
    emulated.now += 100
    assert ids(emulated) == []


def test_a_time_to_live_survives_a_restart(tmp_path: Path) -> None:
    """A document whose time is over while the emulator is down is gone after the start, for good."""
    first = Emulated(throughput=100_000, data_dir=tmp_path)
    limited(first, 10)
    write(first, "1")
    first.emulator.close()
    second = Emulated(data_dir=tmp_path)
    second.now += 20
    assert ids(second) == []
    second.emulator.close()
    third = Emulated(data_dir=tmp_path)
    assert third.documents() == {}
    third.emulator.close()


def test_a_bulk_write_expires_too() -> None:
    """Documents of bulk requests have a time to live as well."""
    emulated = Emulated(throughput=100_000)
    limited(emulated, 10)
    operation = {"operationType": "Create", "partitionKey": '["a"]', "resourceBody": {"id": "1", "pk": "a"}}
    assert emulated.bulk([operation]).status == 200
    assert ids(emulated) == ["1"]
    emulated.now += 11
    assert ids(emulated) == []
