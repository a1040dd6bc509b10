import pytest

from outlast.deadline import SHARE, Deadlines, timeout_seconds
from outlast.errors import Permanent
from tests.fakes.clock import ManualClock


def test_a_deadline_comes_at_sixty_percent_of_the_timeout() -> None:
    """An activity's deadline is at 60 % of functionTimeout."""
    clock = ManualClock()
    deadline = Deadlines(100.0, clock).start()
    clock.advance(59.9)
    assert not deadline.passed()
    clock.advance(0.2)
    assert deadline.passed()
    assert pytest.approx(0.6) == SHARE


def test_what_is_in_flight_ends_before_the_host_ends_it() -> None:
    """A request may take 20 % of functionTimeout after the deadline, and the call ends at 90 %."""
    deadlines = Deadlines(100.0, ManualClock())
    assert deadlines.start().grace == pytest.approx(20.0)
    assert deadlines.given_up == pytest.approx(90.0)


def test_the_time_remaining_is_never_negative() -> None:
    """The remaining time falls with the clock and stays at zero."""
    clock = ManualClock()
    deadline = Deadlines(10.0, clock).start()
    assert deadline.remaining() == pytest.approx(6.0)
    clock.advance(60)
    assert deadline.remaining() == 0.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:05:00", 300.0),
        ("0:00:10", 10.0),
        ("01:00:00", 3600.0),
        ("1.00:00:00", 86_400.0),
        ("00:00:02.500", 2.5),
        ("-1", 3600.0),
    ],
)
def test_a_function_timeout_is_read_as_host_json_writes_it(text: str, seconds: float) -> None:
    """A timeout is `hh:mm:ss`, with days or fractions if needed, and -1 counts as an hour."""
    assert timeout_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5 minutes", "300", "00:05", "00:05:00 ", "-00:05:00"])
def test_any_other_function_timeout_is_refused_by_name(text: str) -> None:
    """The error says what is wrong, what a timeout must look like and where to correct it."""
    with pytest.raises(Permanent, match=r"functionTimeout is .* must look like 00:05:00; correct host\.json"):
        timeout_seconds(text)


@pytest.mark.parametrize("text", ["00:00:00", "0.00:00:00"])
def test_no_time_at_all_is_refused(text: str) -> None:
    """A timeout of zero is refused, because every activity would stop at once."""
    with pytest.raises(Permanent, match="functionTimeout"):
        timeout_seconds(text)
