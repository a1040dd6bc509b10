import os
import signal

import pytest

from local.console import ends_cleanly


def tell(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_unwinds(number: signal.Signals) -> None:
    """SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, and the earlier handlers are restored afterwards."""
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), ends_cleanly():
        tell(number)
    assert signal.getsignal(number) == before


def test_a_second_signal_does_not_cut_the_cleaning_short() -> None:
    """A second signal does not interrupt the cleaning up after the first."""
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
