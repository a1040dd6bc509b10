from typing import Any

import pytest

from outlast.http.make_link import MakeLink
from outlast.http.problem import answering
from tests.fakes.http import ask, finish, read
from tests.fakes.sharing import RUN, Sharing


def make(sharing: Sharing, query: dict[str, str] | None = None, secret: bool = True, run: str = RUN) -> Any:
    links = sharing.links if secret else sharing.world.links()
    making = answering(MakeLink(sharing.world.runs, links).make_link)
    response = finish(making(ask(f"runs/{run}/links", params=query or {}, run=run)))
    return response.status_code, read(response)


def test_a_link_is_made_that_opens_the_run() -> None:
    """The answer has the link's address, below the API that was asked, and its end."""
    sharing = Sharing().accept()
    status, made = make(sharing, {"days": "2"})
    api, _, token = str(made["uri"]).rpartition("/shared/")
    assert (status, api, made["rejects"]) == (201, "https://app.example/api", False)
    assert sharing.show(token).status_code == 200
    assert str(made["expires"]).endswith("T00:00:00+00:00")


def test_a_link_opens_rejects_only_if_asked_for() -> None:
    """With rejects=true the link opens the rejects, too."""
    sharing = Sharing().accept()
    _, made = make(sharing, {"rejects": "true"})
    link = sharing.links.read(str(made["uri"]).rpartition("/")[2])
    assert link is not None
    assert link.rejects


@pytest.mark.parametrize(
    ("name", "value"),
    [("days", "0"), ("days", "366"), ("days", "nan"), ("days", "x"), ("rejects", "yes"), ("day", "1")],
)
def test_a_wrong_parameter_is_named(name: str, value: str) -> None:
    """A value out of range and an unknown name get 400 with the field."""
    status, problem = make(Sharing().accept(), {name: value})
    assert (status, problem["field"]) == (400, name)


def test_without_a_secret_no_link_is_made() -> None:
    """The answer names the setting that is missing."""
    status, problem = make(Sharing().accept(), secret=False)
    assert status == 501
    assert "LINK_SECRET" in str(problem["detail"])


def test_no_link_is_made_of_a_run_that_is_not_there() -> None:
    """An unknown run gets 404."""
    assert make(Sharing(), run="f" * 32)[0] == 404
