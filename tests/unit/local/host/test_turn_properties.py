"""An orchestration has the same output in whatever order and however often its messages arrive."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import azure.durable_functions as df
from hypothesis import given
from hypothesis import strategies as st

from local.host.durable import events
from local.host.durable.events import Event, Kind
from tests.unit.local.host.pure import Code, Context, Pure

Step = tuple[str, int]
EVENT = "go"
MOST_TURNS = 500  # far more than any of these programs needs: a run that takes them has lost a message

steps = st.lists(
    st.one_of(
        st.tuples(st.just("call"), st.just(1)),
        st.tuples(st.just("all"), st.integers(0, 4)),
        st.tuples(st.just("retry"), st.integers(0, 2)),
        st.tuples(st.just("timer"), st.integers(0, 3)),
        st.tuples(st.just("event"), st.just(1)),
    ),
    min_size=1,
    max_size=6,
)


def program(plan: list[Step]) -> Code:
    """Return an orchestrator that does what the plan says."""

    def code(context: Context) -> Any:
        results = []
        for number, (kind, size) in enumerate(plan):
            results.append((yield DOES[kind](context, number, size)))
        return results

    return code


DOES: dict[str, Callable[[Context, int, int], Any]] = {
    "call": lambda c, n, _: c.call_activity("work", [n, 0]),
    "all": lambda c, n, size: c.task_all([c.call_activity("work", [n, i]) for i in range(size)]),
    "retry": lambda c, n, size: c.call_activity_with_retry(f"fails{size}", df.RetryOptions(1000, 3), [n, 0]),
    "timer": lambda c, _, size: c.create_timer(c.current_utc_datetime + timedelta(seconds=size)),
    "event": lambda c, *_: c.wait_for_external_event(EVENT),
}


class World:
    """The surroundings of an instance, which repeat and reorder messages but deliver each in the end."""

    def __init__(self, plan: list[Step]) -> None:
        self.pure = Pure(program(plan))
        self._attempts: Counter[str] = Counter()
        self._seen = 0
        self.pending: list[Event] = [self.pure.raised(EVENT, "value") for kind, _ in plan if kind == "event"]
        self.delivered: list[Event] = []
        self._collect()

    def deliver(self, messages: list[Event]) -> None:
        """Take one turn with these messages."""
        for message in messages:
            if message in self.pending:
                self.pending.remove(message)
                self.delivered.append(message)
        self.pure.take(*messages)
        self._collect()

    def repeatable(self) -> list[Event]:
        """Return the delivered messages that may come again. An event that is raised twice would be two events."""
        return [m for m in self.delivered if m["EventType"] != Kind.EVENT_RAISED]

    def _collect(self) -> None:
        for outcome in self.pure.outcomes[self._seen :]:
            self.pending += [self._result(call.task, call.name, call.input or "") for call in outcome.calls]
            self.pending += [self.pure.fired(timer.task) for timer in outcome.timers]
        self._seen = len(self.pure.outcomes)

    def _result(self, task: int, name: str, given: str) -> Event:
        self._attempts[given] += 1
        if name.startswith("fails") and self._attempts[given] <= int(name[5:]):
            return self.pure.failed(task)
        return self.pure.completed(task, f"done {given}")


def finish(world: World, choose: Callable[[World], list[Event]]) -> Pure:
    """Deliver as chosen until the instance is over."""
    for _ in range(MOST_TURNS):
        if world.pure.last.status == "Completed":
            return world.pure
        world.deliver(choose(world))
    raise AssertionError(f"still {world.pure.last.status}; waiting: {world.pending}")


@given(plan=steps, data=st.data())
def test_every_order_of_messages_leads_to_the_same_end(plan: list[Step], data: st.DataObject) -> None:
    """An instance whose messages arrive late, early, together or twice has the output of an orderly run, and each task
    ends once."""

    def disorderly(world: World) -> list[Event]:
        now = data.draw(st.lists(st.sampled_from(world.pending), min_size=1, unique_by=id))
        again = st.lists(st.sampled_from(world.repeatable()), max_size=2) if world.repeatable() else st.just([])
        return data.draw(st.permutations([*now, *data.draw(again)]))

    orderly = finish(World(plan), lambda world: world.pending[:1])
    pure = finish(World(plan), disorderly)
    assert pure.last.output == orderly.last.output
    ended = Counter(events.completes(e) for e in pure.history if e["EventType"] in events.COMPLETIONS)
    scheduled = {e["EventId"] for e in pure.history if e["EventType"] in events.SCHEDULES}
    assert ended == Counter(dict.fromkeys(scheduled, 1))
