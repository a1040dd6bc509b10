import pytest

from outlast.planning.figures import FIRST, MOST_CODES, Figures


def test_partitions_are_listed_from_the_hottest_on() -> None:
    """The physical partition with the most request units is first."""
    figures = Figures()
    for partition, units in (("0", 5.0), ("1", 9.0), ("0", 3.0)):
        figures.add_document(partition, 100, units, 0.0)
    listed = [(one["partition"], one["documents"], one["request_units"]) for one in figures.plan()["partitions"]]
    assert listed == [("1", 1, 9.0), ("0", 2, 8.0)]


@pytest.mark.parametrize(("there", "units"), [(0, 100.0), (5, 150.0), (10, 200.0)])
def test_what_is_there_costs_a_replace(there: int, units: float) -> None:
    """The sampled share of documents that are there costs a replace, the others a create."""
    figures = Figures()
    for at in range(10):
        figures.add_document("0", 100, 10.0, 0.0)
        figures.add_kind("changed" if at < there else "new", 10.0)
    assert figures.plan()["request_units"] == units


def test_a_sample_stands_for_all() -> None:
    """The kinds of the sampled documents are scaled to all documents."""
    figures = Figures(documents=1000)
    for kind in ("new", "changed", "changed", "unchanged"):
        figures.add_kind(kind, 5.0)
    shown = figures.plan()
    assert shown["documents"] == {"new": 250, "changed": 500, "unchanged": 250, "gone": 0, "total": 1000}
    assert shown["sampled"] == 4


def test_rejects_are_shown_by_code_with_the_first_ten() -> None:
    """Of each code the number and the first rows are shown, and codes beyond many are counted together."""
    figures = Figures()
    for row in range(20):
        figures.add_reject(row, "amount", "float_parsing", "no number")
    for code in range(2 * MOST_CODES):
        figures.add_reject(code, "", f"c{code}", "")
    shown = figures.plan()["rejects"]
    assert (shown["float_parsing"]["rows"], len(shown["float_parsing"]["first"])) == (20, FIRST)
    assert shown["float_parsing"]["first"][0] == {"row": 0, "column": "amount", "message": "no number"}
    assert (len(shown), shown["others"]["rows"]) == (MOST_CODES + 1, MOST_CODES + 1)
    figures.add_reject(21, "amount", "float_parsing", "no number")
    assert figures.plan()["rejects"]["float_parsing"]["rows"] == 21


def test_figures_go_on_where_they_were_kept() -> None:
    """Figures that cross a file are the same afterwards."""
    figures = Figures(chunk=3, sha256="ab")
    figures.add_document("0", 100, 5.0, 4.0)
    figures.add_kind("new", 5.0)
    figures.add_reject(1, "", "error", "no")
    assert Figures.from_dict(figures.to_dict()) == figures


def test_what_a_mirror_knows_is_exact() -> None:
    """The kinds of a mirror report are those of its manifest, and what is gone costs a delete each."""
    figures = Figures()
    for _ in range(4):
        figures.add_document("0", 100, 10.0, 0.0)
        figures.add_kind("new", 10.0)
    figures.compare(new=1, changed=3, unchanged=90, gone=2)
    shown = figures.plan()
    assert shown["documents"] == {"new": 1, "changed": 3, "unchanged": 90, "gone": 2, "total": 94}
    assert shown["request_units"] == 40.0 * 1.75 + 2 * 7.0
