"""The context of an orchestrator, and the replay of an orchestrator from what was recorded."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.fakes.clock import START

LONGEST_TIMER = 86_400.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Action:
    """What an orchestrator asks for: an activity, an orchestrator, an event, a timer of so many `seconds`, or all or
    any of `parts`."""

    kind: str
    name: str = ""
    given: Any = None
    instance_id: str = ""
    attempts: int = 1
    parts: tuple["Action", ...] = ()
    seconds: float = field(default=0.0, compare=False)
    is_completed = False

    def cancel(self) -> None:
        """A timer that is cancelled keeps nothing open."""
        assert self.kind == "timer", f"only a timer can be cancelled, not an {self.kind}"


@dataclass(frozen=True, slots=True)
class First:
    """The result of a `task_any`: which of its parts came first."""

    at: int


@dataclass(slots=True)
class Record:
    """Each action with its result: `("value", …)` or `("error", …)`."""

    actions: list[Action] = field(default_factory=list)
    results: list[tuple[str, Any]] = field(default_factory=list)
    ended: tuple[str, Any] | None = None

    def ask(self, step: Callable[[], Action]) -> Action | None:
        """Run the orchestrator to its next action; return None if it has ended."""
        try:
            action = step()
        except StopIteration as stop:
            self.ended = ("value", stop.value)
        except Exception as error:  # noqa: BLE001  # kept, and raised by `returned`
            self.ended = ("error", error)
        else:
            self.actions.append(action)
            return action
        return None

    def hear(self, value: Any) -> None:
        self.results.append(("value", value))

    def hear_failure(self, error: Exception) -> None:
        self.results.append(("error", error))

    def returned(self) -> Any:
        assert self.ended is not None
        kind, value = self.ended
        if kind == "error":
            raise value
        return value


@dataclass(slots=True)
class ReplayContext:
    """`outlast.durable.Context`, for tests. It refuses the shapes of fan-out that go wrong on the real host.

    Time passes by timers alone."""

    instance_id: str
    given: Any
    is_replaying: bool = False
    current_utc_datetime: datetime = START
    statuses: list[Any] = field(default_factory=list)
    continued: Any = None
    record: Record = field(default_factory=Record)

    def get_input(self) -> Any:
        return self.given

    def set_custom_status(self, status: Any) -> None:
        self.statuses.append(status)

    def call_activity_with_retry(self, name: str, retry_options: Any, input_: Any) -> Action:
        return Action("activity", name, input_, attempts=retry_options.to_json()["maxNumberOfAttempts"])

    def call_sub_orchestrator(self, name: str, input_: Any, instance_id: str) -> Action:
        return Action("orchestrator", name, input_, instance_id)

    def create_timer(self, fire_at: datetime) -> Action:
        seconds = (fire_at - self.current_utc_datetime).total_seconds()
        self.current_utc_datetime = max(self.current_utc_datetime, fire_at)
        return Action("timer", given=fire_at.isoformat(), seconds=seconds)

    def wait_for_external_event(self, name: str) -> Action:
        return Action("event", name, instance_id=self.instance_id)

    def task_all(self, activities: list[Action]) -> Action:
        if any(part.kind != "orchestrator" for part in activities):
            raise AssertionError("task_all over activities loses results on the real host")
        return Action("all", parts=tuple(activities))

    def task_any(self, activities: list[Action]) -> Action:
        if [part.kind for part in activities] != ["event", "timer"]:
            raise AssertionError("task_any over anything but an event and a timer falls to one task in flight")
        if activities[1].seconds > LONGEST_TIMER:
            raise AssertionError("a timer of more than six days cannot be cancelled on the real host")
        self.current_utc_datetime -= timedelta(seconds=activities[1].seconds)
        return Action("any", parts=tuple(activities))

    def hear(self, action: Action, value: Any) -> Any:
        """The value that the orchestrator gets for this action. Time passes where a timer came first."""
        if not isinstance(value, First):
            return value
        first = action.parts[value.at]
        self.current_utc_datetime += timedelta(seconds=first.seconds)
        return first

    def continue_as_new(self, input_: Any) -> None:
        self.continued = input_


class NotDeterministic(AssertionError):
    """An orchestrator that was replayed with the same results asked for something else."""


def replay(
    story: Callable[[Any], Generator[Any, Any, Any]],
    instance_id: str,
    given: Any,
    record: Record,
    statuses: list[Any],
    began: datetime = START,
) -> None:
    """Replay an orchestrator from its record; raise NotDeterministic unless it does the same."""
    context = ReplayContext(instance_id, given, is_replaying=True, current_utc_datetime=began)
    telling, again = story(context), Record()
    action = again.ask(lambda: next(telling))
    for kind, value in record.results:
        if action is None:
            break
        value = context.hear(action, value)
        action = again.ask((lambda: telling.send(value)) if kind == "value" else (lambda: telling.throw(value)))  # noqa: B023  # called at once
    if again.actions != record.actions or context.statuses != statuses or str(again.ended) != str(record.ended):
        raise NotDeterministic(f"asked for {again.actions}, but before for {record.actions}")
