import asyncio

import azure.functions as func
import pytest

from outlast.http.problem import answering
from outlast.http.show_run import ShowRun
from tests.fakes.http import FakeClient, ask, read
from tests.fakes.reports import make_csv
from tests.fakes.world import World


def show(client: FakeClient, run: str = "r1") -> func.HttpResponse:
    """The response in a world that has only run r1."""
    world = World()

    async def asked() -> func.HttpResponse:
        await world.accept(make_csv(1), parameters={"factor": 2})
        return await answering(ShowRun(world.runs).show_run)(ask(f"runs/{run}", run=run), client)

    return asyncio.run(asked())


def test_the_record_and_the_orchestration_are_shown() -> None:
    """The answer has the record without its ETag, and the orchestration's status."""
    client = FakeClient(shown={"r1": {"customStatus": {"phase": "reading", "wave": None, "lanes": 0}}})
    body = read(show(client))
    assert (body["run"]["id"], body["run"]["state"], body["run"]["parameters"]) == ("r1", "queued", {"factor": 2})
    assert "etag" not in body["run"]
    assert body["status"]["runtimeStatus"] == "Running"
    assert body["status"]["customStatus"]["phase"] == "reading"
    assert body["lanes"] == []


def test_the_lanes_of_the_current_wave_are_asked_by_their_ids() -> None:
    """The lanes of the current wave are shown, except those that have not begun yet."""
    status = {"phase": "storing", "wave": "r1:1:store3", "lanes": 3}
    lanes = {f"r1:1:store3-{n}": {"customStatus": {"rows": n}} for n in (0, 2)}
    body = read(show(FakeClient(shown={"r1": {"customStatus": status}, **lanes})))
    assert [(lane["id"], lane["customStatus"]) for lane in body["lanes"]] == [
        ("r1:1:store3-0", {"rows": 0}),
        ("r1:1:store3-2", {"rows": 2}),
    ]


def test_a_run_whose_orchestration_is_not_there_is_shown() -> None:
    """A run whose orchestration was purged or has not started is shown from its record."""
    body = read(show(FakeClient()))
    assert body["run"]["id"] == "r1"
    assert body["status"] == {"runtimeStatus": None, "customStatus": None}


@pytest.mark.parametrize("custom", [None, {}, {"phase": "reading"}])
def test_a_run_that_has_shown_no_wave_yet_has_no_lanes(custom: object) -> None:
    """A run whose customStatus names no wave yet has no lanes."""
    assert read(show(FakeClient(shown={"r1": {"customStatus": custom}})))["lanes"] == []


def test_an_unknown_run_is_not_found() -> None:
    """An unknown run answers 404 with the name of the field."""
    response = show(FakeClient(), "r2")
    assert (response.status_code, read(response)["field"]) == (404, "run")
    assert read(response)["detail"] == "there is no run r2"
