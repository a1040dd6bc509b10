"""The description of the API is complete, and says what the code does."""

import json
import re
from typing import Any

import pytest

from outlast.http import list_runs, redrive_run
from outlast.http.openapi.document import OPERATIONS, openapi
from outlast.http.openapi.texts import meanings, tables
from outlast.http.public_address import PublicAddress
from outlast.http.show_openapi import ShowOpenapi
from outlast.run_options import Options
from tests.fakes.http import ask, finish, read
from tests.fakes.records import make_record
from tests.fakes.registered import registered_functions

DOCUMENT = openapi("https://app.example", "1.2.3")
PAGES = ("ui",)
"""Routes that are pages for people, and no part of the API."""


@pytest.fixture(scope="module")
def registered() -> dict[tuple[str, str], str]:
    """The functions of the app by method and path, without what the host needs beside the API."""
    found: dict[tuple[str, str], str] = {}
    for function in registered_functions():
        trigger = function.get_trigger().get_dict_repr()
        if trigger["type"] != "httpTrigger" or trigger["route"].split("/")[0] in PAGES:
            continue
        methods = [str(getattr(method, "name", method)) for method in trigger["methods"]]
        found |= {(method, f"/api/{trigger['route']}"): function.get_function_name() for method in methods}
    return found


def test_every_route_is_described(registered: dict[tuple[str, str], str]) -> None:
    """Each HTTP function of the app is an operation under its own name; HEAD is wherever GET is, OPTIONS everywhere."""
    described = {(one.method, one.path): one.name for one in OPERATIONS}
    assert {route: name for route, name in registered.items() if route[0] not in ("HEAD", "OPTIONS")} == described
    assert {path for method, path in registered if method == "HEAD"} == {
        path for method, path in registered if method == "GET"
    }
    assert [name for route, name in registered.items() if route[0] == "OPTIONS"] == ["answer_options"]


def test_the_document_names_the_app_as_the_caller_sees_it() -> None:
    """The server is the address under which the description was asked for, with the path that a gateway adds."""
    shown = finish(ShowOpenapi("1.2.3").show_openapi(ask("openapi.json")))
    assert read(shown) == DOCUMENT
    behind = PublicAddress("https://gate.example/jobs").seen(ask("openapi.json"))
    assert read(finish(ShowOpenapi("1").show_openapi(behind)))["servers"] == [{"url": "https://gate.example/jobs"}]


def test_it_is_openapi() -> None:
    """The document is valid OpenAPI 3.1."""
    import schemathesis

    assert DOCUMENT["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(json.loads(json.dumps(DOCUMENT))).validate()


def references(value: Any) -> set[str]:
    """Every name that is referred to."""
    return set(re.findall(r'"\$ref": "#/components/schemas/(\w+)"', json.dumps(value)))


def test_every_schema_is_there_and_used() -> None:
    """Each schema that is referred to exists, and none is left over."""
    assert references(DOCUMENT) == set(DOCUMENT["components"]["schemas"])


def examples() -> list[Any]:
    """Each example of a parameter, a body or an answer, with its schema."""
    found = []
    for path, operations in DOCUMENT["paths"].items():
        for method, operation in operations.items():
            answers = [one for answer in operation["responses"].values() for one in answer.get("content", {}).values()]
            bodies = list(operation.get("requestBody", {}).get("content", {}).values())
            found += [
                pytest.param(one["schema"], one["example"], id=f"{method} {path} {one.get('name', number)}")
                for number, one in enumerate([*operation["parameters"], *bodies, *answers])
                if "example" in one
            ]
    return found


@pytest.mark.parametrize(("schema", "example"), examples())
def test_every_example_is_valid(schema: dict[str, Any], example: object) -> None:
    """Each example is what its schema describes."""
    import jsonschema_rs

    whole = {**schema, "components": DOCUMENT["components"]}
    assert jsonschema_rs.is_valid(whole, example)


def test_a_record_is_as_it_is_described() -> None:
    """The schema of a run has exactly the members of a record, and each has its meaning."""
    import jsonschema_rs

    schema = DOCUMENT["components"]["schemas"]["Run"]
    assert make_record(id="r1").shown().keys() | {"ttl"} == schema["properties"].keys()
    assert [name for name, one in schema["properties"].items() if not one.get("description")] == []
    assert jsonschema_rs.is_valid({**schema, "components": DOCUMENT["components"]}, make_record(id="r1").shown())


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_every_parameter_has_its_meaning(operation: Any) -> None:
    """Each parameter of an operation has a text, and each text of an operation is of a parameter that it has."""
    shown = DOCUMENT["paths"][operation.path][operation.method.lower()]
    assert all(one["description"] for one in shown["parameters"])
    if operation.name in tables():
        assert set(meanings(operation.name)) == {one.name for one in operation.parameters if one.within == "query"}


@pytest.mark.parametrize(
    ("name", "taken"),
    [("list_runs", list_runs.PARAMETERS), ("redrive_run", redrive_run.PARAMETERS)],
)
def test_parameters_are_those_that_a_handler_takes(name: str, taken: tuple[str, ...]) -> None:
    """The described parameters are those that the handler does not refuse."""
    [operation] = [one for one in OPERATIONS if one.name == name]
    assert {one.name for one in operation.parameters if one.within == "query"} == set(taken)


def test_every_option_of_a_start_is_a_parameter() -> None:
    """The start takes each option in its query, and has its meaning."""
    [operation] = [one for one in OPERATIONS if one.name == "start_report"]
    named = {one.name for one in operation.parameters if one.within == "query"} - {"parameters"}
    assert named == set(Options.model_fields) == set(meanings("options"))


def test_every_status_has_its_meaning() -> None:
    """Each status of a problem is explained, and each that is explained can happen."""
    statuses = {
        status
        for operations in DOCUMENT["paths"].values()
        for operation in operations.values()
        for status, shown in operation["responses"].items()
        if "application/problem+json" in shown.get("content", {}) or status == "401"
    }
    assert statuses == set(meanings("problems"))
