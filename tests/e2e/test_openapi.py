"""The description of the API, held to a running app by schemathesis."""

import json
import os
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from outlast.http.openapi.document import openapi
from tests.e2e.described import Known, name_of, operations, search
from tests.e2e.stack import BROKEN, Stack, first_rows, running

SEEDS = int(os.environ.get("SOAK_SEEDS", "0"))
REQUESTS = max(SEEDS, 500)
"""Different requests of each operation, half of them wrong."""
DOCUMENT = json.loads(json.dumps(openapi("http://127.0.0.1", "0.1.0")))
OPERATIONS = operations(DOCUMENT)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack"), {"MAX_RUNS": "2"}) as stack:
        yield stack


@pytest.fixture(scope="module")
def known(stack: Stack) -> Known:
    """Runs that are completed, failed, cancelled and planned, their reports and links."""
    completed = stack.start("flight_delays", first_rows(20))
    snapshot = stack.start("airport_departures", first_rows(20))
    failed = stack.start("flight_delays", BROKEN.read_bytes())
    planned = stack.start("flight_delays", first_rows(20), plan="true")
    stack.request("POST", f"/api/runs/{stack.start('flight_delays', first_rows(5), label='cancelled')}/cancel")
    for run in (completed, snapshot, failed):
        stack.wait(run)
    stack.wait_until(lambda: stack.record(planned)["state"] == "planned", "the plan")
    runs = [record["id"] for record in stack.request("GET", "/api/runs")[1]["runs"]]
    link = stack.request("POST", f"/api/runs/{failed}/links", b"", rejects="true")[1]["uri"]
    upload = stack.request("POST", "/api/inputs", b"", name="a.csv")[1]["url"]
    paths = {
        "run": runs,
        "report": ["flight_delays", "airport_departures"],
        "token": [link.rpartition("/")[2]],
        "name": [upload.rpartition("/")[2]],
    }
    rejects = "\r\n".join([*stack.rejects(failed), ""]).encode()
    bodies = {"start_report": [first_rows(3), BROKEN.read_bytes()], "correct_run": [rejects]}
    return Known(stack.services.host.url, stack.services.function_key, paths, bodies)


def test_the_app_describes_itself(stack: Stack) -> None:
    """The description is served without a key, and is the one that the tests use."""
    shown = httpx.get(f"{stack.services.host.url}/api/openapi.json").json()
    assert shown["paths"] == DOCUMENT["paths"]
    assert shown["servers"] == [{"url": stack.services.host.url}]


def test_a_browser_asks_only_for_what_has_changed(stack: Stack, known: Known) -> None:
    """A run that has not changed answers 304, HEAD answers as GET does without a body, and OPTIONS without a key."""
    url = f"{known.base}/api/runs/{known.paths['run'][0]}"
    with httpx.Client(headers={"x-functions-key": known.key}) as client:
        first = client.get(url)
        assert first.status_code == 200
        again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        head = client.head(url)
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", first.headers["etag"])
    options = httpx.options(url)
    assert (options.status_code, options.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")
    assert httpx.options(f"{known.base}/api/nothing").status_code == 404


@pytest.mark.parametrize("operation", OPERATIONS, ids=name_of)
def test_every_answer_is_as_described(operation: Any, known: Known, record_property: Any) -> None:
    """No request gets an answer that the description does not have, or a fault of the server; no right request is
    refused, and no wrong one accepted."""
    if not takes_anything(operation):
        assert search(operation, known, 1, wrong=False) == 1  # there is no other request
        return
    sent = [search(operation, known, REQUESTS // 2, wrong=wrong) for wrong in (False, True)]
    record_property("requests", sent)
    assert sent == [REQUESTS // 2] * 2


def takes_anything(operation: Any) -> bool:
    return bool(list(operation.iter_parameters())) or bool(operation.body)
