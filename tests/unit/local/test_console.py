import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from local.console import ends_cleanly


def tell(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@contextmanager
def handled(number: signal.Signals, handler: signal.Handlers) -> Iterator[None]:
    """Whoever started the tests may have had some signals ignored, as nohup does."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_being_told_to_end_unwinds(number: signal.Signals) -> None:
    """SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, and the earlier handlers are restored afterwards."""
    with handled(number, signal.SIG_DFL):
        with pytest.raises(KeyboardInterrupt), ends_cleanly():
            tell(number)
        assert signal.getsignal(number) == signal.SIG_DFL


def test_a_closed_terminal_that_nohup_ignores_ends_nothing() -> None:
    """SIGHUP is left alone where it is ignored, as under nohup."""
    unharmed = False
    with handled(signal.SIGHUP, signal.SIG_IGN), ends_cleanly():
        tell(signal.SIGHUP)
        unharmed = True
    assert unharmed


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
