from outlast.runs.patience import Patience
from tests.fakes.clock import START
from tests.fakes.records import make_record

PATIENCE = Patience(lambda: START, 120.0, 8)


def test_a_lonely_run_may_stand_still_for_as_long_as_its_messages_may_be_hidden() -> None:
    """The patience without runs is two timeouts and the time after which a message reappears."""
    assert PATIENCE.seconds([]) == 840


def test_patience_grows_with_what_may_wait_for_a_slot() -> None:
    """The patience grows with the lanes of all runs at work, because each lane's call may wait for all others."""
    records = [make_record(state="storing", max_parallel=8)] * 12
    assert PATIENCE.seconds(records) > 840 + 12 * 8 / 8 * 108


def test_runs_that_wait_for_a_seat_hold_no_slot() -> None:
    """Queued runs do not lengthen the patience."""
    assert PATIENCE.seconds([make_record(state="queued")] * 1000) == 840
