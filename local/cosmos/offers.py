"""Offers: the throughput of containers and of databases, as a resource with an id."""

from typing import Any

from local.cosmos.rids import offer_rid
from local.cosmos.state import Account, Container, Database
from local.cosmos.throughput import Throughput, content_of

Owner = Container | Database


def owners(account: Account) -> list[tuple[Owner, Throughput]]:
    """The databases and containers that have throughput of their own, and what they have."""
    found: list[tuple[Owner, Throughput]] = []
    for database in account.databases.values():
        if database.throughput is not None:
            found.append((database, database.throughput))
        found += [(one, one.throughput) for one in database.containers.values() if one.shared is None]
    return found


def offer_of(owner: Owner, throughput: Throughput) -> dict[str, Any]:
    """The offer of a container or database, in the service's form."""
    rid = offer_rid(owner.rid)
    return {
        "offerVersion": "V2",
        "offerType": "Invalid",
        "resource": owner.properties["_self"],
        "offerResourceId": owner.rid,
        "content": content_of(throughput),
        "id": rid,
        "_rid": rid,
        "_self": f"offers/{rid}/",
        "_etag": owner.properties["_etag"],
        "_ts": owner.properties["_ts"],
    }
