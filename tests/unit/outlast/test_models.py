import pytest

from outlast.calls import ChunkCall, RunView
from outlast.models import Failure, Totals
from outlast.orchestrations import Lane, Outcome, Wave


def refuse(rejected: int, rows: int, count: int | None = None, percent: float | None = None) -> str | None:
    return RunView(8, count, percent).refusal(Totals(rows=rows, rejected=rejected))


def test_totals_add_up_field_by_field() -> None:
    """The sum of two totals has the sum of each count, and `sum` works over totals."""
    one = Totals(rows=1, rejected=2, documents=3, replaced=4, bytes=5, ru=6.5, throttled=7, sends=8)
    assert one + one == Totals(2, 4, 6, 8, 10, 13.0, 14, 16)
    assert sum([one, Totals(rows=1)], Totals()) == one + Totals(rows=1)


@pytest.mark.parametrize(
    ("rejected", "rows", "count", "percent", "refused"),
    [
        (0, 10, None, None, False),
        (1, 10, None, None, True),
        (0, 0, None, None, False),
        (3, 10, 3, None, False),
        (4, 10, 3, None, True),
        (1, 10, 0, None, True),
        (1, 10, None, 10.0, False),
        (2, 10, None, 10.0, True),
        (1, 10, None, 0.0, True),
        (10, 10, None, 100.0, False),
        (0, 0, None, 0.0, False),
        (3, 10, 3, 10.0, True),
        (1, 10, 0, 10.0, True),
        (1, 10, 3, 10.0, False),
        (10, 10, 10, 100.0, False),
    ],
)
def test_rejects_are_checked_by_each_limit_that_is_given(
    rejected: int, rows: int, count: int | None, percent: float | None, refused: bool
) -> None:
    """Both limits must hold where given, the limit itself is tolerated, and no reject is where none is given."""
    assert (refuse(rejected, rows, count, percent) is not None) is refused


def test_a_refusal_says_how_many_and_which_limit() -> None:
    """The text has the rows, the rejects and the limit that was exceeded."""
    assert refuse(4, 10, 3) == "4 of 10 rows were rejected and 3 rows are tolerated"
    assert refuse(4, 10, None, 2.5) == "4 of 10 rows were rejected and 2.5 % of the rows are tolerated"
    assert refuse(4, 10, 9, 2.5) == "4 of 10 rows were rejected and 2.5 % of the rows are tolerated"
    assert refuse(1, 10) == "1 of 10 rows were rejected and 0 rows are tolerated"


@pytest.mark.parametrize(("length", "kept"), [(5, 5), (2000, 2000), (2001, 2000), (1_000_000, 2000)])
def test_the_text_of_a_failure_is_cut(length: int, kept: int) -> None:
    """Record, history, log and email hold at most 2,000 characters of what a report's exception says."""
    failure = Failure("generate_report", 1, "x" * length)
    assert len(failure.text) == kept
    assert failure.text.endswith("…") == (kept < length)
    assert Failure.from_dict(failure.to_dict()) == failure


def test_a_payload_comes_back_from_its_dictionary() -> None:
    """`from_dict` restores what `to_dict` has converted, with cursors and totals."""
    lane = Lane("r1", 2, "store", 3, 4, 99, 5.0, {"part": 1}, Totals(rows=5).to_dict())
    assert Lane.from_dict(lane.to_dict()) == lane
    assert Outcome.from_dict(Outcome(False, {"step": "x"}, {}).to_dict()) == Outcome(False, {"step": "x"}, {})


def test_what_a_newer_release_adds_is_left_out() -> None:
    """Unknown names are ignored, so that a run survives going back one release."""
    assert ChunkCall.from_dict({"run": "r1", "attempt": 1, "chunk": 2, "colour": "blue"}) == ChunkCall("r1", 1, 2)


def test_each_lane_starts_with_its_own_totals() -> None:
    """A lane's default totals are zero and not shared."""
    first, second = (Lane("r1", 1, "store", 0, 1, 1) for _ in range(2))
    first.totals["rows"] = 9
    assert second.totals == Totals().to_dict()


@pytest.mark.parametrize("name", ["to_json", "from_json"])
def test_nothing_that_crosses_has_a_name_of_the_codec(name: str) -> None:
    """No payload has a method `to_json` or `from_json`, which the Durable SDK's codec would call."""
    for crossing in (ChunkCall, Lane, RunView, Outcome, Totals, Wave):
        assert not hasattr(crossing, name)
