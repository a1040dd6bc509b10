import asyncio
from typing import Any

import azure.functions as func
import pytest

from outlast.http import take_over
from outlast.http.problem import answering
from outlast.http.take_over import TakeOver
from tests.fakes.http import ask, finish, read
from tests.fakes.world import World

OLD, NEW = "old/Outlast@st1", "new/Outlast@st1"


def make(**owners: str) -> World:
    """Return runs that are storing, by their owners."""
    world = World()
    for run, owner in owners.items():
        asyncio.run(world.accept(b"", run, state="storing", owner=owner))
    return world


def take(world: World, owner: str = OLD) -> func.HttpResponse:
    handler: Any = answering(TakeOver(world.runs, NEW).take_over)
    return finish(handler(ask("take-over", params={"owner": owner})))


def test_the_open_runs_of_a_former_owner_are_taken() -> None:
    """The open runs of the named owner begin their next attempt here, and all other runs stay as they are."""
    world = make(r1=OLD, r2="third/Outlast@st1", r3=OLD)
    world.runs.set("r3", state="completed")
    assert read(take(world)) == {"taken": 1, "left": 0}
    owners = {run: (record.status.owner, record.status.attempt) for run, record in world.runs.records.items()}
    assert owners == {"r1": (NEW, 2), "r2": ("third/Outlast@st1", 1), "r3": (OLD, 1)}


def test_a_call_takes_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call takes a limited number of runs, and its answer has the number that is left."""
    monkeypatch.setattr(take_over, "MOST", 2)
    world = make(r1=OLD, r2=OLD, r3=OLD)
    assert read(take(world)) == {"taken": 2, "left": 1}
    assert read(take(world)) == {"taken": 1, "left": 0}


@pytest.mark.parametrize("owner", ["", "nobody", NEW])
def test_an_owner_without_open_runs_is_refused(owner: str) -> None:
    """An owner without open runs gets 400 with the owners that have some."""
    response = take(make(r1=OLD), owner)
    assert (response.status_code, read(response)["field"]) == (400, "owner")
    assert OLD in read(response)["detail"]
