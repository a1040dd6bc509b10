"""Which grouped reports need no more of a row than the values of its fields."""

from typing import Any

from outlast.aggregates.aggregate import Aggregate
from outlast.aggregates.sums import Count
from outlast.generating.groups.plan import GroupPlan
from outlast.generating.plain_rows import is_plain
from outlast.report import Report


def is_declared(report: Report[Any], plan: GroupPlan) -> bool:
    """Whether all that the groups need are the values of fields, which run no code of the report."""
    return bool(plan.group_by) and is_plain(report.row) and all(map(_needs_values_alone, plan.aggregates))


def _needs_values_alone(aggregate: Aggregate) -> bool:
    if aggregate.of is None and aggregate.where is None:
        return type(aggregate) is Count
    return aggregate.field is not None and (aggregate.by_value or aggregate.numbered)
