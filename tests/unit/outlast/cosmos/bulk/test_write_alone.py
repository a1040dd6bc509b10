import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, cast

import orjson
import pytest
from azure.core.rest import HttpRequest
from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceNotFoundError

from outlast.cosmos.bulk.staged_document import Patch
from outlast.cosmos.bulk.transport import Result, write_alone

Hook = Callable[[Mapping[str, str], Any], None]


class Answer:
    """What the SDK's errors read of the service's answer."""

    reason = "refused"

    def __init__(self, status: int, **headers: str) -> None:
        self.status_code = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.request = HttpRequest("PATCH", "https://db")

    def text(self) -> str:
        return ""


class Container:
    """A container that answers each patch as it is told: with a charge, or with an error."""

    def __init__(self, *answers: float | CosmosHttpResponseError) -> None:
        self.answers = deque(answers)

    async def patch_item(self, item: str, partition_key: str, patch_operations: Any, response_hook: Hook) -> None:
        answer = self.answers.popleft()
        if isinstance(answer, CosmosHttpResponseError):
            raise answer
        response_hook({"x-ms-request-charge": str(answer)}, {})


def patched(*answers: float | CosmosHttpResponseError) -> Result:
    """Send a document of two patches alone; return the result."""
    steps = [orjson.dumps([{"op": "set", "path": f"/m{n}", "value": n}]) for n in range(2)]
    document = Patch(2, b'"s1"', b"00", Patch.text("d0", steps))
    return asyncio.run(write_alone(cast(ContainerProxy, Container(*answers)), document, {}))


def test_a_large_patch_has_the_charge_of_all_its_requests() -> None:
    """The result adds the request units of each patch, so that totals, bucket and rate controller count them."""
    assert patched(20.5, 10.25) == Result(200, charge=30.75)


@pytest.mark.parametrize(
    ("status", "substatus", "found"), [(429, "3200", 3200), (404, "0", 0), (404, "1003", 1003), (404, "1002", 1002)]
)
def test_a_large_patch_that_is_refused_has_its_charge(status: int, substatus: str, found: int) -> None:
    """A refusal behind a first patch has the request units of both, and the service's status."""
    kind: Any = CosmosResourceNotFoundError if status == 404 else CosmosHttpResponseError
    error = kind(response=Answer(status, x_ms_request_charge="0.5", x_ms_substatus=substatus))
    result = patched(20.5, error)
    assert (result.status, result.substatus, result.charge) == (status, found, 21.0)
