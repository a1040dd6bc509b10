"""What a grouped report is made of: numbers, texts and lists of each group of rows."""

from outlast.aggregates.aggregate import Aggregate
from outlast.aggregates.by_row import Collect, First, Last
from outlast.aggregates.distinct import CountDistinct
from outlast.aggregates.extremes import Max, Min, TopN
from outlast.aggregates.group import Group
from outlast.aggregates.laws import check_laws
from outlast.aggregates.quantile import Quantile
from outlast.aggregates.sums import Count, Mean, Sum

__all__ = [
    "Aggregate",
    "Collect",
    "Count",
    "CountDistinct",
    "First",
    "Group",
    "Last",
    "Max",
    "Mean",
    "Min",
    "Quantile",
    "Sum",
    "TopN",
    "check_laws",
]
