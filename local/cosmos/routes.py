"""Which handler a request is for."""

from collections.abc import Callable

from local.cosmos import points, resources
from local.cosmos.context import Context
from local.cosmos.errors import CosmosError, not_implemented
from local.cosmos.messages import Response
from local.cosmos.queries import plan, query, read_feed

Handler = Callable[[Context], Response]
Route = tuple[Handler, str | None]  # with the kind by which fault rules know it; None where operations have their own

ROUTES: dict[tuple[str, str], Route] = {
    ("GET", ""): (resources.account, "account"),
    ("GET", "dbs"): (resources.list_databases, "metadata"),
    ("POST", "dbs"): (resources.create_database, "metadata"),
    ("GET", "dbs/*"): (resources.read_database, "metadata"),
    ("DELETE", "dbs/*"): (resources.delete_database, "metadata"),
    ("GET", "dbs/*/colls"): (resources.list_containers, "metadata"),
    ("POST", "dbs/*/colls"): (resources.create_container, "metadata"),
    ("GET", "dbs/*/colls/*"): (resources.read_container_properties, "metadata"),
    ("PUT", "dbs/*/colls/*"): (resources.replace_container, "metadata"),
    ("DELETE", "dbs/*/colls/*"): (resources.delete_container, "metadata"),
    ("GET", "dbs/*/colls/*/pkranges"): (resources.list_ranges, "pkranges"),
    ("GET", "dbs/*/colls/*/docs"): (read_feed, "query"),
    ("POST", "dbs/*/colls/*/docs"): (points.write_item, None),
    ("GET", "dbs/*/colls/*/docs/*"): (points.read_item, None),
    ("PUT", "dbs/*/colls/*/docs/*"): (points.replace_item, None),
    ("PATCH", "dbs/*/colls/*/docs/*"): (points.patch_item, None),
    ("DELETE", "dbs/*/colls/*/docs/*"): (points.delete_item, None),
    ("POST", "dbs/*/colls/*/operations/partitionkeydelete"): (points.delete_partition, None),
    ("GET", "offers"): (resources.list_offers, "metadata"),
    ("POST", "offers"): (resources.list_offers, "metadata"),
    ("GET", "offers/*"): (resources.read_offer, "metadata"),
    ("PUT", "offers/*"): (resources.replace_offer, "metadata"),
}
LACKING = {
    "sprocs": "stored procedures",
    "triggers": "triggers",
    "udfs": "user defined functions",
    "users": "users and permissions",
    "clientencryptionkeys": "client encryption keys",
    "conflicts": "the conflict feed",
    "attachments": "attachments",
}


def find(context: Context) -> Route:
    """The handler of a request and the kind of its fault rules; 404, 405 or 501 when there is none."""
    parts, method = context.parts, context.request.method
    if method == "POST" and len(parts) in (1, 3, 5) and parts[0] == "dbs":
        special = _special_post(context)
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


def _special_post(context: Context) -> Route | None:
    """Queries and batches are POSTs to the feed as creates are; headers tell them apart."""
    on_documents = len(context.parts) == 5 and context.parts[4] == "docs"
    if context.flag("x-ms-cosmos-is-query-plan-request") and on_documents:
        return plan, "plan"
    content_type = context.header("content-type") or ""
    if context.flag("x-ms-documentdb-isquery") or content_type.startswith("application/query+json"):
        if on_documents:
            return query, "query"
        return ROUTES.get(("GET", "/".join(_pattern(context.parts))))
    if on_documents and context.flag("x-ms-cosmos-is-batch-request"):
        return points.batch, "batch" if context.flag("x-ms-cosmos-batch-atomic") else "bulk"
    return None


def _pattern(parts: list[str]) -> list[str]:
    if parts[-2:] == ["operations", "partitionkeydelete"]:
        return [*_pattern(parts[:-2]), *parts[-2:]]
    return ["*" if at % 2 else part for at, part in enumerate(parts)]
