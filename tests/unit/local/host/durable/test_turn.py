"""The ten rules of the out-of-process protocol that re-implementations often break, and their consequences."""

import json
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
import pytest

from local.host.durable import events
from local.host.durable.answers import Answer
from local.host.durable.events import Kind
from local.host.durable.turn import apply, begin
from tests.unit.local.host.pure import START, Context, Pure, ask


class Backoff(df.RetryOptions):  # type: ignore[misc]  # the SDK ships no types
    """A policy with growing, capped intervals, which the SDK's own class lacks."""

    def to_json(self) -> dict[str, Any]:
        """Return the policy as the host reads it."""
        own: dict[str, Any] = super().to_json()
        return {**own, "backoffCoefficient": 3, "maxRetryIntervalInMilliseconds": 5000}


def names(pure: Pure) -> list[str]:
    """Return the names of the activities called so far."""
    return [call.name for call in pure.calls]


# ---- rule 1: actions are awaited in their order ---------------------------------------------------------------------


def all_then_one(context: Context) -> Any:
    """Compensate as soon as the SDK sees the first failure."""
    try:
        yield context.task_all([context.call_activity(name) for name in ("a", "b", "c")])
    except Exception:  # noqa: BLE001 - the SDK's failures have no type of their own
        yield context.call_activity("undo")
    return "over"


def test_what_follows_a_failed_task_all_waits_for_all_of_it() -> None:
    """The call that follows a failed task_all is made when its last task has ended, although the SDK goes on at the
    first failure."""
    pure = Pure(all_then_one)
    pure.take(pure.failed(0))
    pure.take(pure.completed(1))
    assert names(pure) == ["a", "b", "c"]
    pure.take(pure.completed(2))
    assert names(pure) == ["a", "b", "c", "undo"]


def window(context: Context) -> Any:
    """Run a sliding window with task_any, as people write it."""
    running = [context.call_activity("a"), context.call_activity("b")]
    waiting = ["c", "d"]
    while running:
        done = yield context.task_any(running)
        running.remove(done)
        if waiting:
            running.append(context.call_activity(waiting.pop(0)))
    return "over"


def test_a_window_of_task_any_falls_to_one_in_flight() -> None:
    """A sliding window with task_any has one call in flight after its first ones, because the host waits for the newest
    call alone."""
    pure = Pure(window)
    pure.take(pure.completed(0))
    assert names(pure) == ["a", "b", "c"]
    pure.take(pure.completed(1))
    assert names(pure) == ["a", "b", "c"]  # the SDK already wants "d"
    pure.take(pure.completed(2))
    assert names(pure) == ["a", "b", "c", "d"]


# ---- rule 2: the end counts only when nothing is open ---------------------------------------------------------------


def first_of_two(context: Context) -> Any:
    """Return the result of the first of two calls."""
    done = yield context.task_any([context.call_activity("fast"), context.call_activity("slow")])
    return done.result


def test_an_instance_is_not_over_before_its_last_task() -> None:
    """An instance whose task_any has ended stays Running until its other task has ended."""
    pure = Pure(first_of_two)
    pure.take(pure.completed(0, "first"))
    assert pure.last.status == "Running"
    pure.take(pure.completed(1, "second"))
    assert (pure.last.status, pure.last.output) == ("Completed", '"first"')


def test_a_failure_waits_for_the_others_too() -> None:
    """An instance whose task_all has failed becomes Failed when its slowest task has ended."""

    def code(context: Context) -> Any:
        yield context.task_all([context.call_activity("a"), context.call_activity("b")])

    pure = Pure(code)
    pure.take(pure.failed(1))
    assert pure.last.status == "Running"
    pure.take(pure.completed(0))
    assert pure.last.status == "Failed"


def test_termination_waits_for_nothing() -> None:
    """A terminated instance is over at once, whatever is open, and the SDK is not called."""
    pure = Pure(first_of_two)
    pure.take(events.terminated(reason="enough", now=pure.now))
    assert (pure.last.status, pure.last.output) == ("Terminated", '"enough"')
    assert pure.kinds()[-2:] == [Kind.EXECUTION_COMPLETED, Kind.TURN_COMPLETED]


