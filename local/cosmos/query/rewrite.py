"""The query that a client sends to one partition of a query over all, whose answers it can merge."""

import orjson

from local.cosmos.query.errors import unsupported
from local.cosmos.query.prepared import PreparedQuery
from local.cosmos.query.syntax import Call, Item, Query, has_aggregate

AGGREGATE_TYPES = {"COUNT": "Count", "SUM": "Sum", "MIN": "Min", "MAX": "Max", "AVG": "Average"}
FILTER = "({documentdb-formattableorderbyquery-filter})"


def rewrite(query: Query, prepared: PreparedQuery) -> str:
    """The query for one partition, whose answers the client can merge; empty where the original serves."""
    source = f"\nFROM {query.source_text}" if query.alias else ""
    where = f"\nWHERE {query.where_text}" if query.where_text else ""
    if query.group_by:
        return f"SELECT {_partial_groups(query)}{source}{where}\nGROUP BY {', '.join(g.text for g in query.group_by)}"
    if query.aggregated:
        return f"SELECT {_partial_aggregates(query)}{source}{where}"
    limit = f"\nOFFSET 0 LIMIT {prepared.limits.offset + (prepared.limits.limit or 0)}" if query.offset else ""
    top = f"TOP {prepared.limits.top} " if prepared.limits.top is not None else ""
    if not query.order_by:
        distinct = "DISTINCT " if query.distinct else ""
        return f"SELECT {distinct}{top}{_select_text(query)}{source}{where}{limit}" if limit else ""
    if query.distinct:
        limit = top = ""  # the client counts the distinct rows, because `_rid` makes each row of one partition distinct
    where = f"\nWHERE ({query.where_text}) AND {FILTER}" if query.where_text else f"\nWHERE {FILTER}"
    items = ", ".join(f'{{"item": {order.text}}}' for order in query.order_by)
    orders = ", ".join(f"{order.text} {'ASC' if order.ascending else 'DESC'}" for order in query.order_by)
    select = f"SELECT {top}{query.alias}._rid, [{items}] AS orderByItems, {_payload(query)} AS payload"
    return f"{select}{source}{where}\nORDER BY {orders}{limit}"


def _partial_aggregates(query: Query) -> str:
    partials = [_partial(item) for item in query.items or []]
    if query.value:
        return f"VALUE [{partials[0]}]"
    named = ", ".join(f"{_quoted(alias)}: {part}" for alias, part in zip(aliases(query), partials, strict=True))
    return f"{{{named}}} AS payload"


def _partial_groups(query: Query) -> str:
    """The values of GROUP BY, by which the client knows a group again, and what it merges."""
    keys = ", ".join(f'{{"item": {group.text}}}' for group in query.group_by)
    parts = [_partial(item) if _kind(query, item) else item.text for item in query.items or []]
    named = ", ".join(f"{_quoted(alias)}: {part}" for alias, part in zip(aliases(query), parts, strict=True))
    value = f"[{parts[0]}]" if query.aggregated else parts[0]
    payload = value if query.value else f"{{{named}}}"
    return f"[{keys}] AS groupByItems, {payload} AS payload"


def _partial(item: Item) -> str:
    """The partial result of one partition. An average needs sum and count, and an extreme needs a count to show that no
    value exists."""
    name = _aggregate_of(item).name
    argument = item.text[item.text.index("(") + 1 : item.text.rindex(")")]
    if name == "AVG":
        return f'{{"item": {{"sum": SUM({argument}), "count": COUNT({argument})}}}}'
    if name in {"MIN", "MAX"}:
        second = f'{{"{name.lower()}": {item.text}, "count": COUNT({argument})}}'
        return f'{{"item": {item.text}, "item2": {second}}}'
    return f'{{"item": {item.text}}}'


def _select_text(query: Query) -> str:
    if query.items is None:
        return "*"
    if query.value:
        return f"VALUE {query.items[0].text}"
    return ", ".join(f"{item.text} AS {item.alias}" if item.named else item.text for item in query.items)


def _payload(query: Query) -> str:
    if query.items is None:
        return query.alias
    if query.value:
        return query.items[0].text
    return "{" + ", ".join(f"{_quoted(item.alias)}: {item.text}" for item in query.items) + "}"


def _quoted(name: str) -> str:
    return orjson.dumps(name).decode()


def aggregates(query: Query) -> list[str | None]:
    """The kind of aggregate of each item of the select list, None for an item of GROUP BY."""
    if not query.aggregated and not query.group_by:
        return []
    return [_kind(query, item) for item in query.items or []]


def _kind(query: Query, item: Item) -> str | None:
    if query.group_by and not has_aggregate(item.expression):
        return None
    return AGGREGATE_TYPES[_aggregate_of(item).name]


def _aggregate_of(item: Item) -> Call:
    """The aggregate of an item; raises 501 for an expression around it, whose partial results cannot be merged."""
    if not isinstance(item.expression, Call) or item.expression.name not in AGGREGATE_TYPES:
        raise unsupported("an expression around an aggregate over several partitions")
    return item.expression


def aliases(query: Query) -> list[str]:
    """The names of the items of the select list."""
    return [item.alias for item in query.items or []]
