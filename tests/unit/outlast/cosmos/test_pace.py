from outlast.cosmos.line import Line
from outlast.cosmos.pace import MAX_OPERATIONS, MIN_OPERATIONS, Pace, Paces
from tests.fakes.clock import ManualClock


def test_a_throttled_container_waits_as_long_as_it_was_told() -> None:
    """And not longer."""
    clock = ManualClock()
    pace = Pace(clock)
    assert pace.wait() == 0
    pace.throttled(1.5)
    assert pace.wait() == 1.5
    clock.advance(2)
    assert pace.wait() == 0


def test_of_several_waits_the_longest_counts() -> None:
    """An answer that asks for less does not open the container early."""
    pace = Pace(ManualClock())
    pace.throttled(3)
    pace.throttled(1)
    assert pace.wait() == 3


def test_batches_get_smaller_by_throttling_and_larger_by_success() -> None:
    """Within their bounds."""
    pace = Pace(ManualClock())
    pace.throttled(0)
    assert pace.operations == MAX_OPERATIONS // 2
    for _ in range(10):
        pace.throttled(0)
    assert pace.operations == MIN_OPERATIONS
    for _ in range(MAX_OPERATIONS):
        pace.went_through()
    assert pace.operations == MAX_OPERATIONS


def place(start: str) -> Line:
    return Line(1, b"1", start.encode(), b"{}")


def test_a_stretch_of_the_hash_space_has_one_pace() -> None:
    """All activities of the process share it; another stretch or another container has its own."""
    paces = Paces(ManualClock())
    paces.of("sales", place("0A11")).throttled(5)
    assert paces.of("sales", place("0AFF")).wait() == 5
    assert paces.of("sales", place("0B11")).wait() == 0
    assert paces.of("other", place("0A11")).wait() == 0
