"""What the story of a run carries from step to step."""

from orchestrators.progress import Progress
from outlast.calls import PlanAnswer, PublishCall, RunCall, RunChange, RunView
from outlast.durable import Caller, Context, StepFailed, Steps
from outlast.models import ADMITTED, MOST_ATTEMPTS, Failure
from outlast.orchestrations import Start
from outlast.runs.transitions import Event


class RunAtWork:
    """`attempt` is the one that the record counts; it changes when an orchestration takes the work over."""

    def __init__(self, context: Context, start: Start) -> None:
        self.context = context
        self.id = context.instance_id
        self.attempt = start.attempt
        self.last_attempt = MOST_ATTEMPTS
        self.reason = start.reason
        self.caller = Caller(context, start.first_retry_seconds)
        self.progress = Progress(context)

    def run_call(self) -> RunCall:
        return RunCall(self.id, self.attempt)

    def publish_call(self) -> PublishCall:
        return PublishCall(self.id, self.attempt, self.progress.totals.to_dict())

    def begin(self) -> Steps:
        """Take the run up, as the attempt that the record says, when it has a seat among the runs at work.

        Return False where it goes on waiting as a new execution. In one execution it waits once: an event that came
        before anybody waited ends each later wait for its name at once, because the SDK does not forget it.
        """
        view, may_wait = (yield from self.advance(Event.READ, self.reason)), True
        while view.state in ("queued", "accepted", "planned"):
            self.attempt = view.attempt or self.attempt
            if view.state != "accepted":
                if not may_wait or not (yield from self._wait(view)):
                    self._continue_as_new()
                    return False
                may_wait = False
            view = yield from self.advance(Event.READ)
        self.attempt, self.last_attempt = view.attempt or self.attempt, view.last_attempt
        return True

    def plan(self) -> Steps:
        """Return True where the plan is approved; else record it, and wait for that as a new execution."""
        answer = PlanAnswer.from_dict((yield from self.caller.call_until_done("plan_report", self.run_call())))
        if answer.plan is None:
            return True
        self.progress.show("planned")
        at = self.context.current_utc_datetime.isoformat()
        change = RunChange(self.id, self.attempt, Event.PLAN, self.progress.totals.to_dict(), plan=answer.plan, at=at)
        yield from self.caller.call("advance_run", change)
        self._continue_as_new()
        return False

    def _wait(self, view: RunView) -> Steps:
        """Wait until there is something new, for a person a day at most; return whether there is. A plan that nobody
        has approved expires."""
        self.progress.show(view.state)
        if view.state == "queued":
            yield self.context.wait_for_external_event(ADMITTED)
            return True
        if self.caller.is_past(view.expires):
            failure = Failure("plan_report", None, f"nobody approved the plan until {view.expires}; nothing was stored")
            yield from self.fail("expired", failure)
            raise StepFailed(failure)
        return (yield from self.caller.wait_for_event(ADMITTED, view.expires))

    def _continue_as_new(self) -> None:
        self.context.continue_as_new(Start(self.attempt, self.caller.first_seconds).to_dict())

    def advance(self, event: Event, reason: str | None = None) -> Steps:
        """Record an event of this run and show its phase; return the RunView. `reason`: why it begins again."""
        self.progress.show(PHASES[event])
        totals, ended = self.progress.totals.to_dict(), self.progress.ended.to_dict()
        change = RunChange(self.id, self.attempt, event, totals=totals, reason=reason, ended=ended)
        return RunView.from_dict((yield from self.caller.call("advance_run", change)))

    def fail(self, outcome: str, failure: Failure) -> Steps:
        """Record why this run fails and in which state it ends. The record keeps a failure that it has."""
        totals = self.progress.totals.to_dict()
        change = RunChange(self.id, self.attempt, Event.FAIL, totals=totals, failure=failure.to_dict(), outcome=outcome)
        return (yield from self.caller.call("advance_run", change))

    def check_tolerance(self, step: str, view: RunView) -> None:
        """Raise StepFailed when more rows were rejected than the caller tolerates."""
        refusal = view.refusal(self.progress.totals)
        if refusal is not None:
            raise StepFailed(Failure(step, None, refusal))

    def check_rejects_so_far(self, step: str, view: RunView) -> None:
        """Raise StepFailed when the step has rejected too many rows already, whatever the other rows are."""
        refusal = view.refusal_so_far(self.progress.totals)
        if refusal is not None:
            raise StepFailed(Failure(step, None, refusal))


PHASES = {
    Event.READ: "reading",
    Event.GENERATE: "generating",
    Event.COMBINE: "combining",
    Event.RESOLVE: "resolving",
    Event.STORE: "storing",
    Event.DELETE: "storing",
    Event.VERIFY: "verifying",
    Event.PUBLISH: "publishing",
    Event.COMPLETE: "completed",
}
"""What customStatus shows as the phase behind each event."""
