import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from local.cosmos.process import CosmosProcess
from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent
from outlast.runs.listing import Listing
from outlast.runs.record import RunRecord
from outlast.runs.stale import Stale
from outlast.runs.store import CosmosRuns, Runs
from tests.contract.outlast.backends import DATABASE, EMPTY
from tests.fakes import records
from tests.fakes.clock import ManualClock
from tests.fakes.runs import FakeRuns

Check = Callable[[Runs], Awaitable[None]]
Visit = Callable[[Check], None]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(params=["fake", "cosmos"])
def visit(request: pytest.FixtureRequest, clock: ManualClock) -> Visit:
    """Runs a check with each adapter."""
    now = clock.now
    if request.param == "fake":
        return lambda check: asyncio.run(wait(check(FakeRuns(now))))
    emulator = request.getfixturevalue("emulator")

    async def with_cosmos(check: Check) -> None:
        cosmos = Cosmos(emulator.url, emulator.key, DATABASE)
        try:
            await check(CosmosRuns(cosmos, now))
        finally:
            await cosmos.close()

    return lambda check: asyncio.run(with_cosmos(check))


async def wait(work: Awaitable[None]) -> None:
    await work


def make_record(**fields: Any) -> RunRecord:
    """Return a record with an id that no other test uses."""
    return records.make_record(**{"id": uuid.uuid4().hex, "accepted": "2026-01-01T00:00:00.000+00:00", **fields})


async def find(runs: Runs, run: str) -> RunRecord:
    found = await runs.find(run)
    assert found is not None
    return found


def test_a_record_is_found_as_it_was_created(visit: Visit) -> None:
    """A record is read back as it was created, with an ETag and the time of the write, whatever its parameters
    contain."""

    async def check(runs: Runs) -> None:
        parameters = {"__class__": "x", "__module__": "y", "__data__": 1, "é": [None, {"a": 1.5}]}
        record = make_record(parameters=parameters, filename='a "b"\n.csv', tolerated_reject_percent=0.1)
        await runs.create(record)
        found = await find(runs, record.id)
        assert found.etag
        assert found.status.updated == "2026-01-01T00:16:40.000+00:00"
        assert records.altered(replace(found, etag=None), updated=None) == record

    visit(check)


def test_a_run_that_is_not_there_is_none(visit: Visit) -> None:
    """A search for a missing run returns None and no error."""

    async def check(runs: Runs) -> None:
        assert await runs.find(uuid.uuid4().hex) is None

    visit(check)


def test_a_record_is_created_once(visit: Visit) -> None:
    """A second create of a record returns False and leaves the record as it was."""

    async def check(runs: Runs) -> None:
        record = make_record()
        assert await runs.create(record)
        assert not await runs.create(records.altered(record, report="other"))
        assert (await find(runs, record.id)).request.report == "sales"

    visit(check)


def test_what_has_not_ended_or_is_pending_is_found(visit: Visit) -> None:
    """The open runs are exactly those that have not ended or have a pending step, however many there are."""

    async def check(runs: Runs) -> None:
        kept = [make_record() for _ in range(120)] + [make_record(state="failed", pending=["email"])]
        ended = [make_record(state=state) for state in ("completed", "failed", "cancelled", "superseded")]
        await asyncio.gather(*(runs.create(record) for record in (*kept, *ended)))
        found = {record.id for record in await runs.open_runs()}
        assert {record.id for record in kept} <= found
        assert not {record.id for record in ended} & found

    visit(check)


def test_the_open_runs_of_others_are_counted_by_owner(visit: Visit) -> None:
    """Runs that have ended, and those of the owner that asks, are not counted."""

    async def check(runs: Runs) -> None:
        other, own = f"other-{uuid.uuid4().hex}", f"own-{uuid.uuid4().hex}"
        fields: list[dict[str, Any]] = [{"owner": other}] * 3 + [{"owner": own}, {"owner": other, "state": "failed"}]
        await asyncio.gather(*(runs.create(make_record(**each)) for each in fields))
        found = await runs.of_others(own)
        assert found[other] == 3
        assert own not in found

    visit(check)


def test_queued_runs_are_found_oldest_first(visit: Visit) -> None:
    """Only those of the owner that asks, and at most as many as it asks for."""

    async def check(runs: Runs) -> None:
        owner = uuid.uuid4().hex
        times = [f"2026-01-01T00:00:0{second}.000+00:00" for second in (3, 1, 2)]
        queued = [make_record(state="queued", owner=owner, accepted=time) for time in times]
        others = [make_record(state="reading", owner=owner), make_record(state="queued", owner="another")]
        await asyncio.gather(*(runs.create(record) for record in (*queued, *others)))
        assert [record.id for record in await runs.queued(owner, 2)] == [queued[1].id, queued[2].id]

    visit(check)


