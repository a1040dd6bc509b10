"""Requests that schemathesis makes from the description of the API, sent to a running app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.core import SCHEMATHESIS_TEST_CASE_HEADER
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.drawn_cases import different_cases

AS_DESCRIBED = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CONTENT_DECIDES = {"start_report", "correct_run", "take_over"}
"""Operations that refuse what their schema allows: what a file holds, and which owners there are, no schema knows."""
BEYOND_SCHEMA = {"continuation", "label", "level", "name", "reason"}
"""Fields of which a schema does not say all: what only the app makes, what is printable, what a run's mode allows."""
KNOWN_BODY = 4
"""The body of one of so many right requests is replaced."""
LONGEST_URL = 8000
"""Characters. The server of the host answers a longer one itself, before there is an app that could be described."""
PATIENCE = 90
"""Seconds. A machine may stand still for longer than the ten that schemathesis waits for an answer."""
REFUSALS = {"negative_data_rejection": {"expected-statuses": ["400", "404", "409", "410", "413", "422"]}}
CONFIG = schemathesis.Config.from_dict({"checks": REFUSALS})


@dataclass(frozen=True)
class Known:
    """What stands in many requests in place of what would be generated, so that not each of them ends as 404 or 400:
    values of path parameters by their names, and bodies by the operation."""

    base: str
    key: str
    paths: Mapping[str, Sequence[str]]
    bodies: Mapping[str, Sequence[bytes]]

    def values(self, operation: Any) -> list[dict[str, str]]:
        """Return the known values of the operation's path."""
        names = [one.name for one in operation.path_parameters if one.name in self.paths]
        return [{name: value} for name in names for value in self.paths[name]]


def operations(document: dict[str, Any]) -> list[Any]:
    """Return the operations of the description: those that read, those that change, those that remove."""
    order = {"get": 0, "post": 1, "put": 1, "delete": 2}
    schema: Any = schemathesis.openapi.from_dict(document, config=CONFIG)
    found = [one.ok() for one in schema.get_all_operations()]
    return sorted(found, key=lambda operation: order[operation.method])


def name_of(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def search(operation: Any, known: Known, number: int, *, wrong: bool) -> int:
    """Send so many different requests that are right, or that are `wrong`; return how many were sent.

    Raises for the first answer that is not described, is a fault of the server, or accepts what is wrong.
    """
    different: set[Any] = set()
    checks = [*AS_DESCRIBED, refused if wrong else not_refused]
    with requests.Session() as session:
        session.trust_env = False  # each request would look for a proxy
        for case in different_cases(operation, known.values(operation), number, wrong=wrong):
            if not wrong:
                give_known_body(case, known, len(different))
            headers = {"x-functions-key": known.key}
            response = case.call(base_url=known.base, session=session, headers=headers, timeout=PATIENCE)
            if len(response.request.url) < LONGEST_URL:
                case.validate_response(response, checks=checks)
            different.add(as_sent(response.request))
            if len(different) == number:
                break
    return len(different)


def give_known_body(case: Any, known: Known, number: int) -> None:
    """Replace the body of some requests, so that files are accepted. Each starts a run, which takes its time."""
    bodies = known.bodies.get(name_of(case.operation), ())
    if bodies and case.media_type != "application/json" and number % KNOWN_BODY == 0:
        case.body = bodies[number // KNOWN_BODY % len(bodies)]


def as_sent(request: Any) -> Any:
    """Return what the app can see of a request."""
    headers = {name: value for name, value in request.headers.items() if name != SCHEMATHESIS_TEST_CASE_HEADER}
    return request.method, request.url, tuple(sorted(headers.items())), request.body


def refused(context: Any, response: Any, case: Any) -> None:
    """Raise for a wrong request that is accepted. A parameter without a value counts as not given."""
    sent = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    if all(value for _, value in sent):
        negative_data_rejection(context, response, case)


def not_refused(_: Any, response: Any, case: Any) -> None:
    """Raise for a right request that is answered as if it were a wrong one."""
    if name_of(case.operation) not in CONTENT_DECIDES and response.status_code in (400, 413):
        assert response.json()["field"] in BEYOND_SCHEMA, response.text
