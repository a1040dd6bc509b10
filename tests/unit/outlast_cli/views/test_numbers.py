import pytest

from outlast_cli.views.numbers import age, bar, digits, duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (59.6, "1 min 0 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")],
)
def test_a_duration_has_two_units_at_most(seconds: float, text: str) -> None:
    """Durations are rounded to seconds, and from an hour on to minutes."""
    assert duration(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (3_599, "59 min"), (86_400, "1 d")])
def test_an_age_has_one_unit(seconds: float, text: str) -> None:
    """An age is told in the largest unit of which there is one, and a time in the future is now."""
    assert age("2026-01-01T00:00:00.000+00:00", 1_767_225_600 + seconds) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1234567.89, "1234567.89"), (27_004.0, "27004"), (10_000_000, "10000000"), (0.034, "0.034")]
)
def test_a_number_for_a_program_has_all_its_digits(value: float, text: str) -> None:
    """A number that is not rounded for people keeps every digit and has no fraction that is zero."""
    assert digits(value) == text


def test_a_plain_output_gets_plain_signs() -> None:
    """A bar is of ASCII characters where the output cannot show others, and never longer than its width."""
    assert bar(0.5, 4, "ascii") == "##.."
    assert bar(2, 4, "utf-8") == "████"
    assert bar(-1, 4, None) == "...."
