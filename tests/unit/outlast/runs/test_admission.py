import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from outlast.runs.admission import Admission
from outlast.runs.launcher import Launcher
from outlast.runs.seats import Seats
from tests.fakes.app_documents import FakeAppDocuments
from tests.fakes.http import FakeClient
from tests.fakes.records import make_record
from tests.fakes.runs import FakeRuns


class House:
    """An app with two seats."""

    def __init__(self, most: int = 2) -> None:
        self.runs, self.documents, self.client = FakeRuns(), FakeAppDocuments(), FakeClient()
        self.seats = Seats(self.documents, "", most)
        self.admission = Admission(self.runs, self.seats, Launcher(5.0))

    async def post(self, *runs: str, state: str = "queued") -> None:
        for run in runs:
            accepted = f"2026-01-01T00:00:00.{run[1:]:0>3}+00:00"
            await self.runs.create(make_record(id=run, state=state, accepted=accepted))

    def states(self) -> dict[str, str]:
        return {run: record.status.state for run, record in self.runs.records.items()}

    def woken(self) -> list[str]:
        return [run for run, _ in self.client.raised]


def visit(check: Callable[[House], Any], **house: Any) -> House:
    world = House(**house)
    asyncio.run(check(world))
    return world


def test_a_run_that_asks_gets_a_free_seat() -> None:
    """A run that asks gets a free seat and is not woken, because it is awake."""

    async def check(house: House) -> None:
        await house.post("r1")
        await house.admission.ask(house.client, "r1")

    house = visit(check)
    assert house.states() == {"r1": "accepted"}
    assert house.woken() == []


def test_a_planned_run_asks_for_no_seat() -> None:
    """A planned run whose orchestration looks at its record takes no seat."""

    async def check(house: House) -> None:
        await house.post("r1", state="planned")
        await house.admission.ask(house.client, "r1")

    house = visit(check)
    assert house.states() == {"r1": "planned"}
    assert asyncio.run(house.seats.taken()) == ()


def test_seats_are_given_first_come_first_served() -> None:
    """A run that asks later gets its seat after those that wait, and each of these is woken when it gets its seat."""

    async def check(house: House) -> None:
        await house.post("r1", "r2", "r3")
        await house.admission.ask(house.client, "r3")
        assert house.states() == {"r1": "accepted", "r2": "accepted", "r3": "queued"}
        house.runs.set("r1", state="completed")
        await house.admission.release(house.client, "r1")

    house = visit(check)
    assert house.states()["r3"] == "accepted"
    assert house.woken() == ["r1", "r2", "r3"]


def test_a_run_that_the_list_of_the_waiting_lacks_is_admitted_all_the_same() -> None:
    """A run that asks is admitted, also if the query for queued runs does not show it yet."""

    class Behind(FakeRuns):
        async def queued(self, owner: str, most: int) -> list[Any]:
            return []

    async def check(house: House) -> None:
        behind = Behind()
        await behind.create(make_record(id="r1", state="queued"))
        await Admission(behind, house.seats, Launcher(5.0)).ask(house.client, "r1")
        house.runs.records = behind.records

    assert visit(check).states() == {"r1": "accepted"}


def test_a_seat_that_was_taken_before_a_crash_is_used() -> None:
    """A run with a seat whose record does not say so yet is admitted when it asks again."""

    async def check(house: House) -> None:
        await house.post("r1", "r2", "r3")
        for run in ("r1", "r3"):
            await house.seats.take(run)
        await house.admission.ask(house.client, "r3")

    assert visit(check).states() == {"r1": "queued", "r2": "queued", "r3": "accepted"}


@pytest.mark.parametrize("state", ["completed", "failed", "failing"])
def test_a_run_whose_work_has_ended_gets_no_seat(state: str) -> None:
    """A run that has ended or is failing gets no seat when its orchestration asks."""

    async def check(house: House) -> None:
        await house.post("r1", state=state)
        await house.admission.ask(house.client, "r1")
        assert await house.seats.taken() == ()

    assert visit(check).states() == {"r1": state}


def test_many_instances_give_no_seat_twice() -> None:
    """Any number of runs that ask at once are admitted only up to the number of seats."""

    async def check(house: House) -> None:
        runs = [f"r{number}" for number in range(50)]
        await house.post(*runs)
        await asyncio.gather(*(house.admission.ask(house.client, run) for run in runs))

    assert list(visit(check).states().values()).count("accepted") == 2


def test_a_last_seat_that_another_instance_takes_is_not_given_twice() -> None:
    """The document is read again when it has changed between reading and writing."""

    async def check() -> None:
        documents = FakeAppDocuments()
        ours, others = Seats(documents, "", 1), Seats(documents, "", 1)
        one, other = await asyncio.gather(ours.take("r1"), others.take("r2"))
        assert one == other == await ours.taken()
        assert one in (("r1",), ("r2",))

    asyncio.run(check())


def test_the_sweep_makes_good_what_a_crash_left() -> None:
    """The sweep frees the seats of ended runs, gives runs at work a seat, and gives the free seats to queued runs."""

    async def check(house: House) -> None:
        await house.post("r1", state="completed")
        await house.post("r2", state="storing")
        await house.post("r3")
        await house.seats.add("r1")
        await house.admission.tidy(house.client, await house.runs.open_runs())
        assert await house.seats.taken() == ("r2", "r3")

    house = visit(check)
    assert house.states()["r3"] == "accepted"
    assert house.woken() == ["r3"]


def test_runs_at_work_divide_the_lanes() -> None:
    """The runs at work divide the lanes that they ask for, and each has at least one."""

    async def check(house: House) -> None:
        shares = []
        for run in ("r1", "r2", "r3"):
            await house.seats.take(run)
            shares.append(await house.admission.share(8))
        assert shares == [8, 4, 2]
        assert await house.admission.share(2) == 1

    visit(check, most=4)


def test_a_run_that_asks_where_no_seat_is_free_costs_one_read() -> None:
    """Of a thousand runs posted at once each asks, and almost all ask in vain."""

    class Counting(FakeRuns):
        """Counts the lists of the waiting that are asked for."""

        lists = 0

        async def queued(self, owner: str, most: int) -> list[Any]:
            Counting.lists += 1
            return await FakeRuns.queued(self, owner, most)

    async def check(house: House) -> None:
        runs = Counting()
        admission = Admission(runs, house.seats, Launcher(5.0))
        for run in ("r1", "r2", "r3"):
            await runs.create(make_record(id=run, state="queued"))
            await admission.ask(house.client, run)
        assert (Counting.lists, await house.seats.taken()) == (2, ("r1", "r2"))

    visit(check)


def test_a_seat_that_is_given_on_costs_two_reads() -> None:
    """Whoever ends the work of a run asks for no more seats once all are taken, however many runs wait."""

    async def check(house: House) -> None:
        await house.post(*(f"r{number}" for number in range(1, 21)))
        await house.admission.fill(house.client)
        house.runs.set("r1", state="completed")
        reads = list[None]()
        house.documents.when_read = lambda: reads.append(None)
        await house.admission.release(house.client, "r1")
        assert (len(reads), house.woken()) == (2, ["r1", "r2", "r3"])

    visit(check)