def test_ended_runs_are_found_that_ended_longest_ago(clock: ManualClock, visit: Visit) -> None:
    """Only closed runs of the owner that ended at that time or earlier and were not removed, the first one first, and
    at most as many as it asks for."""

    async def check(runs: Runs) -> None:
        owner = uuid.uuid4().hex
        fields: list[dict[str, Any]] = [
            {"state": "completed"},
            {"state": "failed"},
            {"state": "cancelled"},
            {"state": "failed", "pending": ["undo"]},
            {"state": "storing"},
            {"state": "completed", "removed": "2026-01-01T00:00:00.000+00:00", "ttl": 60},
            {"state": "completed", "owner": "another"},
        ]
        made = [make_record(**{"owner": owner, **each}) for each in fields]
        for record in made:
            await runs.create(record)
            clock.advance(1)
        late = make_record(owner=owner, state="completed")
        await runs.create(late)
        before = (await find(runs, made[-1].id)).status.updated or ""
        assert [record.id for record in await runs.ended(owner, before, 9)] == [record.id for record in made[:3]]
        assert [record.id for record in await runs.ended(owner, before, 2)] == [record.id for record in made[:2]]

    visit(check)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, "3210"),
        ({"state": "failed"}, "2"),
        ({"open": True}, "20"),
        ({"open": False}, "31"),
        ({"since": "2026-01-01T00:00:01.000+00:00", "until": "2026-01-01T00:00:03.000+00:00"}, "21"),
        ({"input": "a.csv"}, "21"),
        ({"label": "nightly"}, "3"),
        ({"label": "nightly", "open": True}, ""),
        ({"before": "2026-01-01T00:00:01.000+00:00"}, "10"),
        ({"most": 2}, "32"),
        ({"ids": ()}, ""),
    ],
)
def test_the_list_has_what_was_asked_for(visit: Visit, asked: dict[str, Any], found: str) -> None:
    """Each condition chooses the same runs in the database and in its fake, the newest first."""

    async def check(runs: Runs) -> None:
        report = uuid.uuid4().hex
        fields: list[dict[str, Any]] = [
            {"state": "storing"},
            {"state": "completed", "filename": "a.csv"},
            {"state": "failed", "pending": ["email"], "reference": "a.csv"},
            {"state": "cancelled", "label": "nightly"},
        ]
        times = [f"2026-01-01T00:00:0{second}.000+00:00" for second in range(4)]
        made = [make_record(report=report, accepted=time, **each) for time, each in zip(times, fields, strict=True)]
        await asyncio.gather(*(runs.create(record) for record in made))
        numbers = {record.id: str(number) for number, record in enumerate(made)}
        listed = await runs.newest(Listing(**{"report": report, **asked}))
        assert "".join(numbers[record.id] for record in listed) == found
        keyed = Listing(report=report, ids=(made[1].id, made[3].id), seen=(made[3].id,))
        assert [record.id for record in await runs.newest(keyed)] == [made[1].id]

    visit(check)


def test_a_time_to_live_is_read_back(visit: Visit) -> None:
    """A record has a time to live only when it was set, and it stays through a change."""

    async def check(runs: Runs) -> None:
        record = make_record(state="completed")
        await runs.create(record)
        assert (await find(runs, record.id)).status.ttl is None
        await runs.change(record.id, lambda found: found.changed(ttl=60))
        await runs.change(record.id, lambda found: found.changed(state="failed"))
        assert (await find(runs, record.id)).status.ttl == 60

    visit(check)


def test_a_record_is_deleted_as_it_was_read(visit: Visit) -> None:
    """A record that has changed since it was read is not deleted; one that is gone counts as deleted."""

    async def check(runs: Runs) -> None:
        record = make_record(state="completed")
        await runs.create(record)
        before = await find(runs, record.id)
        newest = await runs.change(record.id, lambda found: found.changed(state="failed"))
        with pytest.raises(Stale, match="has changed"):
            await runs.delete(before)
        assert await runs.find(record.id) == newest
        await runs.delete(newest)
        await runs.delete(newest)
        assert await runs.find(record.id) is None

    visit(check)


def test_a_deleted_record_is_not_changed_into_being(visit: Visit) -> None:
    """A change of a deleted record raises and writes nothing."""

    async def check(runs: Runs) -> None:
        record = make_record(state="completed")
        await runs.create(record)
        found = await find(runs, record.id)
        await runs.delete(found)
        with pytest.raises(Stale):
            await runs.change(record.id, lambda before: before.changed(state="reading"))
        assert await runs.find(record.id) is None

    visit(check)


def test_what_has_not_changed_for_longest_is_found_first(clock: ManualClock, visit: Visit) -> None:
    """The open runs come in the order of their last change, the oldest first."""

    async def check(runs: Runs) -> None:
        first, second = make_record(), make_record()
        for record in (first, second):
            await runs.create(record)
            clock.advance(10)
        await runs.change(first.id, lambda record: record.changed(state="reading"))
        found = [record.id for record in await runs.open_runs() if record.id in (first.id, second.id)]
        assert found == [second.id, first.id]

    visit(check)


