"""Proposes an id and a partition key by what the sample shows, with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from outlast_cli.new.columns import Column

MOST_PARTS = 5
"""Columns that an id is made of."""
MOST_CANDIDATES = 12
LEAST_EFFECTIVE, MOST_SHARE = 5.0, 0.3
"""A partition key has at least as even values as so many equally frequent ones, and none has more than this share."""
NAMES = frozenset({"id", "key", "uuid", "guid"})
ENDINGS = ("_id", "_key", "_no", "nr", "number", "nummer")


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
    text = (
        f"no columns tell all rows apart: these make {found:,} ids of {rows:,} rows. The last row of an id wins; "
        "the others are rejects `duplicate`, which count against the tolerated rejects"
    )
    return Proposal(_fields(columns, best), text, sure=False)


def propose_partition_key(columns: Sequence[Column], rows: int) -> Proposal:
    """The even column that is named like an id or a code, or else a text, or else a whole number, but no time; none:
    the id itself. Of several it is the most even one."""
    even = [one for one in columns if one.is_plain and _is_even(one) and one.distinct <= max(1, rows // 2)]
    times, fitting = [one for one in even if _is_time(one)], [one for one in even if not _is_time(one)]
    if not fitting:
        text = (
            f"no column of ids, codes, names or whole numbers has {LEAST_EFFECTIVE:g} even values or more, "
            f"so each document is a logical partition of its own{_passed_over(times)}"
        )
        return Proposal(("id",), text, sure=False)
    best = max(fitting, key=lambda one: (_is_named_group(one), one.kind.is_text, one.effective))
    return Proposal(
        (best.field,), describe(best) + _passed_over([one for one in times if one.effective > best.effective])
    )


def _passed_over(times: Sequence[Column]) -> str:
    if not times:
        return ""
    fields = ", ".join(one.field for one in times)
    return f". By {fields} it would be more even, but all rows of one time would be written to one partition"


def describe(column: Column) -> str:
    return (
        f"{column.distinct:,} values, as even as {column.effective:,.0f} equally frequent ones; "
        f"the most frequent has {column.largest_share:.1%} of the rows"
    )


def _is_even(column: Column) -> bool:
    return column.effective >= LEAST_EFFECTIVE and column.largest_share <= MOST_SHARE


def _is_named_id(column: Column) -> bool:
    name = column.field.lower()
    return name in NAMES or name.endswith(ENDINGS)


def _is_named_group(column: Column) -> bool:
    """A code is often that of a group, and seldom that of a row."""
    return _is_named_id(column) or column.field.lower().endswith("code")


def _is_time(column: Column) -> bool:
    return "date" in column.kind.annotation


def _rank(column: Column) -> tuple[bool, bool, bool, int]:
    """Columns that are named like an id come first, then dates, then texts, then those with the most values."""
    return not _is_named_id(column), not _is_time(column), not column.kind.is_text, -column.distinct


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
