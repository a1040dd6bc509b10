"""What the host makes of an app's functions."""

from typing import Any

import pytest

from local.host.functions import Refused, register


def described(name: str, *types: str, reason: str | None = None, **trigger: Any) -> dict[str, Any]:
    """A function as a worker describes it, its trigger first."""
    bindings = [{"type": t, "name": f"b{n}", **(trigger if n == 0 else {})} for n, t in enumerate(types)]
    return {"name": name, "trigger": types[0], "bindings": bindings, "reason": reason}


def test_functions_are_sorted_by_their_triggers() -> None:
    """Routes, timers, orchestrators, activities, and who wants a client."""
    registered = register(
        [
            described("web", "httpTrigger", "durableClient", route="w"),
            described("tick", "timerTrigger", schedule="0 * * * * *"),
            described("Story", "orchestrationTrigger"),
            described("step", "activityTrigger"),
        ],
        "api",
    )
    assert [r.function for r in registered.routes] == ["web"]
    assert list(registered.timers) == ["tick"]
    assert registered.durable.orchestrators == {"story": "Story"}
    assert registered.durable.activities == {"step": "step"}
    assert registered.clients == {"web"}


def test_an_activity_may_be_called_by_another_name() -> None:
    """The one that its trigger says."""
    registered = register([described("step", "activityTrigger", activity="Other")], "api")
    assert registered.durable.activities == {"other": "step"}


def test_a_function_with_another_binding_is_reported() -> None:
    """It is not registered, and the reason is kept for who asks."""
    registered = register([described("f", "httpTrigger", "blob", reason="its binding blob is not supported")], "api")
    assert (registered.routes, registered.unsupported) == ([], {"f": "its binding blob is not supported"})


@pytest.mark.parametrize("trigger", ["queueTrigger", "eventHubTrigger", "serviceBusTrigger", "blobTrigger", "none"])
def test_a_trigger_whose_messages_would_be_lost_is_refused(trigger: str) -> None:
    """By the function's name and its own."""
    with pytest.raises(Refused, match=f"'f' waits for {trigger}"):
        register([described("f", trigger, reason="x")], "api")


def test_an_entity_is_only_reported() -> None:
    """Its absence loses nothing."""
    assert register([described("f", "entityTrigger", reason="no")], "api").unsupported == {"f": "no"}
