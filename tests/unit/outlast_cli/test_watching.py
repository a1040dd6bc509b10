import pytest

from outlast_cli.errors import Unreachable
from outlast_cli.runs import Run
from outlast_cli.watching import PATIENCE_SECONDS, SLOWLY_AFTER, Watcher
from tests.unit.outlast_cli.shown import RUN, completed, shown


class Shows:
    """An app of which each look gives the next of these, and a view that notes what it is shown."""

    def __init__(self, *looks: object) -> None:
        self.looks = list(looks)
        self.states: list[str] = []
        self.errors = 0
        self.at = 0.0

    def get(self, path: str) -> object:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    def show(self, run: Run, now: float) -> None:
        self.states.append(run.state)

    def silent(self, error: Unreachable) -> None:
        self.errors += 1

    def sleep(self, seconds: float) -> None:
        self.at += seconds

    def watch(self) -> Run:
        api: object = self
        watcher = Watcher(api=api, clock=lambda: self.at, sleep=self.sleep)  # type: ignore[arg-type]  # a stand-in
        return watcher.watch(RUN, self)


def test_a_run_is_watched_to_its_end() -> None:
    """Each look is shown, and watching ends with the run."""
    shows = Shows(shown("queued"), shown("storing"), completed())
    assert shows.watch().state == "completed"
    assert shows.states == ["queued", "storing", "completed"]


def test_watching_ends_where_a_person_is_needed() -> None:
    """Watching ends when the run waits for the approval of its plan."""
    assert Shows(shown("resolving"), shown("planned")).watch().waits


def test_an_app_that_is_away_for_a_while_is_asked_again() -> None:
    """Watching goes on while the app gives no answer, as during a restart, and gives up in the end."""
    gone = Unreachable("no answer")
    shows = Shows(shown(), gone, gone, completed())
    assert shows.watch().state == "completed"
    assert shows.errors == 2
    shows = Shows(shown(), gone)
    with pytest.raises(Unreachable):
        shows.watch()
    assert PATIENCE_SECONDS < shows.at < PATIENCE_SECONDS + 10


def test_a_long_run_is_asked_less_often() -> None:
    """A run is asked for four times a second at first, and after five minutes every five seconds."""
    shows = Shows(*[shown()] * 20, completed())
    shows.watch()
    assert shows.at == 5
    shows = Shows(*[shown()] * 415, completed())
    shows.watch()
    assert shows.at == SLOWLY_AFTER + 5 * 100
