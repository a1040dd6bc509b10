import json
from typing import Any

from outlast.aggregates import Group
from outlast.generating.groups.plan import GroupPlan
from outlast.generating.row_window import GROUPS, Limits, RowWindow
from outlast.generating.slicers import slicer_of
from outlast.inputs import CSV
from outlast.staging.group_file import OFFSETS, PREFIXES, gather, gathered
from tests.unit.reports.sample import DATA, load, read_rows

REPORT = load("carrier_months")


def documents() -> dict[str, dict[str, Any]]:
    """The documents of the whole sample."""
    columns = CSV.columns(DATA[:10_000], at_end=False)
    start, first = CSV.first(DATA[:10_000], at_end=False)
    window = RowWindow("k", "r1", REPORT.name, None, "r", "csv", columns, first, makes=GROUPS)
    slicer = slicer_of(REPORT, None, window, DATA[start:], lambda: 0.0, lambda row: None)
    slicer.take(Limits(60.0, 10**9))
    plan = GroupPlan.of(REPORT)
    groups = gathered(gather([bytes(slicer.staged(0).documents[OFFSETS.size :])], 0, PREFIXES))
    made = [document for group in groups for document in REPORT.generate_report(plan.group(group), None)]
    return {document["id"]: document for document in made}


def test_every_departure_of_the_sample_is_in_one_document() -> None:
    """The documents of the 16 carriers count the month's rows, each with its cancellations."""
    found = documents()
    rows = list(read_rows())
    assert len(found) == len({row["carrier"] for row in rows}) == 16
    for document in found.values():
        own = [row["dep_delay"] for row in rows if row["carrier"] == document["carrier"]]
        delays = sorted(float(delay) for delay in own if delay not in (None, "NA"))
        assert (document["flights"], document["cancelled"]) == (len(own), len(own) - len(delays))
        assert document["mean_delay"] == sum(delays) / len(delays)
        assert document["most_delay"] == delays[-1]
        assert document["delay_of_nine_in_ten"] == delays[-(-len(delays) * 9 // 10) - 1]


def test_a_carrier_that_only_cancelled_has_a_document() -> None:
    """Without a departure its delays are null."""
    members = {"carrier": "XX", "year": 2013, "month": 1, "flights": 2, "departed": 0}
    nothing = dict.fromkeys(("mean_delay", "most_delay", "delay_of_nine_in_ten"))
    (document,) = REPORT.generate_report(Group({**members, **nothing}), None)
    assert (document["id"], document["cancelled"]) == ("XX-2013-01", 2)
    assert json.loads(json.dumps(document))["mean_delay"] is None
