"""Starts whose input is a query of a container."""

from typing import Any, ClassVar

import azure.functions as func
import orjson
import pytest

from outlast.http.problem import answering
from outlast.runs.record import RunRecord
from tests.fakes.endpoints import start_endpoint
from tests.fakes.http import FakeClient, ask, finish, read
from tests.fakes.reports import Sales
from tests.fakes.world import World


class Copies(Sales):
    """Sales as they are in another container."""

    name = "copies"
    reads: ClassVar = {"orders": "/customer", "runs": "/id"}


def world() -> World:
    return World(reports={"copies": Copies()})


def post(here: World, query: Any, key: str | None = None, **options: Any) -> func.HttpResponse:
    body = orjson.dumps({"input": {"query": query}, "options": options})
    headers = {"Idempotency-Key": key} if key else {}
    request = ask("reports/copies", body, "application/json", headers=headers, report="copies")
    return finish(answering(start_endpoint(here, lambda: "r1"))(request, FakeClient()))


def record_of(here: World) -> RunRecord:
    [record] = here.runs.records.values()
    return record


def test_a_query_is_recorded_as_it_was_asked() -> None:
    """The record has container, text and parameters of the query, and the limit of its reading."""
    here = world()
    parameters = [{"name": "@shop", "value": "s1"}]
    query = {"container": "orders", "sql": "SELECT * FROM c WHERE c.shop = @shop", "parameters": parameters}
    assert post(here, query, read_ru_share=0.25).status_code == 202
    request = record_of(here).request
    assert request.query == query
    assert (request.read_ru_share, request.format, request.reference) == (0.25, "jsonl", None)


def test_the_text_may_be_left_out() -> None:
    """Without a text all documents are read."""
    here = world()
    post(here, {"container": "orders"})
    assert record_of(here).request.query == {"container": "orders", "sql": "SELECT * FROM c", "parameters": []}


def test_the_same_key_means_the_same_query() -> None:
    """A repeat with the same query is the same run; with another query it is refused."""
    here = world()
    assert post(here, {"container": "orders"}, key="k").status_code == 202
    assert post(here, {"container": "orders"}, key="k").status_code == 202
    assert post(here, {"container": "orders", "sql": "SELECT * FROM d"}, key="k").status_code == 422
    assert post(here, {"container": "sales"}, key="k").status_code == 422


@pytest.mark.parametrize(
    ("query", "field", "detail"),
    [
        ({"container": "secrets"}, "input.query.container", "copies may query orders, sales"),
        ({"container": "runs"}, "input.query.container", "copies may query orders, sales"),
        ({"container": "orders", "sql": "SELECT * FROM c ORDER BY c.n"}, "input.query.sql", "leave out ORDER BY"),
        ({}, "input", "query.container: Field required"),
        ({"container": "orders", "top": 3}, "input", "query.top: Extra inputs"),
        ({"container": "orders", "parameters": [{"name": "shop", "value": 1}]}, "input", "query.parameters.0.name"),
        (
            {"container": "orders", "parameters": [{"name": "@n", "value": 2**60}]},
            "input.query.parameters.0.value",
            "integers up to",
        ),
    ],
)
def test_a_wrong_query_is_refused(query: Any, field: str, detail: str) -> None:
    """A container that the report does not name, and whatever else is wrong, is a 400 that names it."""
    answer = post(world(), query)
    assert (answer.status_code, read(answer)["field"]) == (400, field)
    assert detail in read(answer)["detail"]


def test_a_fraction_of_a_throughput_that_cannot_be_read_is_refused() -> None:
    """`read_ru_share` is checked as `ru_share` is, for the container that is read."""
    answer = post(world(), {"container": "orders"}, read_ru_share=3)
    assert answer.status_code == 400
    assert read(answer)["field"] == "options.read_ru_share"
