"""The history after a rewind of a failed instance."""

from collections.abc import Callable
from typing import Any

import azure.durable_functions as df
import pytest

from local.host.durable.rewind import failed_children, request, rewound
from tests.unit.local.host.pure import Code, Context, Pure

RETRY = df.RetryOptions(1000, 2)


def failing(code: Code, *steps: Callable[[Pure], Any]) -> Pure:
    """Return an instance that these steps have made fail."""
    pure = Pure(code)
    for step in steps:
        pure.take(step(pure))
    assert pure.last.status == "Failed"
    return pure


def again(pure: Pure) -> None:
    """Rewind the instance and take the turn that follows."""
    pure.history = rewound(pure.history)
    pure.take(request("again", pure.now))


def chain(context: Context) -> Any:
    """Call an activity that works and one that fails."""
    first = yield context.call_activity("works")
    return [first, (yield context.call_activity("fails"))]


def test_what_worked_is_not_done_again() -> None:
    """A rewound instance calls only the failed activity, under its old task id, and completes."""
    pure = failing(chain, lambda p: p.completed(0, 1), lambda p: p.failed(1))
    again(pure)
    assert [(c.task, c.name) for c in pure.last.calls] == [(1, "fails")]
    pure.take(pure.completed(1, 2))
    assert pure.last.output == "[1,2]"


def retried(context: Context) -> Any:
    """Make two calls with a retry policy, one after the other."""
    first = yield context.call_activity_with_retry("first", RETRY)
    return [first, (yield context.call_activity_with_retry("second", RETRY))]


def test_a_call_with_a_policy_gets_all_its_attempts_again() -> None:
    """A rewind drops the attempts and timers of the failed call and keeps a call that a later attempt completed."""
    pure = failing(
        retried,
        lambda p: p.failed(0),
        lambda p: p.fired(1),
        lambda p: p.completed(2, "saved"),
        lambda p: p.failed(3),
        lambda p: p.fired(4),
        lambda p: p.failed(5),
        lambda p: p.fired(6),
    )
    again(pure)
    assert [(c.task, c.name) for c in pure.last.calls] == [(3, "second")]
    pure.take(pure.failed(3))
    pure.take(pure.fired(4))
    pure.take(pure.completed(5, "at last"))
    assert pure.last.output == '["saved","at last"]'


@pytest.mark.parametrize("policy", [None, RETRY], ids=["once", "with a policy"])
def test_a_failed_child_is_waited_for_again(policy: Any) -> None:
    """A rewind makes the parent wait for its first failed child, which is rewound and not created again."""

    def code(context: Context) -> Any:
        if policy is None:
            return (yield context.call_sub_orchestrator("child"))
        return (yield context.call_sub_orchestrator_with_retry("child", policy))

    pure = Pure(code)
    pure.take(pure.child_failed(0))
    if policy is not None:
        pure.take(pure.fired(1))
        pure.take(pure.child_failed(2))
        pure.take(pure.fired(3))
    assert pure.last.status == "Failed"
    assert failed_children(pure.history) == ["x:0"]
    again(pure)
    assert (pure.last.status, pure.last.children) == ("Running", [])
    pure.take(pure.child_completed(0, "well"))
    assert pure.last.output == '"well"'
