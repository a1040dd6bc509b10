from pathlib import Path
from typing import Any

import pytest

from local.json_calls import CallError
from local.stack import provision
from tests.unit.infra.infra_files import containers


def test_the_app_says_which_containers_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The containers that are needed are those that the app names, with `runs` once."""
    named = [{"name": "flight-delays", "partition_key": "/carrier"}, {"name": "runs", "partition_key": "/id"}]
    monkeypatch.setattr(provision, "get", lambda url, key: {"containers": named})
    assert {c["name"]: c["partition_key"] for c in provision.containers_of("http://host", "key")} == {
        "flight-delays": "/carrier",
        "runs": "/id",
    }


def test_an_app_that_does_not_say_gets_only_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """An app that returns 404 for its containers needs only `runs`, and any other failure raises CallError."""

    def answer(status: int) -> Any:
        def fail(url: str, key: str) -> Any:
            raise CallError(f"{url} answered {status}", status)

        return fail

    monkeypatch.setattr(provision, "get", answer(404))
    assert [container["name"] for container in provision.containers_of("http://host", "key")] == ["runs"]
    monkeypatch.setattr(provision, "get", answer(500))
    with pytest.raises(CallError, match="500"):
        provision.containers_of("http://host", "key")


def test_sample_documents_are_a_line_each(tmp_path: Path) -> None:
    """A sample file has one document a line, and empty lines are skipped."""
    file = tmp_path / "airlines.jsonl"
    file.write_text('{"id": "AA"}\n\n{"id": "UA"}\n')
    assert [document["id"] for document in provision.documents(file)] == ["AA", "UA"]


class Database:
    """Keeps the definitions of the containers that it is asked for."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.ttls: dict[str, int | None] = {}

    def create_container_if_not_exists(
        self, name: str, key: Any, default_ttl: int | None, offer_throughput: int
    ) -> None:
        self.made[name], self.ttls[name] = key, default_ttl


def test_documents_of_runs_may_have_a_time_to_live() -> None:
    """Containers have the time to live that they are deployed with, so that records of removed runs are deleted here,
    too."""
    database: Any = Database()
    deployed = {each["name"]: each for each in containers()}
    needed = [{"name": name, "partition_key": each["partitionKeys"]} for name, each in deployed.items()]
    provision.create_containers(database, needed)
    assert database.ttls == {name: each.get("defaultTtl") for name, each in deployed.items()}


def test_a_list_of_paths_makes_a_hierarchical_partition_key() -> None:
    """A container whose partition key is a list of paths is created with all of them, and another with its one."""
    database: Any = Database()
    needed: list[dict[str, Any]] = [
        {"name": "c", "partition_key": ["/tenant", "/user"]},
        {"name": "d", "partition_key": "/id"},
    ]
    provision.create_containers(database, needed)
    assert database.made == {
        "c": {"paths": ["/tenant", "/user"], "kind": "MultiHash", "version": 2},
        "d": {"paths": ["/id"], "kind": "Hash", "version": 2},
    }
