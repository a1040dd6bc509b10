import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest
from azure.core.exceptions import ServiceRequestError
from azure.cosmos.aio import DatabaseProxy
from azure.cosmos.exceptions import CosmosHttpResponseError, CosmosResourceNotFoundError

from outlast.cosmos.client import Cosmos
from outlast.deadline import Deadlines
from outlast.errors import Permanent, Transient
from outlast.models import RunCall
from outlast.runs.fence import FENCE_SECONDS, Fence, Gate, refuse_strangers
from outlast.runs.record import RunRecord
from outlast.runs.store import CosmosRuns
from tests.fakes.clock import ManualClock
from tests.fakes.records import make_record
from tests.fakes.runs import FakeRuns


def fence_off(check: Callable[[Fence, FakeRuns, ManualClock], Awaitable[None]]) -> None:
    """Give a check a run that is storing in attempt 2, and a fence for just that."""

    async def run() -> None:
        runs, clock = FakeRuns(), ManualClock()
        await runs.create(make_record(state="storing", attempt=2))
        await check(Fence(Gate(runs, Deadlines(100, clock)), RunCall("r1", 2), "storing"), runs, clock)

    asyncio.run(run())


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"attempt": 3}, {"attempt": 1}, {"state": "publishing"}])
def test_the_fence_stops_who_belongs_elsewhere(changes: dict[str, Any]) -> None:
    """Another state or another attempt: the activity was given up, and says so."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.set("r1", **changes)
        with pytest.raises(Permanent, match="this call belongs to storing in attempt 2 and stops"):
            await fence.enter()

    fence_off(check)


def test_the_fence_returns_the_record() -> None:
    """The activity works with the record it was let in by."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        assert await fence.enter() == runs.records["r1"]

    fence_off(check)


def test_a_run_without_a_record_is_stopped() -> None:
    """A deleted record ends what works for it."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.records.clear()
        with pytest.raises(Permanent, match="run r1 has no record in the container runs"):
            await fence.enter()

    fence_off(check)


def test_the_record_is_read_again_when_five_seconds_have_passed() -> None:
    """A check within 5 seconds reads nothing, because reading costs as much as the work."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        await fence.check()
        clock.advance(FENCE_SECONDS - 0.1)
        runs.set("r1", state="failing")
        await fence.check()
        assert runs.reads == 1
        clock.advance(0.1)
        with pytest.raises(Permanent):
            await fence.check()

    fence_off(check)


def test_the_first_check_reads_the_record() -> None:
    """Whoever did not enter is checked all the same."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.set("r1", state="failing")
        with pytest.raises(Permanent):
            await fence.check()

    fence_off(check)


def test_any_of_several_states_lets_in() -> None:
    """A call may belong to more than one state, and all are named when it is refused."""
    refuse_strangers(make_record(state="failing"), 1, "storing", "failing")
    with pytest.raises(Permanent, match="belongs to storing or failing in attempt 1"):
        refuse_strangers(make_record(state="failed"), 1, "storing", "failing")


def test_a_record_is_shown_without_its_etag() -> None:
    """What a caller sees is what is stored; the ETag is the database's."""
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
    """A missing role or container is permanent and says what to do; the rest may pass."""
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