def race(context: Context) -> Any:
    """Wait for an event or a timer, and cancel the timer when it loses."""
    timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=20))
    event = context.wait_for_external_event("go")
    yield context.task_any([timer, event])
    if not timer.is_completed:
        timer.cancel()
    return event.result


def test_a_cancelled_timer_keeps_nothing_open() -> None:
    """An instance completes with its event when it has cancelled its timer."""
    pure = Pure(race)
    pure.take(pure.raised("go", 7))
    assert (pure.last.status, pure.last.output) == ("Completed", "7")


def test_a_timer_cancelled_on_the_way_is_taken_back() -> None:
    """An outcome names the timer that an orchestration cancels before it goes on."""

    def code(context: Context) -> Any:
        yield from race(context)
        yield context.call_activity("after")

    pure = Pure(code)
    pure.take(pure.raised("go"))
    assert pure.last.cancelled == [0]
    pure.take(pure.completed(1))
    assert pure.last.status == "Completed"


def test_a_timer_that_is_not_cancelled_keeps_the_instance_running() -> None:
    """An instance with a timer that it does not cancel stays Running until the timer fires."""

    def code(context: Context) -> Any:
        timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=20))
        yield context.task_any([timer, context.wait_for_external_event("go")])

    pure = Pure(code)
    pure.take(pure.raised("go"))
    assert pure.last.status == "Running"
    pure.take(pure.fired(0))
    assert pure.last.status == "Completed"


# ---- rules 3 and 4: task ids and retries ----------------------------------------------------------------------------


def retried(context: Context) -> Any:
    """Make a call with a retry policy."""
    return (yield context.call_activity_with_retry("flaky", Backoff(500, 5), 1))


def test_retries_take_their_ids_as_they_happen() -> None:
    """The attempts of a call and the timers between them take consecutive task ids."""
    pure = Pure(retried)
    for task in (0, 2):
        pure.take(pure.failed(task))
        pure.take(pure.fired(task + 1))
    pure.take(pure.completed(4, "at last"))
    assert [c.task for c in pure.calls] == [0, 2, 4]
    assert [t.task for t in pure.timers] == [1, 3]
    assert pure.last.output == '"at last"'


def test_each_delay_grows_to_the_cap_and_the_last_timer_is_due_at_once() -> None:
    """Five attempts with coefficient 3 and a cap of 5 s wait 0.5, 1.5, 4.5, 5 and 0 seconds."""
    pure = Pure(retried)
    delays = []
    for task in range(0, 10, 2):
        pure.take(pure.failed(task))
        failed_at = next(e for e in reversed(pure.history) if e["EventType"] == Kind.TURN_STARTED)
        due = events.moment(pure.timers[-1].fire_at)
        delays.append((due - events.moment(failed_at["Timestamp"])).total_seconds())
        pure.take(pure.fired(task + 1))
    assert delays == [0.5, 1.5, 4.5, 5, 0]
    assert pure.last.status == "Failed"
    assert pure.kinds().count(Kind.TASK_FAILED) == pure.kinds().count(Kind.TIMER_FIRED) == 5


def test_a_delay_without_a_cap_may_outgrow_the_calendar() -> None:
    """A retry whose delay overflows waits until the last possible date."""

    class Explosive(df.RetryOptions):  # type: ignore[misc]  # the SDK ships no types
        def to_json(self) -> dict[str, Any]:
            return {**super().to_json(), "backoffCoefficient": 1e300}

    def code(context: Context) -> Any:
        yield context.call_activity_with_retry("flaky", Explosive(1000, 9))

    pure = Pure(code)
    pure.take(pure.failed(0))
    pure.take(pure.fired(1))
    pure.take(pure.failed(2))
    assert events.moment(pure.timers[-1].fire_at) > START + timedelta(days=30000)


def test_a_failure_that_no_attempt_can_change_is_retried_without_waiting() -> None:
    """A final failure, such as an unknown name, is retried without delays, because the SDK counts the attempts."""
    pure = Pure(retried)
    pure.take(pure.failed(0, final=True))
    assert events.moment(pure.timers[0].fire_at) == pure.now


# ---- rule 5: completions that mean nothing --------------------------------------------------------------------------


