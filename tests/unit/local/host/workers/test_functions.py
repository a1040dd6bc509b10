"""The registration of an app's functions, and the host's answers when it cannot call one."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from local.host.http.reply import Request
from local.host.workers.functions import HttpFunctions, Refused, register
from local.host.workers.pool import Pool


def described(name: str, *types: str, reason: str | None = None, **trigger: Any) -> dict[str, Any]:
    """Return a function as a worker describes it, its trigger first."""
    bindings = [{"type": t, "name": f"b{n}", **(trigger if n == 0 else {})} for n, t in enumerate(types)]
    return {"name": name, "trigger": types[0], "bindings": bindings, "reason": reason}


def test_functions_are_sorted_by_their_triggers() -> None:
    """Functions are registered by trigger as routes, timers, orchestrators and activities, and those with a durable
    client are noted."""
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
    """An activity is registered under the name that its trigger gives."""
    registered = register([described("step", "activityTrigger", activity="Other")], "api")
    assert registered.durable.activities == {"other": "step"}


def test_routes_are_tried_in_the_order_of_the_functions_names() -> None:
    """Routes are ordered by the functions' names, as on the Azure host, and a literal part does not come first."""
    given = [("Show", "things/{id}"), ("list", "things"), ("special", "things/special")]
    registered = register([described(n, "httpTrigger", route=r) for n, r in given], "api")
    assert [r.function for r in registered.routes] == ["list", "Show", "special"]


@pytest.mark.parametrize(
    ("route", "methods", "reason"),
    [
        ("A/{x}", ["post"], "its route conflicts with that of function a"),
        ("a/{x}", ["get"], None),
    ],
)
def test_a_route_that_the_real_host_refuses_is_reported(route: str, methods: Any, reason: str | None) -> None:
    """A second function with the same template and method is not registered, and the reason is reported."""
    given = [described("b", "httpTrigger", route=route, methods=methods)]
    given.append(described("a", "httpTrigger", route="a/{x}", methods=["POST"]))
    registered = register(given, "api")
    assert registered.unsupported == ({"b": reason} if reason else {})
    assert registered.all[0]["reason"] == reason


@pytest.mark.parametrize(
    ("function", "warning"),
    [
        (
            described("f", "httpTrigger", route="Administrators"),
            "Function f has a route under admin or runtime, which Azure does not serve.",
        ),
        (
            {**described("f", "timerTrigger", schedule="0 * * * * *"), "retried": True},
            "Function f has a retry policy, which this host does not follow.",
        ),
    ],
)
def test_what_runs_otherwise_on_azure_is_said(function: dict[str, Any], warning: str) -> None:
    """A function that behaves differently on Azure is registered with a warning."""
    registered = register([function], "api")
    assert (registered.warnings, registered.unsupported) == ([warning], {})


def test_a_disabled_function_stops_no_start() -> None:
    """A disabled function with an unsupported trigger is reported and does not stop the start."""
    function = {**described("f", "queueTrigger", reason="off"), "disabled": True}
    assert register([function], "api").unsupported == {"f": "off"}


def test_a_function_with_another_binding_is_reported() -> None:
    """A function with an unsupported binding is not registered, and the reason is reported."""
    registered = register([described("f", "httpTrigger", "blob", reason="its binding blob is not supported")], "api")
    assert (registered.routes, registered.unsupported) == ([], {"f": "its binding blob is not supported"})


@pytest.mark.parametrize("trigger", ["queueTrigger", "eventHubTrigger", "serviceBusTrigger", "blobTrigger", "none"])
def test_a_trigger_whose_messages_would_be_lost_is_refused(trigger: str) -> None:
    """A trigger whose messages would be lost raises Refused with the function, the trigger and the setting that
    disables it."""
    with pytest.raises(Refused, match=f"'f' waits for {trigger}.* set AzureWebJobs.f.Disabled to true"):
        register([described("f", trigger, reason="x")], "api")


def test_an_entity_is_known_by_the_name_that_its_trigger_has() -> None:
    """An entity function is called by its trigger's `entityName`, or else by its own name, whatever the case."""
    own, other = described("Counter", "entityTrigger"), described("f", "entityTrigger")
    other["bindings"][0]["entityName"] = "Account"
    assert register([own, other], "api").durable.entities == {"counter": "Counter", "account": "f"}


def test_a_request_does_not_wait_for_ever_for_a_worker(tmp_path: Path) -> None:
    """A request without a worker gets 503 after functionTimeout."""
    said: list[str] = []

    async def run() -> int:
        functions = HttpFunctions(Pool(tmp_path, 1, {}, said.append), 0.01, lambda keys, level: True)
        functions.registered = register([described("f", "httpTrigger")], "api")
        request = Request(method="GET", origin="", path="/api/f", query_text="", query={}, headers={}, body=b"")
        reply = await functions.answer(request)
        assert reply is not None
        return reply.status

    assert asyncio.run(run()) == 503
    assert said == ["Function f was not called: there is no worker."]
