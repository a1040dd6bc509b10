"""The run: read, generate, combine groups, resolve what several rows make, wait for an approval, store, publish; or
compensate."""

from contextlib import suppress

from orchestrators.fan_out import run_phase
from orchestrators.run_at_work import RunAtWork
from outlast.calls import DivideAnswer, KeysAnswer, PublishAnswer, ReadAnswer
from outlast.durable import Context, StepFailed, Steps, readable
from outlast.models import MIRROR, Failure, Totals, shards_of
from outlast.orchestrations import Compensation, RunEnd, Start
from outlast.runs.ids import compensation_id
from outlast.runs.transitions import Event

ORCHESTRATORS = ("run_wave", "run_lane")


def import_report(context: Context) -> Steps:
    """Input: Start; the run's id is the instance's. Returns the receipt; raises the failure that the record holds."""
    run = RunAtWork(context, Start.from_dict(context.get_input()))
    try:
        return (yield from _story(run))
    except Exception as error:  # any failure is compensated; the record holds what came of the run
        failure = error.failure if isinstance(error, StepFailed) else Failure("import_report", None, readable(error))
        if _lost_its_worker(failure) and run.attempt < run.last_attempt:
            context.continue_as_new(Start(run.attempt, run.caller.first_seconds, failure.text).to_dict())
            return None
        end = yield from _compensate(run, "failed", failure)
        if end.state == "completed":
            return end.receipt
        if end.failure:
            raise StepFailed(Failure.from_dict(end.failure)) from error
        raise


def _story(run: RunAtWork) -> Steps:
    if not (yield from run.begin()):
        return None
    read = yield from run.caller.call_until_done("read_input_file", run.run_call())
    yield from run.caller.call("read_data_from_db", run.run_call())
    chunks = ReadAnswer.from_dict(read).chunks

    view = yield from run_phase(run, Event.GENERATE, chunks)
    run.check_tolerance("generate_report", view)
    if view.grouped:
        chunks = yield from _combine(run)
    shards = max(int(view.mode == MIRROR), shards_of(run.progress.totals.documents))
    view = yield from run_phase(run, Event.RESOLVE, shards)
    finished = yield from run.caller.call_until_done("finish_keys", run.run_call())
    run.progress.add(Totals.from_dict(KeysAnswer.from_dict(finished).totals or {}))
    run.check_tolerance("resolve_keys", view)
    if view.plan and not (yield from run.plan()):
        return None
    view = yield from run_phase(run, Event.STORE, chunks)
    run.check_tolerance("store_data_to_db", view)
    if view.mode == MIRROR:
        yield from run_phase(run, Event.DELETE, shards)
    if view.verify:
        with run.progress.aside():
            yield from run_phase(run, Event.VERIFY, chunks)

    yield from run.advance(Event.PUBLISH)
    published = yield from run.caller.call_until_done("publish_report", run.publish_call())
    receipt = PublishAnswer.from_dict(published).receipt or {}
    if newer := receipt.get("superseded_by"):
        superseded = Failure("publish_report", None, f"run {newer}, which was accepted later, is current")
        yield from _compensate(run, "superseded", superseded)
    else:
        view = yield from run.advance(Event.COMPLETE)
        if view.pending:
            yield from _compensation(run)
    return receipt


def _combine(run: RunAtWork) -> Steps:
    """Make the groups of all chunks into documents; return the number of shards, whose documents are stored then."""
    yield from run.advance(Event.COMBINE)
    divided = yield from run.caller.call_until_done("divide_groups", run.run_call())
    shards = DivideAnswer.from_dict(divided).shards
    run.check_tolerance("combine_groups", (yield from run_phase(run, Event.COMBINE, shards)))
    return shards


def _lost_its_worker(failure: Failure) -> bool:
    """When a worker dies its orchestrator fails without running `except`. Nothing was wrong with the run, so it begins
    again as its next attempt, which fences the lanes that go on."""
    return failure.step in ORCHESTRATORS


def _compensate(run: RunAtWork, outcome: str, failure: Failure) -> Steps:
    """Record the failure, then compensate as the record says. `compensate_run` does not raise, but its worker may die,
    and the database may not take the failure. Then the sweep does what is left."""
    with suppress(Exception):
        yield from run.fail(outcome, failure)
        return (yield from _compensation(run))
    return RunEnd()


def _compensation(run: RunAtWork) -> Steps:
    """Do what is pending; return a RunEnd. What dies here is done by the sweep."""
    given = Compensation(run.id, run.attempt, run.caller.first_seconds)
    instance_id = compensation_id(run.id, run.attempt)
    with suppress(Exception):
        end = yield run.context.call_sub_orchestrator("compensate_run", given.to_dict(), instance_id)
        return RunEnd.from_dict(end)
    return RunEnd()
