"""The leases that hide the activities of a killed host."""

import asyncio
from pathlib import Path
from typing import Any

from tests.unit.local.host.hub import Hub
from tests.unit.local.host.pure import Code, Context

MINUTE = 60.0


def one(context: Context) -> Any:
    """Calls an activity."""
    return (yield context.call_activity("work", context.get_input()))


ORCHESTRATORS: dict[str, Code] = {"one": one}


async def never(_: Any) -> None:
    """Run longer than the host lives."""
    await asyncio.Event().wait()


def leased_until(hub: Hub) -> float | None:
    """Return the lease of the only activity in the database."""
    [row] = hub.database.read.all("all_activities")
    until: float | None = row["leased_until"]
    return until


async def leave_under_way(path: Path) -> float:
    """Stop a host with an activity under way; return the time until which its lease holds."""
    async with Hub(path, ORCHESTRATORS, {"work": never}, visibility=MINUTE) as hub:
        await hub.start("one", "a")
        await hub.until(lambda: hub.called["work(None)"] and leased_until(hub))
        until = leased_until(hub)
        assert until is not None
        return until


def test_an_activity_under_way_is_run_again_when_its_lease_is_over(tmp_path: Path) -> None:
    """An activity that a host left under way is run by the next start when its lease is over."""

    async def run() -> None:
        until = await leave_under_way(tmp_path / "host.db")
        began = []
        async with Hub(tmp_path / "host.db", ORCHESTRATORS, {"work": lambda _: began.append(1)}) as hub:
            assert hub.clock.now().timestamp() < until
            await hub.finished("a")
            assert hub.clock.now().timestamp() >= until
        assert began == [1]

    asyncio.run(run())


def test_a_lease_is_renewed_while_the_host_lives(tmp_path: Path) -> None:
    """An activity that lasts longer than its lease keeps a lease."""

    async def run() -> None:
        async with Hub(tmp_path / "host.db", ORCHESTRATORS, {"work": never}, visibility=MINUTE) as hub:
            await hub.start("one", "a")
            await hub.until(lambda: hub.called["work(None)"] and leased_until(hub))
            first = leased_until(hub) or 0
            await hub.until(lambda: (leased_until(hub) or 0) > first + 3 * MINUTE)

    asyncio.run(run())


def test_an_activity_that_waits_for_a_slot_has_no_lease(tmp_path: Path) -> None:
    """An activity that waits for a slot has no lease, so that the next start runs it at once."""

    async def run() -> None:
        async with Hub(tmp_path / "host.db", ORCHESTRATORS, {"work": never}, visibility=MINUTE) as hub:
            for number in range(11):  # one more than there are slots
                await hub.start("one", f"a-{number}")
            rows = hub.database.read
            await hub.until(lambda: [r["leased_until"] for r in rows.all("all_activities")].count(None) == 1)

    asyncio.run(run())
