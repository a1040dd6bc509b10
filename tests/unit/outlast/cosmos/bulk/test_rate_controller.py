import pytest

from outlast.cosmos.bulk.rate_controller import (
    FIRST_OPERATIONS,
    FLIGHT_SECONDS,
    LEAST_RATIO,
    MAX_OPERATIONS,
    MAX_RATE,
    RateController,
    RateControllers,
)
from tests.fakes.clock import ManualClock
from tests.unit.outlast.cosmos.bulk.simulated_range import CHARGE, Range


def test_a_throttled_range_waits_as_long_as_the_database_asks() -> None:
    """A 429 closes the range for exactly its retry-after time."""
    clock = ManualClock()
    controller = RateController(clock)
    assert controller.wait() == 0
    controller.answered(0, 0, 0, 1.5)
    assert controller.wait() == 1.5
    clock.advance(2)
    assert controller.wait() == 0


def test_of_several_waits_the_longest_counts() -> None:
    """A later 429 with a shorter wait does not open the range early."""
    controller = RateController(ManualClock())
    controller.answered(0, 0, 0, 3.0)
    controller.answered(0, 0, 0, 1.0)
    assert controller.wait() == 3


def test_the_first_batches_double() -> None:
    """Before the first 429 each success doubles the batch, up to the largest one."""
    controller = RateController(ManualClock())
    sizes = []
    for _ in range(5):
        sizes.append(controller.batch())
        controller.answered(controller.sent(sizes[-1]), sizes[-1] * CHARGE, sizes[-1], None)
    assert sizes == [FIRST_OPERATIONS, 32, 64, MAX_OPERATIONS, MAX_OPERATIONS]
    assert controller.wait() == 0


def test_lanes_that_begin_at_once_do_not_overrun_a_range() -> None:
    """Lanes share the limit of operations in flight, and each success widens it."""
    controller = RateController(ManualClock())
    first = controller.sent(controller.batch())
    assert controller.wait() > 0
    controller.answered(first, FIRST_OPERATIONS * CHARGE, FIRST_OPERATIONS, None)
    assert (controller.wait(), controller.batch()) == (0, 2 * FIRST_OPERATIONS)
    second = controller.sent(20)
    assert (controller.wait(), controller.batch()) == (0, 2 * FIRST_OPERATIONS - 20)
    controller.answered(second, 0.0, 0, None)
    assert controller.batch() == 2 * FIRST_OPERATIONS


def test_no_more_is_in_flight_than_a_partition_can_serve() -> None:
    """A wide window allows no more in flight than a partition serves in FLIGHT_SECONDS."""
    controller = RateController(ManualClock(), window=10**6)
    controller.answered(controller.sent(100), 100 * controller.per_operation, 100, None)
    while not controller.wait():
        controller.sent(controller.batch())
    assert controller.in_flight <= FLIGHT_SECONDS * MAX_RATE + controller.per_operation


def test_one_operation_may_always_go() -> None:
    """A single operation goes even if it costs more than a partition serves in FLIGHT_SECONDS."""
    controller = RateController(ManualClock(), per_operation=50_000.0)
    assert (controller.wait(), controller.batch()) == (0, 1)
    expected = controller.sent(1)
    assert controller.wait() > 0
    controller.answered(expected, 50_000.0, 1, None)
    assert controller.wait() == 0


def test_one_odd_429_does_not_stop_a_range() -> None:
    """A 429 in a second that served nothing leaves LEAST_RATIO of the measured rate."""
    clock = ManualClock()
    controller = RateController(clock)
    controller.answered(0, 4000.0, 700, 0.5)
    clock.advance(5)
    controller.answered(0, 0.0, 0, 0.5)
    assert controller.measured == 4000 * LEAST_RATIO


def test_a_range_that_never_throttles_keeps_a_second_of_answers() -> None:
    """The memory of a controller does not grow with the requests of its process."""
    clock = ManualClock()
    controller = RateController(clock)
    for _ in range(10_000):
        controller.answered(controller.sent(1), CHARGE, 1, None)
        clock.advance(0.01)
    assert len(controller.served) <= 101


def test_a_range_has_one_controller() -> None:
    """Two calls with one container and range get the same controller, and other ranges and containers get others."""
    controllers = RateControllers(ManualClock())
    controllers.get("sales", "1").answered(0, 0, 0, 5.0)
    assert controllers.get("sales", "1").wait() == 5
    assert controllers.get("sales", "2").wait() == 0
    assert controllers.get("other", "1").wait() == 0


@pytest.mark.parametrize("rate", [400, 1000, 2000, 5000, 10_000])
def test_a_range_is_used_up_and_little_is_throttled(rate: int) -> None:
    """From the third second on a writer uses 99 % of the rate, and at most 5 % of its operations are throttled."""
    one = Range(lambda _: rate)
    one.join(0)
    one.run(3)
    one.throttled = one.operations = 0
    one.run(20)
    assert sum(one.used(second) for second in range(3, 22)) / 19 >= 0.99 * rate
    assert one.throttled / one.operations <= 0.05


@pytest.mark.parametrize(("before", "behind"), [(2000, 4000), (4000, 2000), (5000, 10_000), (10_000, 5000), (400, 900)])
def test_a_changed_rate_is_found_within_three_seconds(before: int, behind: int) -> None:
    """Three seconds after a change of the rate a writer uses 95 % of the new one in every second."""
    one = Range(lambda second: before if second < 10 else behind)
    one.join(0)
    one.run(20)
    assert all(one.used(second) >= 0.95 * behind for second in range(13, 19))


@pytest.mark.parametrize("later", [0.0, 5.3])
def test_two_writers_share_a_range(later: float) -> None:
    """Two writers use the whole rate together, each nearly half, also when one starts later."""
    one = Range(lambda _: 2000)
    one.join(0)
    one.join(1, later)
    one.run(24)
    assert sum(one.used(second) for second in range(14, 23)) / 9 >= 0.98 * 2000
    smaller = min(sum(one.used(second, writer) for second in range(14, 23)) for writer in (0, 1))
    assert smaller / 9 >= 0.45 * 2000
