import pytest

from bench.cost import read_prices
from bench.costing.cost import Cost
from bench.costing.histories import summed
from bench.costing.plain import Measured
from local.host.durable.events import Kind

COST = Cost(
    request_units=2_000_000,
    activity_calls=600_000,
    turns=400_000,
    staging_operations=6_000,
    hub_operations=4_000,
    log_lines=3_000_000,
    gb_seconds=50,
)


@pytest.mark.parametrize(
    ("name", "amount"),
    [
        ("million_request_units", 2),
        ("million_executions", 1),
        ("ten_thousand_operations", 1),
        ("million_log_lines", 3),
        ("gb_second", 50),
    ],
)
def test_a_price_is_for_its_share(name: str, amount: float) -> None:
    """Each price is multiplied by what it is for, and a price that is not given costs nothing."""
    assert COST.at({name: 10.0}) == pytest.approx(10 * amount)


def test_each_member_is_a_figure_without_a_goal() -> None:
    """A cost shows a figure for each member, named after the way, and none can be missed."""
    figures = list(COST.times(2).figures("loop"))
    assert len(figures) == 7
    assert all(figure.reached and figure.name.startswith("loop_") for figure in figures)
    assert figures[0].value == 4_000_000


def test_prices_are_read_and_other_options_are_left() -> None:
    """Every --price is read, and what is not about prices goes on to the bench."""
    assert read_prices(["--quick", "--price", "gb_second=0.5"]) == ({"gb_second": 0.5}, ["--quick"])


@pytest.mark.parametrize("given", ["gb=1", "gb_second=much"])
def test_a_price_that_is_none_ends_the_bench(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A price of an unknown name, or one that is no number, is refused with what is wrong."""
    with pytest.raises(SystemExit):
        read_prices(["--price", given])
    assert given.partition("=")[0] in capsys.readouterr().err


def test_rows_and_calls_are_scaled_apart() -> None:
    """Of a fan-out of 10 calls of 50 rows, what a row makes is multiplied by 2,000, what a call makes by 100."""
    call = {"EventType": Kind.TASK_SCHEDULED, "Name": "store_rows"}
    histories = summed([[{"EventType": Kind.TURN_STARTED}, *[call] * 11]])
    measured = Measured(rows=500, seconds=3, request_units=100, by_row=7, others=5, histories=histories)
    cost = measured.of_a_million()
    assert (cost.request_units, cost.activity_calls, cost.log_lines) == (200_000, 1_100, 7 * 2_000 + 5 * 100)
    assert cost.gb_seconds == 2 * 3 * 2_000