def test_a_second_result_for_a_task_is_ignored() -> None:
    """A second result of a task enters the history neither in the same turn nor in a later one."""
    pure = Pure(first_of_two)
    pure.take(pure.completed(0, "first"), pure.completed(0, "again"))
    assert pure.take(pure.completed(0, "again")) is None
    assert pure.kinds().count(Kind.TASK_COMPLETED) == 1


def test_a_result_for_a_task_that_was_never_scheduled_is_ignored() -> None:
    """A result of a task that was never scheduled causes no turn."""
    assert Pure(first_of_two).take(events.task_completed(task=9, result="1", now=START)) is None


# ---- rule 6: the shape of a turn ------------------------------------------------------------------------------------


def test_a_turn_takes_everything_that_waits() -> None:
    """A turn's events are its start, all messages that arrived, what it schedules, and its end."""
    pure = Pure(all_then_one)
    pure.take(pure.completed(1), pure.completed(0), pure.completed(2))
    turn = [Kind.TURN_STARTED, *[Kind.TASK_COMPLETED] * 3, Kind.EXECUTION_COMPLETED, Kind.TURN_COMPLETED]
    assert pure.kinds()[-6:] == turn


def test_the_orchestrators_clock_never_runs_backwards() -> None:
    """A turn of a host whose clock was set back has a time that is not before the last turn's."""
    pure = Pure(all_then_one)
    pure.now -= timedelta(hours=1)
    pure.take(pure.completed(0))
    started = [events.moment(e["Timestamp"]) for e in pure.history if e["EventType"] == Kind.TURN_STARTED]
    assert started == sorted(started)


def test_the_start_comes_first_whatever_arrived_before_it() -> None:
    """An event that arrives before the first turn stands after the start in the history."""
    pure = Pure(race)
    turn = begin([], [pure.raised("go"), pure.started], START)
    assert turn is not None
    assert [e["EventType"] for e in turn.new[1:]] == [Kind.EXECUTION_STARTED, Kind.EVENT_RAISED]


# ---- rule 7: what the context says ----------------------------------------------------------------------------------


def test_a_long_timer_is_set_in_pieces() -> None:
    """A timer of ten days is set in pieces of three days and the rest, by the SDK's own arithmetic."""

    def code(context: Context) -> Any:
        yield context.create_timer(context.current_utc_datetime + timedelta(days=10))
        return "woken"

    pure = Pure(code)
    for task in range(2):
        pure.now = events.moment(pure.timers[-1].fire_at)
        pure.take(pure.fired(task))
    assert len(pure.timers) == 3
    pure.now = events.moment(pure.timers[-1].fire_at)
    pure.take(pure.fired(2))
    assert pure.last.output == '"woken"'


def test_a_long_timer_that_is_cancelled_keeps_the_instance_for_its_piece() -> None:
    """An instance that cancels a long timer stays Running until its current piece fires, because the SDK does not
    cancel the piece."""

    def code(context: Context) -> Any:
        timer = context.create_timer(context.current_utc_datetime + timedelta(days=30))
        yield context.task_any([timer, context.wait_for_external_event("go")])
        timer.cancel()
        return "early"

    pure = Pure(code)
    pure.take(pure.raised("go"))
    assert pure.last.status == "Running"
    pure.now = events.moment(pure.timers[-1].fire_at)
    pure.take(pure.fired(0))
    assert (pure.last.status, pure.last.output) == ("Completed", '"early"')


@pytest.mark.parametrize(
    ("kept", "seen"),
    [(None, None), ('"{\\"n\\": 5}"', '{"n": 5}'), ('{"n":5}', {"n": 5}), ("[1,2]", "[1, 2]"), ("7", "7")],
)
def test_the_sdk_is_given_an_input_that_it_can_read(kept: str | None, seen: Any) -> None:
    """The SDK gets the input of its own client, which is JSON in JSON, and of the webhook, which is any JSON, in a form
    that it can parse."""
    start = events.execution_started(instance="i", execution="x", name="n", input=kept, now=START)
    turn = begin([], [start], START)
    assert turn is not None
    assert turn.context["input"] == seen


# ---- rule 8: failing orchestrators ----------------------------------------------------------------------------------


