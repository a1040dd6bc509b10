from datetime import UTC, datetime
from typing import Any

from bench.costing.histories import hub_operations, purge_operations, summed
from local.host.durable import events
from local.host.durable.events import Event, Kind

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STARTED = {"EventType": Kind.TURN_STARTED}
COMPLETED = {"EventType": Kind.TURN_COMPLETED}


def start(parent: Any = None) -> Event:
    return events.execution_started(instance="r", execution="e", name="o", input=None, now=NOW, parent=parent)


def calls(count: int) -> list[Event]:
    return [events.task_scheduled(task=task, name="step", now=NOW) for task in range(count)]


def results(count: int, result: str = "1") -> list[Event]:
    return [{"EventType": Kind.TASK_COMPLETED, "TaskScheduledId": task, "Result": result} for task in range(count)]


def test_a_run_is_its_instances_turns_and_calls() -> None:
    """Instances, turns, events and calls by name are summed over all histories of a run."""
    one = [STARTED, start(), *calls(2), COMPLETED, STARTED, *results(2), COMPLETED]
    found = summed([one, [STARTED, start({"Name": "o"}), COMPLETED]])
    assert (found.instances, found.turns, found.events, found.activity_calls) == (2, 3, 12, 2)
    assert found.calls == {"step": 2}


def test_a_turn_costs_what_the_task_hub_does_for_it() -> None:
    """A child's turn costs its message (put, get, delete), three for its history, and three for each activity that it
    calls; a start by a client costs three more."""
    assert hub_operations([STARTED, start({"Name": "o"}), COMPLETED]) == 3 + 3
    assert hub_operations([STARTED, start({"Name": "o"}), *calls(1), COMPLETED]) == 3 + 3 + 3
    assert hub_operations([STARTED, start(), COMPLETED]) == 3 + 3 + 3


def test_messages_of_one_turn_are_got_together() -> None:
    """Thirty-two results that arrive in one turn are got by one request, and the thirty-third by another."""
    first = [STARTED, start({"Name": "o"}), COMPLETED]
    turn = [hub_operations([*first, STARTED, *results(count), COMPLETED]) - 6 for count in (1, 32, 33)]
    assert turn == [1 + 2 + 3, 1 + 64 + 3, 2 + 66 + 3]


def test_a_long_history_is_read_and_written_in_pages() -> None:
    """A thousand rows are one page to read, the sentinel among them, and ninety-nine new events one batch to write."""
    for before, pages in ((999, 1), (1_000, 2)):
        first = [STARTED, start({"Name": "o"}), *calls(before - 3), COMPLETED]
        assert hub_operations(first) == 3 + 1 + 11 + 1 + 3 * (before - 3)
        again = hub_operations([*first, STARTED, *results(1), COMPLETED]) - hub_operations(first)
        assert again == 3 + pages + 1 + 1


def test_a_large_message_is_a_blob() -> None:
    """A result of more than 45 KB is written to a blob and read from it."""
    first = [STARTED, start({"Name": "o"}), COMPLETED]
    small, large = (hub_operations([*first, STARTED, *results(1, "x" * size), COMPLETED]) for size in (100, 50_000))
    assert large - small == 2


def test_a_purge_deletes_a_hundred_rows_at_once() -> None:
    """A history of 99 events and its sentinel are deleted by one request, and one more event takes another."""
    assert purge_operations([STARTED] * 99) == 3 + 1 + 1
    assert purge_operations([STARTED] * 100) == 3 + 1 + 2
