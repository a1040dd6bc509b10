import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.cosmos.aio import DatabaseProxy
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceNotFoundError

from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent, Transient
from outlast.runs.record import RunRecord
from outlast.runs.store import CosmosRuns
from tests.fakes.clock import ManualClock
from tests.fakes.records import make_record


def test_a_record_is_shown_without_its_etag() -> None:
    """The document of a record has no ETag and reads back as the record."""
    shown = make_record(_etag='"7"').to_document()
    assert "_etag" not in shown
    assert RunRecord.from_document(shown) == make_record()


class RefusingContainer:
    """Answers each call with an error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def _refuse(self, *_: Any, **__: Any) -> Any:
        raise self._error

    read = create_item = read_item = replace_item = _refuse


class RefusingCosmos(Cosmos):
    def __init__(self, error: Exception) -> None:
        super().__init__("https://fake", "a2V5", "outlast")
        self._error = error

    async def database(self) -> DatabaseProxy:
        return cast(DatabaseProxy, self)

    def get_container_client(self, name: str) -> RefusingContainer:
        assert name == "runs"
        return RefusingContainer(self._error)


MISSING = CosmosResourceNotFoundError(404, "Owner resource does not exist")  # type: ignore[no-untyped-call]
MISSING.sub_status = 1003


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (CosmosHttpResponseError(401), Permanent, "'Cosmos DB Built-in Data Contributor', or correct COSMOS_KEY"),  # type: ignore[no-untyped-call]
        (CosmosHttpResponseError(403), Permanent, "'Cosmos DB Built-in Data Contributor', or correct COSMOS_KEY"),  # type: ignore[no-untyped-call]
        (MISSING, Permanent, "the container runs does not exist; create it with the partition key /id"),
        (CosmosHttpResponseError(429), Transient, "the database answered 429 for run r1's record"),  # type: ignore[no-untyped-call]
        (CosmosHttpResponseError(503), Transient, "the database answered 503 for run r1's record"),  # type: ignore[no-untyped-call]
        (ServiceRequestError("no route"), Transient, "gave no answer for run r1's record"),
    ],
)
@pytest.mark.parametrize("call", ["create", "find", "change"])
def test_what_the_database_refuses_is_said_in_our_words(
    error: Exception, kind: type[Exception], text: str, call: str
) -> None:
    """A missing role or container raises Permanent and says what to do, and any other error raises Transient."""
    runs = CosmosRuns(RefusingCosmos(error), ManualClock().now)
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "create": lambda: runs.create(make_record()),
        "find": lambda: runs.find("r1"),
        "change": lambda: runs.change("r1", lambda record: record),
    }

    async def run() -> None:
        await calls[call]()

    with pytest.raises(kind, match=text):
        asyncio.run(run())
