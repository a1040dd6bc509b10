"""The handler of each request."""

from collections.abc import Callable

from local.cosmos import (
    conflict_requests,
    container_requests,
    item_requests,
    offer_requests,
    range_requests,
    resource_requests,
    user_requests,
)
from local.cosmos.errors import CosmosError, not_implemented
from local.cosmos.exchange import Exchange
from local.cosmos.messages import Response
from local.cosmos.query_requests import plan, query, read_feed

Handler = Callable[[Exchange], Response]
Route = tuple[Handler, str | None]  # the kind for fault rules; None where each operation has its own


def _users(path: str) -> dict[tuple[str, str], Route]:
    """Users and permissions have the same requests."""
    return {
        ("GET", path): (user_requests.list_users, "metadata"),
        ("POST", path): (user_requests.create_user, "metadata"),
        ("GET", f"{path}/*"): (user_requests.read_user, "metadata"),
        ("PUT", f"{path}/*"): (user_requests.replace_user, "metadata"),
        ("DELETE", f"{path}/*"): (user_requests.delete_user, "metadata"),
    }


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", ""): (resource_requests.account, "account"),
    ("GET", "dbs"): (resource_requests.list_databases, "metadata"),
    ("POST", "dbs"): (resource_requests.create_database, "metadata"),
    ("GET", "dbs/*"): (resource_requests.read_database, "metadata"),
    ("DELETE", "dbs/*"): (resource_requests.delete_database, "metadata"),
    ("GET", "dbs/*/colls"): (container_requests.list_containers, "metadata"),
    ("POST", "dbs/*/colls"): (container_requests.create_container, "metadata"),
    ("GET", "dbs/*/colls/*"): (container_requests.read_container_properties, "metadata"),
    ("PUT", "dbs/*/colls/*"): (container_requests.replace_container, "metadata"),
    ("DELETE", "dbs/*/colls/*"): (container_requests.delete_container, "metadata"),
    ("GET", "dbs/*/colls/*/pkranges"): (range_requests.list_ranges, "pkranges"),
    ("GET", "dbs/*/colls/*/docs"): (read_feed, "query"),
    ("POST", "dbs/*/colls/*/docs"): (item_requests.write_item, None),
    ("GET", "dbs/*/colls/*/docs/*"): (item_requests.read_item, None),
    ("PUT", "dbs/*/colls/*/docs/*"): (item_requests.replace_item, None),
    ("PATCH", "dbs/*/colls/*/docs/*"): (item_requests.patch_item, None),
    ("DELETE", "dbs/*/colls/*/docs/*"): (item_requests.delete_item, None),
    ("POST", "dbs/*/colls/*/operations/partitionkeydelete"): (item_requests.delete_partition, None),
    ("GET", "dbs/*/colls/*/conflicts"): (conflict_requests.list_conflicts, "metadata"),
    ("GET", "dbs/*/colls/*/conflicts/*"): (conflict_requests.find_conflict, "metadata"),
    ("DELETE", "dbs/*/colls/*/conflicts/*"): (conflict_requests.find_conflict, "metadata"),
    **_users("dbs/*/users"),
    **_users("dbs/*/users/*/permissions"),
    ("GET", "offers"): (offer_requests.list_offers, "metadata"),
    ("POST", "offers"): (offer_requests.list_offers, "metadata"),
    ("GET", "offers/*"): (offer_requests.read_offer_of, "metadata"),
    ("PUT", "offers/*"): (offer_requests.replace_offer, "metadata"),
}
LACKING = {
    "sprocs": "stored procedures",
    "triggers": "triggers",
    "udfs": "user defined functions",
    "clientencryptionkeys": "client encryption keys",
    "attachments": "attachments",
}


def find(exchange: Exchange) -> Route:
    """The handler of a request and the kind of its fault rules; raises 404, 405 or 501."""
    parts, method = exchange.parts, exchange.request.method
    if method == "POST" and len(parts) in (1, 3, 5) and parts[0] == "dbs":
        special = _special_post(exchange)
        if special is not None:
            return special
    pattern = "/".join(_pattern(parts))
    route = ROUTES.get((method, pattern))
    if route is not None:
        return route
    for part in parts[2::2]:
        if part in LACKING:
            raise not_implemented(LACKING[part])
    if any(known == pattern for _, known in ROUTES):
        raise CosmosError(405, f"The method {method} is not allowed on this resource.")
    raise CosmosError(404, f"There is no resource at /{'/'.join(parts)}.")


def _special_post(exchange: Exchange) -> Route | None:
    """Queries and batches are POSTs to the path of creates, with other headers."""
    on_documents = len(exchange.parts) == 5 and exchange.parts[4] == "docs"
    if exchange.flag("x-ms-cosmos-is-query-plan-request") and on_documents:
        return plan, "plan"
    content_type = exchange.header("content-type") or ""
    if exchange.flag("x-ms-documentdb-isquery") or content_type.startswith("application/query+json"):
        if on_documents:
            return query, "query"
        return ROUTES.get(("GET", "/".join(_pattern(exchange.parts))))
    if on_documents and exchange.flag("x-ms-cosmos-is-batch-request"):
        return item_requests.batch, "batch" if exchange.flag("x-ms-cosmos-batch-atomic") else "bulk"
    return None


def _pattern(parts: list[str]) -> list[str]:
    if parts[-2:] == ["operations", "partitionkeydelete"]:
        return [*_pattern(parts[:-2]), *parts[-2:]]
    return ["*" if at % 2 else part for at, part in enumerate(parts)]