def test_a_failing_orchestrator_keeps_its_custom_status() -> None:
    """A failed orchestrator keeps its actions and its custom status, and its output is the exception's text."""

    def code(context: Context) -> Any:
        yield context.call_activity("a")
        context.set_custom_status({"at": "the end"})
        raise KeyError("orchestrator bug")

    pure = Pure(code)
    pure.take(pure.completed(0))
    assert pure.last.output == json.dumps("Orchestrator function 'code' failed: 'orchestrator bug'")
    assert pure.last.custom_status == '{"at":"the end"}'


def test_an_orchestrator_that_breaks_the_sdk_fails_with_its_stack() -> None:
    """An orchestrator that yields no task fails with the SDK's stack in its output."""

    def code(_: Context) -> Any:
        yield 1

    expected = "Orchestrator function 'code' failed: One or more errors occurred. (Result: Failure\nException: "
    assert json.loads(Pure(code).last.output or "").startswith(expected)


def test_a_result_that_json_cannot_hold_fails_the_instance() -> None:
    """An orchestrator whose result is not JSON fails with the SDK's text."""

    def code(context: Context) -> Any:
        yield context.call_activity("a")
        return object()

    pure = Pure(code)
    pure.take(pure.completed(0))
    assert (pure.last.output or "").endswith('Object of type object is not JSON serializable"')


def test_an_absent_custom_status_leaves_the_old_one() -> None:
    """A turn that sets no custom status returns None for it."""
    assert Pure(first_of_two).last.custom_status is None


def test_a_custom_status_above_the_limit_fails_the_instance() -> None:
    """A custom status above 16 KB in UTF-16 fails the instance with the Azure host's text."""

    def code(context: Context) -> Any:
        context.set_custom_status("x" * 20000)
        yield context.call_activity("a")

    last = Pure(code).last
    said = json.loads(last.output or "")
    assert said == next(e["Result"] for e in last.events if e["EventType"] == Kind.EXECUTION_COMPLETED)
    assert said.partition(" failed: ")[::2] == (
        "Orchestrator function 'code'",
        "The UTF-16 size of the JSON-serialized payload must not exceed 16 KB. The current payload size is 39 KB.",
    )


# ---- rule 9: continue-as-new and children ---------------------------------------------------------------------------


def test_continue_as_new_carries_over_what_nobody_took() -> None:
    """The next generation has the same instance, another execution, the waiting events, and the end of this turn."""

    def code(context: Context) -> Any:
        yield context.call_activity("a")
        context.continue_as_new({"n": 1})

    pure = Pure(code)
    pure.take(pure.raised("later", 1), pure.completed(0))
    start, *carried = pure.last.successor or []
    assert json.loads(json.loads(start["Input"])) == {"n": 1}
    assert start["OrchestrationInstance"] == {"InstanceId": "me", "ExecutionId": "id0"}
    *waiting, end = carried
    assert (start["Generation"], [e["Name"] for e in waiting]) == (None, ["later"])
    assert end["EventType"] == Kind.TURN_COMPLETED
    assert pure.last.events == []


def test_continue_as_new_waits_for_open_tasks() -> None:
    """Continue-as-new takes effect when the last open task of this generation has ended."""

    def code(context: Context) -> Any:
        yield context.task_any([context.call_activity("a"), context.call_activity("b")])
        context.continue_as_new(None)

    pure = Pure(code)
    pure.take(pure.completed(0))
    assert (pure.last.status, pure.last.successor) == ("Running", None)
    pure.take(pure.completed(1))
    assert pure.last.successor is not None


def test_an_event_after_continue_as_new_is_for_the_next_generation() -> None:
    """An event that arrives after continue-as-new goes to the next generation, not to a wait that this one gave up."""

    def code(context: Context) -> Any:
        timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
        yield context.task_any([timer, context.wait_for_external_event("go"), context.call_activity("slow")])
        context.continue_as_new(None)

    pure = Pure(code)
    pure.take(pure.fired(0))
    pure.take(pure.raised("go", 5))
    pure.take(pure.completed(1))
    assert [e["Name"] for e in (pure.last.successor or [])[1:-1]] == ["go"]


def test_a_child_has_the_version_of_its_call_or_the_default() -> None:
    """A child has the version that its call names, or else the default version."""

    def code(context: Context) -> Any:
        own = context.call_sub_orchestrator("child", None, None, "2.0")
        yield context.task_all([context.call_sub_orchestrator("child"), own])

    turn = begin([], [Pure(code).started], START)
    assert turn is not None
    outcome = apply(turn, ask(code, turn.context), START, str, "1.0")
    assert [c["Version"] for c in outcome.children] == ["1.0", "2.0"]
    assert [e["Version"] for e in outcome.events if e["EventType"] == Kind.CHILD_CREATED] == ["1.0", "2.0"]


