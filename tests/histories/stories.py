"""The runs whose histories are recorded. Together they take every way through every orchestrator."""

import json
import urllib.request
from collections.abc import Callable
from typing import Any

from local.cosmos.control import Control
from local.json_calls import get
from tests.e2e.stack import BROKEN, Stack, first_rows

DEPARTURES = "airport-departures"
SLOW = {"kind": "bulk", "container": DEPARTURES, "latency_ms": 500}
REFUSING = {"kind": "bulk", "container": DEPARTURES, "status": 403, "nth": 2, "times": 1}
LATER = {"status": 429, "headers": {"Retry-After": "1"}}


def completes(stack: Stack) -> str:
    """A run with two waves in each phase."""
    run = stack.start("flight_delays", first_rows(8_000), max_parallel="2")
    stack.wait(run)
    return run


def fails(stack: Stack) -> str:
    """A run that fails before anything is written."""
    run = stack.start("flight_delays", BROKEN.read_bytes())
    stack.wait(run)
    return run


def waits_for_the_mail_service(stack: Stack) -> str:
    post(f"{stack.services.inbox.url}/api/answers", [LATER])
    return fails(stack)


def is_undone(stack: Stack) -> str:
    """A snapshot run whose second store request is refused."""
    with_fault(stack, REFUSING)
    run = stack.start("airport_departures", first_rows(2_000))
    stack.wait(run)
    Control(stack.services.cosmos.url).remove_faults()
    return run


def is_cancelled(stack: Stack) -> str:
    """A snapshot run that is cancelled while it stores."""
    with_fault(stack, SLOW)
    run = stack.start("airport_departures", first_rows(2_000))
    stack.wait_until(lambda: bool(stack.ids(DEPARTURES)), "its first document")
    stack.request("POST", f"/api/runs/{run}/cancel", b"")
    stack.wait(run)
    Control(stack.services.cosmos.url).remove_faults()
    return run


def is_terminated(stack: Stack) -> str:
    """A snapshot run that is terminated while it stores and is compensated by the sweep."""
    with_fault(stack, SLOW)
    run = stack.start("airport_departures", first_rows(2_000))
    stack.wait_for_phase(run, "storing")
    manage(stack, run, "terminate")
    sweep_until(stack, lambda: stack.record(run)["state"] == "failed")
    Control(stack.services.cosmos.url).remove_faults()
    return run


def is_superseded(stack: Stack) -> str:
    """A snapshot run that is suspended while a later one is published."""
    run = stack.start("airport_departures", first_rows(200))
    manage(stack, run, "suspend")
    stack.wait(stack.start("airport_departures", first_rows(100)))
    manage(stack, run, "resume")
    stack.wait(run)
    return run


def is_removed(stack: Stack) -> str:
    """A replaced snapshot that is removed when its grace time is over."""
    run = stack.start("airport_departures", first_rows(2_000))
    stack.wait(run)
    stack.wait(stack.start("airport_departures", first_rows(100)))
    sweep_until(stack, lambda: ended(stack, f"{run}:remove"))
    return run


def waits_for_a_seat(stack: Stack) -> str:
    """A run that is queued behind two others until one of them ends."""
    with_fault(stack, SLOW)
    before = [stack.start("airport_departures", first_rows(2_000)) for _ in range(2)]
    for run in before:
        stack.wait_for_phase(run, "storing")
    run = stack.start("flight_delays", first_rows(100))
    stack.wait_for_phase(run, "queued")
    Control(stack.services.cosmos.url).remove_faults()
    for each in (*before, run):
        stack.wait(each)
    return run


STORIES = (
    completes, fails, waits_for_the_mail_service, is_undone, is_cancelled, is_terminated, is_superseded, is_removed,
    waits_for_a_seat,
)  # fmt: skip


def with_fault(stack: Stack, rule: dict[str, Any]) -> None:
    Control(stack.services.cosmos.url).add_fault(**rule)


def manage(stack: Stack, run: str, operation: str) -> None:
    instance = f"{stack.services.host.url}/runtime/webhooks/durabletask/instances/{run}"
    post(f"{instance}/{operation}?code={stack.master_key}&reason=recorded", None)


def sweep_until(stack: Stack, holds: Callable[[], bool]) -> None:
    def swept() -> bool:
        post(f"{stack.services.host.url}/admin/functions/sweep_runs?code={stack.master_key}", {})
        return holds()

    stack.wait_until(swept, "the sweep to have done it")


def ended(stack: Stack, instance: str) -> bool:
    query = f"code={stack.master_key}&instanceIdPrefix={instance}"
    found = get(f"{stack.services.host.url}/runtime/webhooks/durabletask/instances?{query}")
    return any(one["instanceId"] == instance and one["runtimeStatus"] == "Completed" for one in found)


def post(url: str, body: Any) -> None:
    data, headers = json.dumps(body).encode(), {"Content-Type": "application/json"}
    urllib.request.urlopen(urllib.request.Request(url, data, headers, method="POST"), timeout=30).close()
