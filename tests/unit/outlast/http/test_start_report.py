import asyncio
from dataclasses import replace
from typing import Any

import azure.functions as func
import pytest

from outlast.errors import Permanent, Transient
from outlast.http.problem import answering
from outlast.http.start_report import StartChecks
from outlast.runs.mirror_claims import MirrorClaims
from outlast.staging.paths import body_path
from tests.fakes.clock import ManualClock
from tests.fakes.endpoints import start_endpoint
from tests.fakes.http import ORIGIN, FakeClient, ask, finish, read
from tests.fakes.reports import WITH_MIRROR, Sales, make_csv
from tests.fakes.runs import FakeRuns
from tests.fakes.world import World


def post(world: World, client: FakeClient, request: func.HttpRequest) -> func.HttpResponse:
    start = start_endpoint(world, lambda: "r1")
    return finish(answering(start)(request, client))


def start(
    body: bytes = b"", world: World | None = None, client: FakeClient | None = None, **params: str
) -> func.HttpResponse:
    request = ask("reports/sales", body or make_csv(3), "text/csv", params, report="sales")
    return post(world or World(), client or FakeClient(), request)


def test_the_answer_is_the_durable_one_with_the_runs_own_url() -> None:
    """The 202 has the SDK's body and headers on the caller's origin, and `runUri`."""
    response = start()
    assert response.status_code == 202
    body = read(response)
    assert body["id"] == "r1"
    assert body["statusQueryGetUri"] == f"{ORIGIN}/runtime/webhooks/durabletask/instances/r1?code=k"
    assert body["runUri"] == f"{ORIGIN}/api/runs/r1"
    assert response.headers["Location"] == body["statusQueryGetUri"]
    assert response.headers["Retry-After"] == "10"
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["Reports/sales", "REPORTS/sales", "reports/sales/"])
def test_the_runs_url_is_right_however_the_route_was_spelled(path: str) -> None:
    """`runUri` is right for any case of the route and with a slash at its end."""
    request = ask(path, make_csv(1), "text/csv", report="sales")
    assert read(post(World(), FakeClient(), request))["runUri"] == f"{ORIGIN}/api/runs/r1"


def test_the_input_is_staged_and_the_run_recorded_before_it_starts() -> None:
    """A started orchestration finds the body and the record."""
    world, client = World(), FakeClient()
    start(make_csv(2), world, client, filename="x.csv", tolerated_rejects="5", max_parallel="3", factor="2", code="key")
    record = world.runs.records["r1"]
    request, status = record.request, record.status
    assert (request.report, status.state, status.attempt, request.format) == ("sales", "queued", 1, "csv")
    assert (record.request.filename, record.request.tolerated_rejects, record.request.max_parallel) == ("x.csv", 5, 3)
    assert (record.request.parameters, record.request.gzipped, record.request.reference) == ({"factor": 2}, False, None)
    assert record.request.accepted.endswith("+00:00")
    assert asyncio.run(world.staging.get(body_path("r1"))) == make_csv(2)
    assert client.started == [("import_report", "r1", {"attempt": 1, "first_retry_seconds": 5.0})]


def test_lanes_are_those_of_the_settings_unless_the_caller_says() -> None:
    """A run has the settings' max_parallel unless the caller sends another."""
    world = World()
    start(world=world)
    assert world.runs.records["r1"].request.max_parallel == 8


@pytest.mark.parametrize(("sent", "kept"), [({}, 1), ({"min_rows": "0"}, 0), ({"min_rows": "7"}, 7)])
def test_the_least_number_of_rows_is_the_reports_unless_the_caller_says(sent: dict[str, str], kept: int) -> None:
    """A run needs at least one row to store, or as many as its report or its caller says."""
    world = World()
    post(world, FakeClient(), ask("reports/sales", make_csv(1), "text/csv", sent, report="sales"))
    assert world.runs.records["r1"].request.min_rows == kept


class Planned(Sales):
    plan_first = True


@pytest.mark.parametrize(
    ("report", "sent", "kept"),
    [
        (Sales(), {}, (False, 7.0)),
        (Sales(), {"plan": "true", "plan_days": "0.5"}, (True, 0.5)),
        (Planned(), {}, (True, 7.0)),
        (Planned(), {"plan": "false"}, (False, 7.0)),
    ],
)
def test_a_plan_is_the_reports_choice_unless_the_caller_says(
    report: Sales, sent: dict[str, str], kept: tuple[bool, float]
) -> None:
    """A run plans first where its report says so, and waits for the settings' days, unless the caller says."""
    world = World(reports={"sales": report})
    post(world, FakeClient(), ask("reports/sales", make_csv(1), "text/csv", sent, report="sales"))
    request = world.runs.records["r1"].request
    assert (request.plan, request.plan_days) == kept


@pytest.mark.parametrize(("share", "status"), [("0.5", 400), ("1", 400), ("500", 202)])
def test_a_fraction_of_a_throughput_that_cannot_be_read_is_refused(share: str, status: int) -> None:
    """A managed identity may not read the throughput, so a fraction of it is a 400 and not a failed run."""

    async def refused(container: str) -> float:
        raise Permanent(f"the throughput of {container} cannot be read (403)")

    response = start_with_throughput(refused, ru_share=share)
    assert response.status_code == status
    if status == 400:
        body = read(response)
        assert (body["field"], body["detail"]) == ("ru_share", "ru_share: the throughput of sales cannot be read (403)")


