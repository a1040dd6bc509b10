"""Query plans: how a client sends a query to all partitions and merges the answers."""

from typing import Any

from local.cosmos import hashing
from local.cosmos.errors import CosmosError
from local.cosmos.indexing import is_indexed, policy_rules
from local.cosmos.paths import split_path
from local.cosmos.query.errors import query_error
from local.cosmos.query.prepared import PreparedQuery
from local.cosmos.query.rewrite import AGGREGATE_TYPES, aggregates, aliases, rewrite
from local.cosmos.query.syntax import (
    Binary,
    Call,
    Expression,
    Item,
    Literal,
    Parameter,
    Query,
    property_path,
)
from local.cosmos.query.values import UNDEFINED

WHOLE = {"min": "", "max": "FF", "isMinInclusive": True, "isMaxInclusive": False}
FIRST = {
    "min": "",
    "max": "",
    "isMinInclusive": True,
    "isMaxInclusive": True,
}  # any single partition


def is_streamable(query: Query) -> bool:
    """Whether the gateway can serve the query from one partition after the other, without a plan."""
    merged = query.aggregated or query.order_by or query.distinct or query.top or query.offset or query.group_by
    return not query.alias or not merged


def pinned_key(query: Query, parameters: dict[str, Any], paths: list[list[str]]) -> bytes | None:
    """The partition key that the condition requires; None where it does not require exactly one."""
    levels = [_pinned_level(query, parameters, path) for path in paths]
    return None if None in levels else b"".join(level for level in levels if level is not None)


def _pinned_level(query: Query, parameters: dict[str, Any], path: list[str]) -> bytes | None:
    for condition in _conjuncts(query.where):
        if not isinstance(condition, Binary) or condition.op != "=":
            continue
        for side, other in ((condition.left, condition.right), (condition.right, condition.left)):
            if property_path(side, query.alias) == tuple(path) and isinstance(other, Literal | Parameter):
                value = other.value if isinstance(other, Literal) else parameters.get(other.name, UNDEFINED)
                if value is not UNDEFINED and not isinstance(value, list | dict):
                    return hashing.canonical(value)
    return None


def check_order(query: Query, policy: dict[str, Any]) -> None:
    """Raises 400 where ORDER BY has an expression that is no path, no index for one path, or no composite index for
    several."""
    paths = []
    for order in query.order_by:
        path = property_path(order.expression, query.alias)
        if not path:
            message = "Unsupported ORDER BY clause. ORDER BY item expression could not be mapped to a document path."
            raise query_error(message, order.start, order.start + len(order.text), "SC2104")
        paths.append(path)
    if len(paths) == 1 and not is_indexed(policy_rules(policy), paths[0]) and paths[0][0] not in {"_ts", "id"}:
        raise CosmosError(400, "The order-by item requires a corresponding index path, and the path is not indexed.")
    if len(paths) > 1 and not _has_composite(query, paths, policy):
        raise CosmosError(
            400, "The order by query does not have a corresponding composite index that it can be served from."
        )


def build_plan(
    query: Query,
    prepared: PreparedQuery,
    ranges: list[dict[str, Any]],
    features: set[str] | None,
    *,
    one_partition: bool = False,
) -> dict[str, Any]:
    """The plan in the service's form; raises 400 for features that the client lacks, unless `features` is None.

    In one partition nothing has to be merged, so an expression around an aggregate gets the plan of a query that is
    sent as it is.
    """
    if features is not None:
        _check_features(query, features)
    unmerged = one_partition and query.aggregated and not all(map(_is_aggregate, query.items or []))
    info = _query_info(Query(value=query.value), prepared) if unmerged else _query_info(query, prepared)
    return {"partitionedQueryExecutionInfoVersion": 2, "queryInfo": info, "queryRanges": ranges}


def _query_info(query: Query, prepared: PreparedQuery) -> dict[str, Any]:
    kinds = aggregates(query)
    by_alias = {} if query.value or not kinds else dict(zip(aliases(query), kinds, strict=True))
    return {
        "distinctType": _distinct_type(query),
        "top": prepared.limits.top if query.top else None,
        "offset": prepared.limits.offset if query.offset else None,
        "limit": prepared.limits.limit if query.limit else None,
        "orderBy": ["Ascending" if order.ascending else "Descending" for order in query.order_by],
        "orderByExpressions": [order.text for order in query.order_by],
        "groupByExpressions": [group.text for group in query.group_by],
        "groupByAliases": list(by_alias),
        "aggregates": [kind for kind in kinds if kind] if query.value else [],
        "groupByAliasToAggregateType": by_alias,
        "rewrittenQuery": rewrite(query, prepared),
        "hasSelectValue": query.value,
        "dCountInfo": None,
        "hasNonStreamingOrderBy": False,
    }


def _conjuncts(node: Expression | None) -> list[Expression]:
    if node is None:
        return []
    if isinstance(node, Binary) and node.op == "AND":
        return _conjuncts(node.left) + _conjuncts(node.right)
    return [node]


def _has_composite(query: Query, paths: list[tuple[str, ...]], policy: dict[str, Any]) -> bool:
    wanted = [(path, order.ascending) for path, order in zip(paths, query.order_by, strict=True)]
    for index in policy.get("compositeIndexes", []):
        have = [(split_path(entry["path"]), entry.get("order") != "descending") for entry in index]
        if have in (wanted, [(path, not up) for path, up in wanted]):
            return True
    return False


def _check_features(query: Query, features: set[str]) -> None:
    needed = set()
    if query.aggregated:
        needed.add("Aggregate" if query.value else "NonValueAggregate")
    if query.aggregated and not query.value and len(query.items or []) > 1:
        needed.add("MultipleAggregates")
    needed |= {"GroupBy"} if query.group_by else set()
    needed |= {"OrderBy"} if query.order_by else set()
    needed |= {"Distinct"} if query.distinct else set()
    needed |= {"OffsetAndLimit"} if query.offset else set()
    needed |= {"Top"} if query.top else set()
    if missing := sorted(needed - features):
        raise CosmosError(
            400,
            "Query contains 1 or more unsupported features. Upgrade your SDK to a version that does support the "
            f"requested features:\nQuery contained {', '.join(missing)}, which the calling client does not support.",
        )


def _is_aggregate(item: Item) -> bool:
    return isinstance(item.expression, Call) and item.expression.name in AGGREGATE_TYPES


def _distinct_type(query: Query) -> str:
    if not query.distinct:
        return "None"
    selected = [item.text for item in query.items or []]
    return "Ordered" if query.order_by and [order.text for order in query.order_by] == selected else "Unordered"