def test_runs_are_listed_newest_first_and_by_what_is_asked(visit: Visit) -> None:
    """Runs are listed newest first, limited by report, state, number, time and the ids already seen."""

    async def check(runs: Runs) -> None:
        report = uuid.uuid4().hex
        made = [make_record(report=report, accepted=f"2026-01-0{day}T00:00:00.000+00:00") for day in (1, 3, 2, 3)]
        made[2] = records.altered(made[2], state="failed")
        for record in made:
            await runs.create(record)

        async def ids(**asked: Any) -> list[str]:
            return [record.id for record in await runs.newest(Listing(report=report, **asked))]

        oldest, a, failed, b = (record.id for record in made)
        assert [set((await ids())[:2]), (await ids())[2:]] == [{a, b}, [failed, oldest]]
        assert await ids(state="failed") == [failed]
        assert set(await ids(most=2)) == {a, b}
        assert await ids(before=made[1].request.accepted, seen=(a,)) == [b, failed, oldest]
        assert await ids(before=made[2].request.accepted, seen=(failed,), most=1) == [oldest]

    visit(check)


def test_a_change_is_applied_and_returned(visit: Visit) -> None:
    """A change returns the changed record with a new ETag."""

    async def check(runs: Runs) -> None:
        record = make_record()
        await runs.create(record)
        before = await find(runs, record.id)
        changed = await runs.change(record.id, lambda r: r.changed(state="reading", totals={"rows": 1}))
        assert (changed.status.state, changed.result.totals) == ("reading", {"rows": 1})
        assert changed.etag != before.etag
        assert await find(runs, record.id) == changed

    visit(check)


def test_a_change_of_nothing_writes_nothing(visit: Visit) -> None:
    """A change that changes nothing leaves the ETag as it was."""

    async def check(runs: Runs) -> None:
        record = make_record()
        await runs.create(record)
        before = await find(runs, record.id)
        assert await runs.change(record.id, lambda r: r) == before
        assert await find(runs, record.id) == before

    visit(check)


def test_no_change_is_lost(visit: Visit) -> None:
    """Changes that are made at once are all applied, each to the result of another."""

    async def check(runs: Runs) -> None:
        record = make_record(attempt=0)
        await runs.create(record)
        await asyncio.gather(
            *(runs.change(record.id, lambda r: r.changed(attempt=r.status.attempt + 1)) for _ in range(8))
        )
        assert (await find(runs, record.id)).status.attempt == 8

    visit(check)


def test_a_change_that_is_refused_leaves_the_record(visit: Visit) -> None:
    """A change whose edit raises writes nothing and raises that error."""

    def refuse(record: RunRecord) -> RunRecord:
        raise Permanent(f"not from {record.status.state}")

    async def check(runs: Runs) -> None:
        record = make_record()
        await runs.create(record)
        with pytest.raises(Permanent, match="not from accepted"):
            await runs.change(record.id, refuse)
        assert (await find(runs, record.id)).status.state == "accepted"

    visit(check)


def test_a_run_that_is_not_there_cannot_be_changed(visit: Visit) -> None:
    """A change of a missing run raises Permanent and says what to do."""

    async def check(runs: Runs) -> None:
        with pytest.raises(Stale, match="if that stays so, start a new run"):
            await runs.change(uuid.uuid4().hex, lambda r: r)

    visit(check)


MISSING = "the container runs does not exist"


@pytest.mark.parametrize(
    ("key", "database", "text", "call"),
    [
        (None, "nowhere", MISSING, lambda runs: runs.create(make_record())),
        (None, "nowhere", MISSING, lambda runs: runs.find("r1")),
        (None, EMPTY, MISSING, lambda runs: runs.create(make_record())),
        (None, EMPTY, MISSING, lambda runs: runs.find("r1")),
        (None, EMPTY, MISSING, lambda runs: runs.change("r1", lambda record: record)),
        (None, EMPTY, MISSING, lambda runs: runs.newest(Listing())),
        (None, EMPTY, MISSING, lambda runs: runs.ended("o", "2026", 1)),
        (None, EMPTY, MISSING, lambda runs: runs.delete(make_record())),
        ("d3Jvbmc=", DATABASE, "correct COSMOS_KEY", lambda runs: runs.find("r1")),
    ],
)
def test_what_cannot_work_is_permanent(
    emulator: CosmosProcess, key: str | None, database: str, text: str, call: Callable[[Runs], Awaitable[object]]
) -> None:
    """A call with a missing container, a missing database or a wrong key raises Permanent."""

    async def run() -> None:
        cosmos = Cosmos(emulator.url, key or emulator.key, database)
        try:
            await call(CosmosRuns(cosmos, ManualClock().now))
        finally:
            await cosmos.close()

    with pytest.raises(Permanent, match=text):
        asyncio.run(run())
