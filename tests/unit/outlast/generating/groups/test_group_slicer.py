import json
import math
from collections.abc import Iterable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from outlast.aggregates import Group
from outlast.generating.groups.plan import GroupPlan
from outlast.generating.row_window import GROUPS, Limits, RowWindow, Staged
from outlast.generating.slicers import join_of, slicer_of
from outlast.report import Document
from outlast.staging.group_file import OFFSETS, PREFIXES, gather, gathered
from tests.fakes.grouped_reports import ShopTotals

COLUMNS = ["id", "shop", "amount"]
NUMBERS = st.sampled_from(["1", "0.1", "1e16", "-1e16", "?", "3.3", ""])
LINES = st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["x", "y", "z"]), NUMBERS), max_size=40)
ROOMY = Limits(10.0, 10**9)


def window() -> RowWindow:
    return RowWindow("k", "r1", "shop_totals", None, "r", "csv", COLUMNS, 2, makes=GROUPS)


def encoded(lines: Iterable[tuple[str, ...]]) -> bytes:
    return b"".join(",".join(line).encode() + b"\n" for line in lines)


def staged(data: bytes, seconds: float, *, again: bool) -> Staged:
    """The part of some rows, in slices that take no longer; `again`: their maker has died before they are joined."""
    ticks = iter(range(10**9))
    slicer = slicer_of(ShopTotals(), None, window(), data, lambda: next(ticks) / 10, lambda row: None)
    slices = [slicer.take(Limits(seconds, 10**9))]
    while not slices[-1].ended:
        slices.append(slicer.take(Limits(seconds, 10**9)))
    return join_of(ShopTotals(), GROUPS, 0, slices) if again else slicer.staged(0)


def outputs(part: Staged) -> dict[str, dict[str, Any]]:
    plan = GroupPlan.of(ShopTotals())
    groups = [plan.group(one) for one in gathered(gather([bytes(part.documents[OFFSETS.size :])], 0, PREFIXES))]
    return {group.shop: group.to_dict() for group in groups}


@settings(max_examples=60)
@given(LINES, st.sampled_from([0.0, 0.3, 1.0]), st.booleans())
def test_a_part_does_not_depend_on_its_slices(lines: list[tuple[str, ...]], seconds: float, again: bool) -> None:
    """Groups, rejects and counts are the same, wherever slices end and whoever joins them."""
    data = encoded(lines)
    assert staged(data, seconds, again=again) == staged(data, 10**9, again=False)


@settings(max_examples=60)
@given(LINES)
def test_groups_are_those_of_a_plain_loop(lines: list[tuple[str, ...]]) -> None:
    """Counts, sums, ends and lists equal those of a loop over the rows that can be read."""
    found = staged(encoded(lines), 0.3, again=True)
    good = [(row, line) for row, line in enumerate(lines, 2) if line[2] not in ("?", "")]
    assert (found.totals.rows, found.totals.rejected) == (len(lines), len(lines) - len(good))
    wanted: dict[str, dict[str, Any]] = {}
    for shop in {line[1] for _, line in good}:
        own = [(row, line[0], float(line[2])) for row, line in good if line[1] == shop]
        amounts = [amount for _, _, amount in own]
        wanted[shop] = {
            "rows": len(own),
            "sales": len(own),
            "amount": math.fsum(amounts),
            "least": min(amounts),
            "most": max(amounts),
            "first": own[0][1],
            "last": own[-1][1],
            "ids": len({name for _, name, _ in own}),
            "some": [name for _, name, _ in own][:3],
            "large": sum(amount >= 2 for amount in amounts),
            "top": [name for _, name, _ in sorted(own, key=lambda one: (-one[2], one[0]))[:2]],
            "p90": sorted(amounts)[math.ceil(len(amounts) * 0.9) - 1],
        }
    names = ["rows", *GroupPlan.of(ShopTotals()).names]
    names.remove("mean")
    assert {shop: {name: group[name] for name in names} for shop, group in outputs(found).items()} == wanted


def test_a_row_that_one_aggregate_refuses_is_added_to_none() -> None:
    """A function that raises costs the row with its text, and no aggregate has counted it."""

    class Fragile(ShopTotals):
        ratio = ShopTotals.amount.__class__(lambda row: 1 / row.amount)

    slicer = slicer_of(Fragile(), None, window(), b"a,x,1\nb,x,0\nc,y,0\n", lambda: 0.0, lambda row: None)
    slicer.take(ROOMY)
    part = slicer.staged(0)
    assert part.rejects is not None
    assert part.rejects.splitlines()[0] == b"3,,error,ZeroDivisionError: float division by zero,b,x,0"
    assert (part.totals.rows, part.totals.rejected) == (3, 2)
    [line] = part.documents[OFFSETS.size :].splitlines()
    assert line.split(b"\t")[1:4] == [b"2", b"1", b'["x"]']


def test_a_key_of_the_report_s_own_makes_groups() -> None:
    """`key(row)` may return text, or a tuple; what cannot be a key rejects its row."""

    class ByLetter(ShopTotals):
        group_by = ()

        def key(self, row: Any) -> Any:
            return {"x": "text", "y": (1, None)}.get(row.shop, [])

        def generate_report(self, group: Group, reference: Any) -> Iterable[Document]:
            raise NotImplementedError

    slicer = slicer_of(ByLetter(), None, window(), b"a,x,1\nb,y,0\nc,z,0\n", lambda: 0.0, lambda row: None)
    slicer.take(ROOMY)
    part = slicer.staged(0)
    keys = {json.dumps(json.loads(line.split(b"\t")[3])) for line in part.documents[OFFSETS.size :].splitlines()}
    assert keys == {'"text"', "[1, null]"}
    assert part.totals.rejected == 1


def test_a_slice_ends_when_its_groups_take_too_much_room() -> None:
    """The room that groups take is counted, so that a chunk of many groups is made in several slices."""
    data = encoded((f"i{number}", f"shop {number}", "1") for number in range(100))
    slicer = slicer_of(ShopTotals(), None, window(), data, lambda: 0.0, lambda row: None)
    assert 5 < slicer.take(Limits(10.0, 10_000)).rows < 20