def test_a_child_without_an_id_is_named_by_its_parents_execution() -> None:
    """A child without an instance id gets one from its parent's execution and task, and every child knows its parent's
    task."""

    def code(context: Context) -> Any:
        unnamed = context.call_sub_orchestrator("child", {"n": 1})
        yield context.task_all([unnamed, context.call_sub_orchestrator("child", None, "chosen")])

    children = Pure(code).last.children
    assert [c["OrchestrationInstance"]["InstanceId"] for c in children] == ["x:0", "chosen"]
    assert [c["ParentInstance"]["TaskScheduleId"] for c in children] == [0, 1]
    assert json.loads(children[0]["Input"]) == '{"n": 1}'


def test_a_child_reports_how_it_ended() -> None:
    """A child reports its result, or the whole text of its failure, to its parent."""
    parent = events.parent_of(name="parent", instance="p", execution="px", task=4)
    start = events.execution_started(instance="c", execution="cx", name="c", input=None, now=START, parent=parent)
    turn = begin([], [start], START)
    assert turn is not None
    good = apply(turn, Answer(done=True, output="[1]"), START, str).report
    bad = apply(turn, Answer(error="no luck"), START, str).report
    assert good is not None
    assert bad is not None
    assert (good["EventType"], good["TaskScheduledId"], good["Result"]) == (Kind.CHILD_COMPLETED, 4, "[1]")
    assert (bad["EventType"], bad["Reason"]) == (Kind.CHILD_FAILED, "Orchestrator function 'c' failed: no luck")


# ---- rule 10: suspended ---------------------------------------------------------------------------------------------


def chain(context: Context) -> Any:
    """Call two activities, one after the other."""
    yield context.call_activity("first")
    return (yield context.call_activity("second"))


def test_a_suspended_instance_records_but_schedules_nothing() -> None:
    """A suspended instance records a result, calls nothing before it is resumed, and has the reason as its output
    meanwhile."""
    pure = Pure(chain)
    pure.take(events.suspended(reason="pause", now=pure.now))
    pure.take(pure.completed(0))
    assert (pure.last.status, pure.last.output, names(pure)) == ("Suspended", '"pause"', ["first"])
    pure.take(events.resumed(reason="go on", now=pure.now))
    assert (pure.last.status, pure.last.output, names(pure)) == ("Running", None, ["first", "second"])


def test_what_is_decided_in_the_turn_that_suspends_waits_too() -> None:
    """An instance whose start and suspend arrive together calls nothing before it is resumed."""
    pure = Pure(chain)
    suspended = events.suspended(reason="pause", now=pure.now)
    turn = begin([], [suspended, pure.started], START)
    assert turn is not None
    outcome = apply(turn, ask(chain, turn.context), START, str)
    assert (outcome.status, outcome.calls) == ("Suspended", [])
    turn = begin(outcome.events, [events.resumed(reason=None, now=START)], START)
    assert turn is not None
    assert [c.name for c in apply(turn, ask(chain, turn.context), START, str).calls] == ["first"]


def test_a_suspended_instance_does_not_end() -> None:
    """A suspended instance with its last result becomes Completed when it is resumed."""
    pure = Pure(chain)
    pure.take(pure.completed(0))
    pure.take(events.suspended(reason=None, now=pure.now), pure.completed(1, 2))
    assert pure.last.status == "Suspended"
    pure.take(events.resumed(reason=None, now=pure.now))
    assert (pure.last.status, pure.last.output) == ("Completed", "2")


def test_a_suspended_instance_can_be_terminated() -> None:
    """A suspended instance that is terminated is over at once."""
    pure = Pure(chain)
    pure.take(events.suspended(reason=None, now=pure.now))
    pure.take(events.terminated(reason=None, now=pure.now))
    assert (pure.last.status, pure.last.output) == ("Terminated", None)


# ---- events ---------------------------------------------------------------------------------------------------------


