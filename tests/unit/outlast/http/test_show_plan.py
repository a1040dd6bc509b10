import asyncio
from typing import Any

import azure.functions as func
import orjson
import pytest

from outlast.errors import Permanent
from outlast.http.problem import answering
from outlast.http.show_plan import ShowPlan
from outlast.runs.prices import Prices
from outlast.staging.paths import plan_path
from tests.fakes.http import ask, finish, read
from tests.fakes.reports import REPORTS
from tests.fakes.world import World

PLANNED = {"documents_sha256": "ab", "at": "2026-01-01", "expires": "2026-01-08"}
PARTITIONS = [{"partition": "1", "request_units": 90_000.0}, {"partition": "0", "request_units": 30_000.0}]
PLAN = {"rows": 9, "request_units": 120_000.0, "partitions": PARTITIONS}


def make(**fields: Any) -> World:
    world = World()
    asyncio.run(world.accept(b"", **{"state": "planned", "planned": PLANNED, **fields}))
    asyncio.run(world.staging.put(plan_path("r1"), orjson.dumps(PLAN)))
    return world


def show(world: World, prices: Prices = Prices(), **params: str) -> func.HttpResponse:  # noqa: B008  # it is frozen
    plan = ShowPlan(
        runs=world.runs, staging=world.staging, reports=REPORTS, throughput=world.transport.throughput, prices=prices
    )
    return finish(answering(plan.show_plan)(ask("runs/r1/plan", params=params, run="r1")))


def test_a_plan_says_until_when_it_waits_and_how_long_storing_takes() -> None:
    """The hottest partition decides how long storing takes, because each has an equal part of the throughput."""
    shown = read(show(make()))
    assert (shown["run"], shown["state"], shown["rows"]) == ("r1", "planned", 9)
    assert (shown["planned"], shown["expires"], shown["approved"]) == ("2026-01-01", "2026-01-08", None)
    assert (shown["ru_per_second"], shown["minutes"], shown["price"]) == (1000.0, 3.0, None)


def test_another_throughput_is_computed_with() -> None:
    """`ru_per_second` takes the place of the container's throughput."""
    shown = read(show(make(), ru_per_second="9000"))
    assert (shown["ru_per_second"], shown["minutes"]) == (9000.0, 0.33)


@pytest.mark.parametrize("text", ["0", "-1", "5e-324", "0.9", "nan", "inf", "many", "1e10"])
def test_a_throughput_that_cannot_be_is_refused(text: str) -> None:
    """A `ru_per_second` that is no number from 1 to 1e9 gets 400."""
    response = show(make(), ru_per_second=text)
    assert (response.status_code, read(response)["field"]) == (400, "ru_per_second")


def test_a_throughput_that_cannot_be_read_leaves_the_minutes_out() -> None:
    """Where the throughput may not be read, and where there is none, `minutes` is null."""
    world = make()
    world.transport.provisioned = 0.0
    assert read(show(world))["minutes"] is None

    async def refused(container: str) -> float:
        raise Permanent("a managed identity may not read it")

    plan = ShowPlan(
        runs=world.runs, staging=world.staging, reports=REPORTS, throughput=refused, prices=Prices()
    ).show_plan
    shown = read(finish(answering(plan)(ask("runs/r1/plan", run="r1"))))
    assert (shown["ru_per_second"], shown["minutes"]) == (None, None)


def test_the_price_is_that_of_the_deployer() -> None:
    """The request units are priced by the deployer's setting, in the deployer's currency."""
    shown = read(show(make(), Prices(0.25, "EUR")))
    assert shown["price"] == {"amount": 0.03, "currency": "EUR", "per_million_ru": 0.25}


def test_a_mode_whose_charges_are_not_known_has_neither_minutes_nor_price() -> None:
    """A plan without request units has no minutes and no price."""
    world = make()
    asyncio.run(world.staging.put(plan_path("r1"), orjson.dumps({**PLAN, "request_units": None})))
    shown = read(show(world, Prices(0.25, "EUR")))
    assert (shown["request_units"], shown["minutes"], shown["price"]) == (None, None, None)


@pytest.mark.parametrize("state", ["queued", "generating", "completed"])
def test_a_run_without_a_plan_is_404(state: str) -> None:
    """A run that has no plan, or not yet, gets 404 with its state."""
    response = show(make(state=state, planned=None))
    assert (response.status_code, state in read(response)["detail"]) == (404, True)


def test_the_plan_of_a_removed_run_is_410() -> None:
    """A run whose files were removed gets 410."""
    assert show(make(state="completed", removed="2026-02-01")).status_code == 410
