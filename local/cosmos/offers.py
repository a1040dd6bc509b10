"""Offers: the throughput of containers, as a resource with an id."""

from typing import Any

from local.cosmos.rids import offer_rid
from local.cosmos.state import Container


def offer_of(container: Container) -> dict[str, Any]:
    """The offer of a container, in the service's form."""
    rid = offer_rid(container.rid)
    return {
        "offerVersion": "V2",
        "offerType": "Invalid",
        "resource": container.properties["_self"],
        "offerResourceId": container.rid,
        "content": {"offerThroughput": container.throughput, "offerIsRUPerMinuteThroughputEnabled": False},
        "id": rid,
        "_rid": rid,
        "_self": f"offers/{rid}/",
        "_etag": container.properties["_etag"],
        "_ts": container.properties["_ts"],
    }