def twice(context: Context) -> Any:
    """Wait for the same event twice."""
    first = yield context.wait_for_external_event("go")
    second = yield context.wait_for_external_event("go")
    return [first, second]


def test_events_that_come_early_are_delivered_in_order() -> None:
    """Events that arrive together before their waits are delivered in order."""
    pure = Pure(twice)
    pure.take(pure.raised("go", 1), pure.raised("go", 2))
    assert pure.last.output == "[1,2]"


def test_the_newest_wait_gets_the_event() -> None:
    """An event goes to the newest wait for it, not to an older one that lost to a timer."""

    def code(context: Context) -> Any:
        timer = context.create_timer(context.current_utc_datetime + timedelta(seconds=1))
        yield context.task_any([timer, context.wait_for_external_event("go")])
        value = yield context.wait_for_external_event("go")
        return (yield context.call_activity("use", value))

    pure = Pure(code)
    pure.take(pure.fired(0))
    pure.take(pure.raised("go", 5))
    assert [(c.name, c.input) for c in pure.calls] == [("use", "5")]


# ---- what does not fit ----------------------------------------------------------------------------------------------


ACTIVITY = "an activity task with sequence number 0 named 'first', but the current orchestration replay instead "
CHILD = "a sub-orchestration task with sequence ID 0 and name 'first' (version '', instance ID 'own'), but the current "
TIMER = "a timer task with sequence number 0"
CALLS: dict[str, Any] = {
    "activity": lambda c: c.call_activity("first"),
    "child": lambda c: c.call_sub_orchestrator("first", None, "own"),
    "timer": lambda c: c.create_timer(START),
    "other activity": lambda c: c.call_activity("other"),
    "other child": lambda c: c.call_sub_orchestrator("other"),
    "nothing": lambda c: c.wait_for_external_event("go"),
}


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        (
            "activity",
            "other activity",
            ACTIVITY + "scheduled an activity task named 'other' with this sequence number. ",
        ),
        ("activity", "timer", ACTIVITY + "produced a CreateTimerOrchestratorAction action with this sequence number."),
        (
            "activity",
            "nothing",
            "an activity task with sequence ID 0 and name 'first' (version ''), but the current replay execution "
            "hasn't (yet?) scheduled this task.",
        ),
        (
            "child",
            "other child",
            CHILD + "orchestration replay instead scheduled a sub-orchestration task with name other at this sequence "
            "number.",
        ),
        (
            "child",
            "activity",
            CHILD + "orchestration replay instead produced a ScheduleTaskOrchestratorAction action at this sequence "
            "number.",
        ),
        ("child", "nothing", CHILD + "replay execution hasn't (yet?) scheduled this task."),
        (
            "timer",
            "child",
            TIMER
            + " named but the current orchestration replay instead produced a CreateSubOrchestrationAction action "
            "with this sequence number.",
        ),
        ("timer", "nothing", TIMER + " but the current replay execution hasn't (yet?) scheduled this task."),
    ],
)
def test_changed_code_is_found_out(before: str, now: str, said: str) -> None:
    """A replay that does something else than its history fails the instance with the Durable Task Framework's text."""

    def code(context: Context) -> Any:
        yield CALLS[before](context)

    def changed(context: Context) -> Any:
        yield CALLS[now](context)

    pure = Pure(code)
    pure.code = changed
    pure.take(pure.raised("anything"))
    assert pure.last.status == "Failed"
    began = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled "
    ended = " Was a change made to the orchestrator code after this instance had already started running?"
    assert json.loads(pure.last.output or "") == began + said + ended


def test_an_action_that_is_not_supported_fails_the_instance() -> None:
    """An action that the host does not support fails the instance at once, with a text that says so."""
    start = events.execution_started(instance="i", execution="x", name="n", input=None, now=START)
    turn = begin([], [start], START)
    assert turn is not None
    outcome = apply(turn, Answer(actions=[{"actionType": 99}]), START, str)
    assert outcome.status == "Failed"
    assert "not supported by this host" in (outcome.output or "")


def test_an_empty_task_all_is_over_at_once() -> None:
    """An empty task_all ends at once with null, as on the Azure host."""

    def code(context: Context) -> Any:
        return (yield context.task_all([]))

    assert (Pure(code).last.status, Pure(code).last.output) == ("Completed", None)