def test_a_fraction_of_no_throughput_is_refused() -> None:
    """A serverless container has no provisioned throughput, so no fraction of it."""

    async def nothing(_: str) -> float:
        return 0.0

    response = start_with_throughput(nothing, ru_share="0.5")
    assert (response.status_code, read(response)["field"]) == (400, "ru_share")
    assert "sales has no provisioned throughput" in read(response)["detail"]


def start_with_throughput(throughput: Any, **params: str) -> func.HttpResponse:
    world = World()
    checks = StartChecks(
        throughput, world.snapshots, MirrorClaims(world.documents, world.runs, world.clock.now), world.queries
    )
    handler = replace(start_endpoint(world, lambda: "r1").__self__, checks=checks).start_report
    request = ask("reports/sales", make_csv(1), "text/csv", params, report="sales")
    return finish(answering(handler)(request, FakeClient()))


def test_a_second_run_of_a_mirror_report_is_refused_while_the_first_is_at_work() -> None:
    """The 409 names the first run; a repeat of the first is no second, and the next may start behind its end."""
    world, client = World(reports=WITH_MIRROR), FakeClient()

    def start_shelf(key: str) -> func.HttpResponse:
        request = ask("reports/shelf", make_csv(1), "text/csv", None, {"Idempotency-Key": key}, report="shelf")
        return post(world, client, request)

    first = read(start_shelf("monday"))["id"]
    refused = start_shelf("tuesday")
    assert (refused.status_code, read(refused)["run"]) == (409, first)
    assert f"run {first} of shelf is at work" in read(refused)["detail"]
    assert (start_shelf("monday").status_code, len(world.runs.records)) == (202, 1)
    world.runs.set(first, state="completed")
    assert start_shelf("tuesday").status_code == 202


def test_the_options_of_a_mirror_report_are_recorded() -> None:
    """The run keeps its `max_delete_percent`, the report's own if the caller gives none, and its `duplicates`."""
    for params, percent in ({}, 20.0), ({"max_delete_percent": "0"}, 0.0):
        world = World(reports=WITH_MIRROR)
        post(world, FakeClient(), ask("reports/shelf", make_csv(1), "text/csv", params, report="shelf"))
        request = world.runs.records["r1"].request
        assert (request.mode, request.max_delete_percent, request.duplicates) == ("mirror", percent, "last")


def test_a_mirror_report_can_look_for_drift_and_repair_it() -> None:
    """The run keeps both options; another mode has no drift, and without drift nothing is repaired."""
    world = World(reports=WITH_MIRROR)
    params = {"verify": "drift", "repair": "true"}
    post(world, FakeClient(), ask("reports/shelf", make_csv(1), "text/csv", params, report="shelf"))
    request = world.runs.records["r1"].request
    assert (request.verify, request.repair) == ("drift", True)
    other = post(
        world, FakeClient(), ask("reports/sales", make_csv(1), "text/csv", {"verify": "drift"}, report="sales")
    )
    assert (other.status_code, read(other)["field"]) == (400, "verify")
    params["verify"] = "content"
    wrong = post(world, FakeClient(), ask("reports/shelf", make_csv(1), "text/csv", params, report="shelf"))
    assert (wrong.status_code, "repair needs verify=drift" in wrong.get_body().decode()) == (400, True)


def test_what_the_caller_sends_does_not_cross_into_the_orchestration() -> None:
    """Parameters are only in the record, because the SDK's codec takes some dictionaries for objects."""
    client = FakeClient()
    start(client=client, factor="3")
    assert client.started[0][2] == {"attempt": 1, "first_retry_seconds": 5.0}


def test_an_unknown_report_is_refused_with_the_known_names() -> None:
    """An unknown report is refused with 404 and the names of the known ones."""
    response = post(World(), FakeClient(), ask("reports/sale", make_csv(1), "text/csv", report="sale"))
    assert (response.status_code, response.mimetype) == (404, "application/problem+json")
    body = read(response)
    assert (body["field"], body["reports"], body["status"]) == ("report", ["sales"], 404)
    assert body["detail"] == "there is no report sale; there are: sales"


def test_a_refused_request_leaves_nothing() -> None:
    """A refused request leaves no record, no file and no orchestration."""
    world, client = World(), FakeClient()
    assert start(make_csv(1), world, client, colour="blue").status_code == 400
    assert (world.runs.records, client.started) == ({}, [])
    assert asyncio.run(world.staging.get(body_path("r1"))) is None


def test_an_orchestration_that_does_not_start_is_a_503() -> None:
    """A run that is recorded but does not start answers 503 with the run's id."""
    response = start(client=_failing(Exception("no host")))
    assert (response.status_code, response.mimetype) == (503, "application/problem+json")
    assert "run r1 was recorded, but its orchestration did not start" in read(response)["detail"]


def test_a_database_without_an_answer_is_a_503() -> None:
    """A database that does not answer causes a 503 that points to the health check, and nothing is started."""

    class Gone(FakeRuns):
        async def create(self, record: Any) -> bool:
            raise Transient("the database gave no answer")

    world, client = World(), FakeClient()
    world.runs = Gone(ManualClock().now)
    response = start(world=world, client=client)
    assert response.status_code == 503
    assert read(response)["detail"] == "the database gave no answer; GET /api/health says more"
    assert client.started == []


def _failing(error: Exception) -> FakeClient:
    client = FakeClient()
    client.error = error
    return client
