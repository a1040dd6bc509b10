"""Requests that schemathesis makes from the description of the API, sent to a running app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

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
LONGEST_URL = 8000
"""Characters. The server of the host answers a longer one itself, before there is an app that could be described."""
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


def operations(document: dict[str, Any]) -> list[Any]:
    """Return the operations of the description: those that read, those that change, those that remove."""
    order = {"get": 0, "post": 1, "put": 1, "delete": 2}
    schema: Any = schemathesis.openapi.from_dict(document, config=CONFIG)
    found = [one.ok() for one in schema.get_all_operations()]
    return sorted(found, key=lambda operation: order[operation.method])


def name_of(operation: Any) -> str:
    return str(operation.definition.raw["operationId"])


def search(operation: Any, known: Known, examples: int, *, wrong: bool) -> int:
    """Send so many requests that are right, or that are `wrong`; return how many were sent.

    Raises for the first answer that is not described, is a fault of the server, or accepts what is wrong.
    """
    sent = 0
    checks = [*AS_DESCRIBED, refused if wrong else not_refused]

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(operation, known, wrong=wrong), data=st.data())
    def try_one(case: Any, data: st.DataObject) -> None:
        nonlocal sent
        sent += 1
        bodies = known.bodies.get(name_of(operation), ()) if not wrong and case.media_type != "application/json" else ()
        replaced: bool = bool(bodies) and data.draw(st.booleans())
        if replaced:
            case.body = data.draw(st.sampled_from(bodies))
        response = case.call(base_url=known.base, session=session, headers={"x-functions-key": known.key})
        if len(response.request.url) < LONGEST_URL:
            case.validate_response(response, checks=checks)

    with requests.Session() as session:
        session.trust_env = False  # each request would look for a proxy
        try_one()
    return sent


def cases(operation: Any, known: Known, *, wrong: bool) -> st.SearchStrategy[Any]:
    """Return requests whose path is generated, and those whose path has a known value."""
    mode = schemathesis.GenerationMode.NEGATIVE if wrong else schemathesis.GenerationMode.POSITIVE
    generated: st.SearchStrategy[Any] = operation.as_strategy(generation_mode=mode)
    [name] = {one.name for one in operation.path_parameters} & known.paths.keys() or {""}
    if wrong and not (operation.query or operation.headers or operation.body):
        return generated  # with a known path nothing would be wrong
    fixed = [
        operation.as_strategy(generation_mode=mode, path_parameters={name: one}) for one in known.paths.get(name, ())
    ]
    return st.one_of(*fixed, generated)


def refused(context: Any, response: Any, case: Any) -> None:
    """Raise for a wrong request that is accepted. A parameter without a value counts as not given."""
    sent = parse_qsl(urlsplit(response.request.url).query, keep_blank_values=True)
    if all(value for _, value in sent):
        negative_data_rejection(context, response, case)


def not_refused(_: Any, response: Any, case: Any) -> None:
    """Raise for a right request that is answered as if it were a wrong one."""
    if name_of(case.operation) not in CONTENT_DECIDES and response.status_code in (400, 413):
        assert response.json()["field"] in BEYOND_SCHEMA, response.text
