"""How a history looks from outside."""

from typing import Any

from local.host.durable import events
from local.host.http import views
from tests.unit.local.host.pure import START


def shown(*recorded: events.Event) -> list[dict[str, Any]]:
    """Return the history as the management API shows it."""
    return views.history(recorded, show_output=True, show_input=True)


def test_a_call_under_way_is_shown_with_its_tags() -> None:
    """A call that has not ended has an entry with `Tags`, and the entry of its completion has none."""
    scheduled = events.task_scheduled(task=0, name="work", now=START)
    [view] = shown(scheduled)
    assert (view["EventType"], view["Tags"]) == ("TaskScheduled", None)
    [view] = shown(scheduled, events.task_completed(task=0, result="1", now=START))
    assert (view["EventType"], "Tags" in view) == ("TaskCompleted", False)
