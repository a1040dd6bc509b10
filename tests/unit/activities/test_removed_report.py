"""A report that is removed while one of its runs is at work."""

import asyncio

import pytest

from outlast.errors import Permanent
from outlast.models import Json, Totals
from tests.fakes.reports import WITH_SNAPSHOT, make_csv
from tests.fakes.world import World

CALLS: dict[str, tuple[str, Json]] = {
    "read_data_from_db": ("reading", {}),
    "generate_report": ("generating", {"chunk": 0, "cursor": None}),
    "store_data_to_db": ("storing", {"chunk": 0, "cursor": None}),
    "publish_report": ("publishing", {"totals": Totals().to_dict()}),
}


@pytest.mark.parametrize("step", CALLS)
def test_each_step_fails_with_a_text_that_names_the_report(step: str) -> None:
    """The step is not retried, and the text says what to do."""
    state, given = CALLS[step]

    async def run() -> None:
        world = World(reports=dict(WITH_SNAPSHOT))
        if state == "reading":
            await world.accept(make_csv(2), report="stock", mode="snapshot", state=state)
        else:
            await world.prepare(make_csv(2), state, report="stock", mode="snapshot")
        del world.reports["stock"]  # type: ignore[attr-defined]  # the world is given a dictionary
        with pytest.raises(Permanent, match="the report stock is not in reports/ any more; deploy it again"):
            await world.call(step, **given)

    asyncio.run(run())
