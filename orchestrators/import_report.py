"""The run: read, generate, check the rejects, store, publish; and when that fails, compensate it."""

from contextlib import suppress
from math import ceil

from orchestrators.progress import Progress
from outlast.durable import Context, StepFailed, Steps, call, call_until_done, readable
from outlast.models import MOST_ATTEMPTS, MOST_LANES, Failure, Json, Outcome, RunView, Totals, Wave

MOST_WAVES = 20
"""A phase's, at any data size: the run's history stays small, for it is replayed at each of its turns."""
LOST = ("run_wave", "run_lane")
"""An orchestrator whose worker dies fails without a word of its own. Nothing was wrong with the run, so it begins anew
as its next attempt, which fences the lanes that live on."""


def import_report(context: Context) -> Steps:
    """Input: attempt. The run's id is the instance's. Returns the receipt; raises what the record says of a failure."""
    run = {"run": context.instance_id, "attempt": context.get_input()["attempt"]}
    progress = Progress(context)
    try:
        return (yield from _story(context, run, progress))
    except Exception as error:  # whatever failed is compensated; what became of the run is in its record
        failure = _failure(error)
        if failure.step in LOST and run["attempt"] < MOST_ATTEMPTS:
            context.continue_as_new({"attempt": run["attempt"]})
            return None
        compensated = yield from _compensate(context, run, progress, "failed", failure)
        if compensated.get("state") == "completed":
            return compensated["receipt"]
        if compensated.get("failure"):
            raise StepFailed(Failure.from_dict(compensated["failure"])) from error
        raise


def _compensate(context: Context, run: Json, progress: Progress, outcome: str, failure: Failure) -> Steps:
    """Compensating does not raise, but its worker may die. Then the reason stays and the sweep compensates."""
    told = {**run, "outcome": outcome, "failure": failure.to_dict(), "totals": progress.totals.to_dict()}
    instance_id = f"{run['run']}:{run['attempt']}:compensate"
    with suppress(Exception):
        return (yield context.call_sub_orchestrator("compensate_run", told, instance_id))
    return {}


def _story(context: Context, run: Json, progress: Progress) -> Steps:
    view = yield from _advance(context, run, "reading", progress)
    run["attempt"] = view.attempt or run["attempt"]
    chunks = (yield from call_until_done(context, "read_input_file", run))["chunks"]
    yield from call(context, "read_data_from_db", run)

    view = yield from _phase(context, run, "generate", chunks, progress)
    _check_tolerance("generate_report", view, progress.totals)

    view = yield from _phase(context, run, "store", chunks, progress)
    _check_tolerance("store_data_to_db", view, progress.totals)

    yield from _advance(context, run, "publishing", progress)
    published = yield from call_until_done(context, "publish_report", {**run, "totals": progress.totals.to_dict()})
    receipt = published["receipt"]
    if newer := receipt.get("superseded_by"):
        yield from _compensate(context, run, progress, "superseded", _superseded(newer))
    else:
        yield from _advance(context, run, "completed", progress)
    return receipt


def _phase(context: Context, run: Json, phase: str, chunks: int, progress: Progress) -> Steps:
    """Every chunk once, in at most MOST_WAVES waves of which each gives all its lanes equally many chunks, for a wave
    waits for its slowest lane; a failure ends the run when its wave has ended."""
    state = {"generate": "generating", "store": "storing"}[phase]
    progress.begin(state, chunks)
    view = yield from _advance(context, run, state, progress)
    number = first = 0
    while first < chunks:
        lanes = min(view.max_parallel, MOST_LANES, chunks - first)
        after = min(chunks, first + lanes * ceil((chunks - first) / lanes / (MOST_WAVES - number)))
        wave = Wave(run["run"], run["attempt"], phase, number, first, after - 1, lanes)
        progress.enter(wave)
        outcome = yield from _wave(context, wave)
        progress.leave(wave, Totals.from_dict(outcome.totals))
        if outcome.error is not None:
            raise StepFailed(Failure.from_dict(outcome.error))
        view = yield from _advance(context, run, state, progress)
        number, first = number + 1, after
    return view


def _wave(context: Context, wave: Wave) -> Steps:
    try:
        return Outcome.from_dict((yield context.call_sub_orchestrator("run_wave", wave.to_dict(), wave.instance_id)))
    except Exception as error:  # the SDK raises nothing narrower
        raise StepFailed(Failure("run_wave", None, readable(error)), permanent=False) from error


def _advance(context: Context, run: Json, to: str, progress: Progress) -> Steps:
    progress.show(to)
    return RunView.from_dict(
        (yield from call(context, "advance_run", {**run, "to": to, "totals": progress.totals.to_dict()}))
    )


def _check_tolerance(step: str, view: RunView, totals: Totals) -> None:
    refusal = view.refusal(totals)
    if refusal is not None:
        raise StepFailed(Failure(step, None, refusal))


def _failure(error: Exception) -> Failure:
    return error.failure if isinstance(error, StepFailed) else Failure("import_report", None, readable(error))


def _superseded(newer: str) -> Failure:
    return Failure("publish_report", None, f"run {newer}, which was accepted later, is current")
