"""Proposes an id and a partition key by what the sample shows, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from outlast_cli.new.columns import Column

MOST_PARTS = 5
"""Columns that an id is made of."""
MOST_CANDIDATES = 12
LEAST_EFFECTIVE, MOST_SHARE = 8.0, 0.3
"""A partition key has at least as even values as so many equally frequent ones, and none has more than this share."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """`fields` are names of the row class. `sure` is False where the sample does not bear it."""

    fields: tuple[str, ...]
    reason: str
    sure: bool = True


def propose_id(columns: Sequence[Column], rows: int) -> Proposal:
    """The fewest columns whose values together are different in each row of the sample."""
    plain = [column for column in columns if column.is_plain]
    if not plain or not rows:
        return Proposal((), "no column has a value in every row", sure=False)
    ordered = sorted((one for one in plain if one.distinct > 1 or rows == 1), key=_rank)
    for count in (1, 2, 3):
        for chosen in combinations(ordered[:MOST_CANDIDATES], count):
            if _distinct(chosen) == rows:
                return Proposal(_fields(columns, chosen), _why(chosen, rows, plain))
    best = _greedy(ordered)
    found = _distinct(best)
    if best and found == rows:
        return Proposal(_fields(columns, best), _why(best, rows, plain))
    text = f"no columns tell all rows apart: these make {found:,} ids of {rows:,} rows, and the last row of an id wins"
    return Proposal(_fields(columns, best), text, sure=False)


def propose_partition_key(columns: Sequence[Column], rows: int) -> Proposal:
    """The text column, or else the whole number, whose values are most even; none: the id itself."""
    fitting = [one for one in columns if one.is_plain and _is_even(one) and one.distinct <= max(1, rows // 2)]
    if not fitting:
        text = (
            f"no column has {LEAST_EFFECTIVE:g} even values or more, so each document is a logical partition of its own"
        )
        return Proposal(("id",), text, sure=False)
    best = max(fitting, key=lambda one: (one.kind.is_text, one.kind.annotation == "int", one.effective))
    return Proposal((best.field,), describe(best))


def describe(column: Column) -> str:
    return (
        f"{column.distinct:,} values, as even as {column.effective:,.0f} equally frequent ones; "
        f"the most frequent has {column.largest_share:.1%} of the rows"
    )


def _is_even(column: Column) -> bool:
    return column.effective >= LEAST_EFFECTIVE and column.largest_share <= MOST_SHARE


def _is_named_id(column: Column) -> bool:
    name = column.field.lower()
    return name in ("id", "key", "uuid", "guid") or name.endswith(("_id", "_key", "_no", "_nr", "number"))


def _rank(column: Column) -> tuple[bool, bool, bool, int]:
    """Columns that are named like an id come first, then dates, then texts, then those with the most values."""
    is_time = "date" in column.kind.annotation
    return not _is_named_id(column), not is_time, not column.kind.is_text, -column.distinct


def _distinct(columns: Sequence[Column]) -> int:
    return len(set(zip(*(column.texts for column in columns), strict=True)))


def _greedy(candidates: Sequence[Column]) -> list[Column]:
    """Add the column that tells the most rows apart, until none does."""
    chosen: list[Column] = []
    found = 0
    while len(chosen) < MOST_PARTS:
        left = [one for one in candidates if one not in chosen]
        counted = [(_distinct([*chosen, one]), one) for one in left]
        best = max(counted, key=lambda pair: pair[0], default=None)
        if best is None or best[0] <= found:
            break
        found, chosen = best[0], [*chosen, best[1]]
    return chosen


def _fields(columns: Sequence[Column], chosen: Sequence[Column]) -> tuple[str, ...]:
    """In the order of the file."""
    return tuple(column.field for column in columns if column in chosen)


def _why(chosen: Sequence[Column], rows: int, plain: Sequence[Column]) -> str:
    told = f"{'its values are' if len(chosen) == 1 else 'together they are'} different in each of {rows:,} rows"
    constant = [column.field for column in plain if column.distinct == 1]
    if len(chosen) == 1 or not constant:
        return told
    return f"{told}; if other files differ in {', '.join(constant)}, these belong to it, too"
