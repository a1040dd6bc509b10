"""The aggregates of `summarize`: each makes the columns of a group of rows."""

import math
from collections.abc import Callable
from typing import Any

from tests.kusto.expressions import Expression, Row
from tests.kusto.tokens import NotKusto

Rows = list[Row]
Aggregate = Callable[[Rows], Any]


def aggregate(name: str, given: list[Expression]) -> Aggregate:
    """Return the function of a group of rows that this call means."""
    if name not in _AGGREGATES:
        raise NotKusto(f"the aggregate {name}")
    return _AGGREGATES[name](given)


def values(rows: Rows, expression: Expression) -> list[Any]:
    """Return the values that are not null."""
    return [value for row in rows if (value := expression(row)) is not None]


def _of_values(function: Callable[[list[Any]], Any]) -> Callable[[list[Expression]], Aggregate]:
    return lambda given: lambda rows: function(values(rows, given[0]))


def _of_values_if(function: Callable[[list[Any]], Any]) -> Callable[[list[Expression]], Aggregate]:
    return lambda given: lambda rows: function(values([row for row in rows if given[1](row)], given[0]))


def _countif(given: list[Expression]) -> Aggregate:
    return lambda rows: sum(bool(given[0](row)) for row in rows)


def _percentile(given: list[Expression]) -> Aggregate:
    def of(rows: Rows) -> Any:
        ordered = sorted(values(rows, given[0]))
        if not ordered:
            return None
        return ordered[max(0, math.ceil(given[1]({}) / 100 * len(ordered)) - 1)]

    return of


_AGGREGATES: dict[str, Callable[[list[Expression]], Aggregate]] = {
    "count": lambda _: len,
    "countif": _countif,
    "sum": _of_values(sum),
    "sumif": _of_values_if(sum),
    "min": _of_values(lambda found: min(found, default=None)),
    "max": _of_values(lambda found: max(found, default=None)),
    "minif": _of_values_if(lambda found: min(found, default=None)),
    "maxif": _of_values_if(lambda found: max(found, default=None)),
    "dcount": _of_values(lambda found: len(set(found))),
    "take_any": _of_values(lambda found: found[0] if found else None),
    "percentile": _percentile,
}
