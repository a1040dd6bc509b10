import asyncio

from outlast.runs.launcher import ENDING, Launcher
from tests.fakes.http import FakeClient
from tests.fakes.records import make_record


class Ending:
    """The sleep of a launcher, after which an orchestration that is still ending has ended."""

    def __init__(self, client: FakeClient, sleeps: int) -> None:
        self.client, self.sleeps, self.slept = client, sleeps, list[float]()

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) == self.sleeps:
            self.client.shown.clear()


def start_again(sleeps: int) -> tuple[FakeClient, Ending]:
    client = FakeClient(shown={"r1": {"runtimeStatus": "Running"}})
    ending = Ending(client, sleeps)
    asyncio.run(Launcher(5.0, ending).start_again(client, make_record(id="r1", attempt=2)))
    return client, ending


def test_a_run_is_started_again_when_its_orchestration_has_ended() -> None:
    """A start that is refused because the orchestration before is still ending is repeated within seconds."""
    client, ending = start_again(2)
    assert [(name, given["attempt"]) for name, _, given in client.started] == [("import_report", 2)]
    assert ending.slept == list(ENDING[:2])


def test_an_orchestration_that_does_not_end_is_left_to_the_sweep() -> None:
    """The caller waits for a few seconds and no longer."""
    client, ending = start_again(99)
    assert client.started == []
    assert ending.slept == list(ENDING)
    assert sum(ending.slept) < 5
