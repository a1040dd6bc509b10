from io import StringIO
from pathlib import Path

import httpx
import pytest

from local.console import LocalError
from local.demo import running
from outlast_cli.address import Address
from outlast_cli.api import Api, Wire
from tests.unit.outlast_cli.calling import repeating, respond
from tests.unit.outlast_cli.shown import RUN, completed, custom, shown


def app(*answers: object) -> Api:
    """An app that gives these answers, one a request, and repeats the last."""
    given = repeating(list(answers))
    wire = Wire(transport=httpx.MockTransport(lambda request: respond(next(given), request)), sleep=lambda _: None)
    return Api(Address(url="http://127.0.0.1:1", key="k", source="test"), wire)


def test_each_look_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Watching prints and keeps each different line of the run in order, until the run has ended."""
    monkeypatch.setattr(running, "EVERY_SECONDS", 0)
    storing = shown("storing", custom=custom("storing", 5))
    out = StringIO()
    watched = running.watch(app(shown("queued"), storing, storing, completed()), {"id": RUN}, out)
    assert watched.run.state == "completed"
    assert [line.split()[0] for line in watched.looks] == ["queued", "storing", "completed"]
    assert len(out.getvalue().splitlines()) == 3


def test_watching_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that does not end in time raises LocalError with its state."""
    monkeypatch.setattr(running, "PATIENCE_SECONDS", -1)
    with pytest.raises(LocalError, match="was still storing"):
        running.watch(app(shown("storing")), {"id": RUN}, StringIO())


def test_a_host_that_died_ends_the_watching() -> None:
    """A host that gives no answer raises LocalError at once, because it will not come back by itself."""
    with pytest.raises(LocalError, match="Watching failed"):
        running.watch(app(httpx.ConnectError("refused")), {"id": RUN}, StringIO())


def test_an_app_that_refuses_is_told() -> None:
    """A start that is refused raises LocalError with the problem's text."""
    with pytest.raises(LocalError, match="answered 401"):
        running.start(app(httpx.Response(401)), "flights", Path(__file__))
