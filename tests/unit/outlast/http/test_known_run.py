import asyncio

import pytest

from outlast.http.known_run import known_run
from outlast.http.problem import Problem
from tests.fakes.reports import make_csv
from tests.fakes.world import World


@pytest.mark.parametrize(
    "run", ["..", ".", "%2e%2e", "r1/..", "r1:1:store0", "r1#", "r1?", "", " r1", "-r1", "r1\n", "r" * 65, "\u00e9"]
)
def test_the_database_is_not_asked_for_what_is_no_run_id(run: str) -> None:
    """A text that no run has as its id answers 404 without a request to the database, which may take it for a path."""
    world = World()
    with pytest.raises(Problem) as caught:
        asyncio.run(known_run(world.runs, run))
    assert (caught.value.status, caught.value.body["field"], world.runs.reads) == (404, "run", 0)


@pytest.mark.parametrize("run", ["r1", "0e5d9f1a4d7b4c7c8f2d6d0d4a1f2b3c", "0e5d9f1a-4d7b-4c7c-8f2d-6d0d4a1f2b3c"])
def test_a_run_is_found_by_its_id(run: str) -> None:
    """Ids of letters, digits and hyphens are looked for."""
    world = World()

    async def find() -> str:
        await world.accept(make_csv(1), run)
        return (await known_run(world.runs, run)).id

    assert asyncio.run(find()) == run
