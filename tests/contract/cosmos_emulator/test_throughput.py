"""Throughput that a database shares, and autoscale."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.cosmos import PartitionKey, ThroughputProperties

from tests.contract.cosmos_emulator.clients import Raw, bulk_headers, operation


@pytest.fixture
def new_database(client: Any) -> Iterator[Callable[..., Any]]:
    """A function that creates databases, which are deleted after the test."""
    made: list[str] = []

    def make(**options: Any) -> Any:
        made.append(f"contract-{uuid.uuid4().hex[:12]}")
        return client.create_database(made[-1], **options)

    yield make
    for name in made:
        client.delete_database(name)


def test_shared_throughput_is_read_and_changed(raw: Raw, new_database: Callable[..., Any]) -> None:
    """The throughput of a database can be read and changed; a container that shares it has no offer, and one that was
    created with throughput has its own."""
    database = new_database(offer_throughput=500)
    shared = database.create_container("shared", PartitionKey("/pk"))
    own = database.create_container("own", PartitionKey("/pk"), offer_throughput=600)
    assert database.get_throughput().offer_throughput == 500
    offers = raw.send("GET", "/offers", headers={"x-ms-max-item-count": "-1"})[2]["Offers"]
    owners = [offer["offerResourceId"] for offer in offers]
    assert [one.read()["_rid"] in owners for one in (database, own, shared)] == [True, True, False]
    assert own.get_throughput().offer_throughput == 600
    database.replace_throughput(12_000)
    assert database.get_throughput().offer_throughput == 12_000
    assert len(list(shared.read_feed_ranges())) == 2


def test_containers_share_the_throughput_of_their_database(
    emulator: Any, raw: Raw, new_database: Callable[..., Any]
) -> None:
    """Writes to one container use up the request units of another that shares the database's throughput, and not of
    one with its own."""
    database = new_database(offer_throughput=400)
    for name, options in (("busy", {}), ("idle", {}), ("own", {"offer_throughput": 400})):
        database.create_container(name, PartitionKey("/pk"), **options)
    operations = [operation("Create", "a", {"id": str(at), "pk": "a", "v": "x" * 20_000}) for at in range(100)]
    path = f"/dbs/{database.id}/colls"
    assert raw.send("POST", f"{path}/busy/docs", operations, bulk_headers("0"))[0] == 207
    one = {"x-ms-documentdb-partitionkey": '["a"]'}
    assert raw.send("POST", f"{path}/idle/docs", {"id": "1", "pk": "a"}, one)[0] == 429
    assert raw.send("POST", f"{path}/own/docs", {"id": "1", "pk": "a"}, one)[0] == 201


def test_autoscale_has_a_maximum(raw: Raw, database: Any, new_database: Callable[..., Any]) -> None:
    """A container and a database can be created with autoscale; a maximum that is too small or not in steps of 1,000
    gets 400."""
    container = database.create_container(
        f"c-{uuid.uuid4().hex[:12]}",
        PartitionKey("/pk"),
        offer_throughput=ThroughputProperties(auto_scale_max_throughput=11_000, auto_scale_increment_percent=3),
    )
    found = container.get_throughput()
    assert (found.auto_scale_max_throughput, found.auto_scale_increment_percent) == (11_000, 3)
    assert found.properties["content"]["offerThroughput"] == 1_100
    assert len(list(container.read_feed_ranges())) == 2
    shared = new_database(offer_throughput=ThroughputProperties(auto_scale_max_throughput=4_000))
    assert shared.get_throughput().auto_scale_max_throughput == 4_000
    for settings in ('{"maxThroughput":900}', '{"maxThroughput":1500}', "{}", "no JSON"):
        headers = {"x-ms-cosmos-offer-autopilot-settings": settings}
        assert raw.send("POST", "/dbs", {"id": "never"}, headers)[0] == 400


def test_autoscale_can_be_switched_to(raw: Raw, new_container: Callable[..., Any]) -> None:
    """A replaced offer can change to autoscale and back."""
    container = new_container(throughput=400)
    offer = container.get_throughput().properties

    def put(content: dict[str, Any]) -> int:
        headers = raw.signed("PUT", "offers", offer["id"].lower())
        return raw.send("PUT", f"/offers/{offer['id']}", {**offer, "content": content}, headers)[0]

    assert put({"offerThroughput": -1, "offerAutopilotSettings": {"maxThroughput": 4000}}) == 200
    assert container.get_throughput().auto_scale_max_throughput == 4000
    container.replace_throughput(ThroughputProperties(auto_scale_max_throughput=5000))
    assert container.get_throughput().auto_scale_max_throughput == 5000
    assert put({"offerThroughput": 500}) == 200
    assert container.get_throughput().offer_throughput == 500
