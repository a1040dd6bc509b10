import os
import signal

import pytest

from local.console import ends_cleanly


def tell(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_unwinds(number: signal.Signals) -> None:
    """Each way of being told to end raises KeyboardInterrupt, and the handlers from before come back."""
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ends_cleanly():
        tell(number)
    assert signal.getsignal(number) == before


def test_a_second_signal_does_not_cut_the_cleaning_short() -> None:
    """While the first signal's cleaning up goes on, another changes nothing."""
    cleaned = []

    def told_again_while_cleaning() -> None:
        try:
            tell(signal.SIGINT)
        finally:
            tell(signal.SIGINT)
            tell(signal.SIGTERM)
            cleaned.append(True)

    with pytest.raises(KeyboardInterrupt), ends_cleanly():
        told_again_while_cleaning()
    assert cleaned
