import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from outlast.calls import RunCall
from outlast.deadline import Deadlines
from outlast.errors import Permanent
from outlast.runs.fence import FENCE_SECONDS, Fence, Gate, refuse_strangers
from outlast.runs.stale import Stale
from tests.fakes.clock import ManualClock
from tests.fakes.records import make_record
from tests.fakes.runs import FakeRuns


def fence_off(check: Callable[[Fence, FakeRuns, ManualClock], Awaitable[None]]) -> None:
    """Give a check a run that is storing in attempt 2, and a fence for just that."""

    async def run() -> None:
        runs, clock = FakeRuns(), ManualClock()
        await runs.create(make_record(state="storing", attempt=2))
        await check(Fence(Gate(runs, Deadlines(100, clock)), RunCall("r1", 2), ("storing",)), runs, clock)

    asyncio.run(run())


@pytest.mark.parametrize("changes", [{"state": "failing"}, {"attempt": 3}, {"state": "publishing"}])
def test_the_fence_stops_who_belongs_elsewhere(changes: dict[str, Any]) -> None:
    """A call whose record is in a later state or attempt raises Permanent."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.set("r1", **changes)
        with pytest.raises(Permanent, match="this call belongs to storing in attempt 2 and stops"):
            await fence.enter()

    fence_off(check)


def test_the_fence_returns_the_record() -> None:
    """A call that may go on gets the record that it was checked against."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        assert await fence.enter() == runs.records["r1"]

    fence_off(check)


@pytest.mark.parametrize("changes", [{"state": "generating"}, {"attempt": 1}, {"attempt": 1, "state": "failed"}])
def test_a_record_that_is_behind_the_call_lets_it_be_repeated(changes: dict[str, Any]) -> None:
    """A call whose record is in an earlier state or attempt raises Stale, so that it is retried."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.set("r1", **changes)
        with pytest.raises(Stale, match="which is before storing in attempt 2"):
            await fence.enter()

    fence_off(check)


def test_a_missing_record_lets_the_call_be_repeated() -> None:
    """A call without a record raises Stale, because a replica may not have a young record yet."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.records.clear()
        with pytest.raises(Stale, match="run r1 has no record in the container runs"):
            await fence.enter()

    fence_off(check)


def test_a_check_in_the_midst_of_the_work_passes_over_a_stale_read() -> None:
    """A check during the work ignores a record that is read in an earlier state."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        await fence.enter()
        clock.advance(FENCE_SECONDS)
        runs.set("r1", state="generating")
        await fence.check()

    fence_off(check)


def test_forty_requests_of_a_call_read_the_record_once() -> None:
    """Checks at the same time share one read, and all of them are stopped by it."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        await asyncio.gather(*(fence.check() for _ in range(40)))
        assert runs.reads == 1
        clock.advance(FENCE_SECONDS)
        runs.set("r1", state="failing")
        stopped = await asyncio.gather(*(fence.check() for _ in range(40)), return_exceptions=True)
        assert all(isinstance(error, Permanent) for error in stopped)

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
    """A first check without an enter reads the record and raises Permanent if the run has moved on."""

    async def check(fence: Fence, runs: FakeRuns, clock: ManualClock) -> None:
        runs.set("r1", state="failing")
        with pytest.raises(Permanent):
            await fence.check()

    fence_off(check)


def test_any_of_several_states_lets_in() -> None:
    """A call may belong to several states, and its refusal names all of them."""
    refuse_strangers(make_record(state="failing"), 1, "storing", "failing")
    with pytest.raises(Permanent, match="belongs to storing or failing in attempt 1"):
        refuse_strangers(make_record(state="failed"), 1, "storing", "failing")
