from dataclasses import replace

import pytest

from outlast.http.public_address import PublicAddress
from outlast.http.start_answer import StartAnswers
from tests.fakes.http import ORIGIN, FakeClient, ask, read
from tests.fakes.records import make_record
from tests.fakes.sharing import RUN, Sharing

RECORD = make_record(id=RUN)
REQUEST = ask("reports/sales", b"x", report="sales")
KEY = "code=k"
"""What the durable URLs have: the system key."""


@pytest.mark.parametrize(
    ("setting", "asked", "given"), [(True, None, True), (True, False, False), (False, None, False), (False, True, True)]
)
def test_durable_urls_are_given_as_the_start_or_else_the_setting_says(
    setting: bool, asked: bool | None, given: bool
) -> None:
    """What a start asks for comes before the setting, and without durable URLs the system key is nowhere."""
    response = StartAnswers(durable_urls=setting).started(REQUEST, FakeClient(), RECORD, asked)
    whole = response.get_body().decode() + str(dict(response.headers))
    assert response.status_code == 202
    assert (KEY in whole) == given
    assert read(response)["runUri"] == f"{ORIGIN}/api/runs/{RUN}"


def test_without_durable_urls_the_location_is_the_run() -> None:
    """A client that follows Location and Retry-After polls the run itself."""
    response = StartAnswers(durable_urls=False).started(REQUEST, FakeClient(), RECORD, None)
    assert read(response) == {"id": RUN, "runUri": f"{ORIGIN}/api/runs/{RUN}"}
    assert (response.headers["Location"], response.headers["Retry-After"]) == (f"{ORIGIN}/api/runs/{RUN}", "10")


def test_a_start_is_answered_with_a_link_where_links_are_made() -> None:
    """`shareUri` opens the run and not its rejects; without LINK_SECRET there is none."""
    sharing = Sharing().accept()
    answer = read(StartAnswers(sharing.links).started(REQUEST, FakeClient(), RECORD, False))
    api, _, token = answer["shareUri"].rpartition("/shared/")
    link = sharing.links.read(token)
    assert api == f"{ORIGIN}/api"
    assert link is not None
    assert (link.run, link.rejects) == (RUN, False)
    assert sharing.show(token).status_code == 200
    without = StartAnswers(replace(sharing.links, secret=""))
    assert "shareUri" not in read(without.started(REQUEST, FakeClient(), RECORD, False))


def test_a_run_of_which_only_the_record_is_left_has_the_same_addresses() -> None:
    """The 200 has the record, the run's address and a link."""
    answer = read(StartAnswers(Sharing().links).recorded(REQUEST, RECORD))
    assert set(answer) == {"id", "runUri", "shareUri", "run"}


def test_durable_urls_are_below_the_path_of_a_gateway() -> None:
    """Every durable URL and `Location` begin with the public address, with the path that a gateway has added."""
    request = PublicAddress("https://gate.example/jobs").seen(REQUEST)
    response = StartAnswers().started(request, FakeClient(), RECORD, None)
    answer = read(response)
    assert response.headers["Location"] == answer["statusQueryGetUri"]
    assert answer["runUri"] == f"https://gate.example/jobs/api/runs/{RUN}"
    uris = [answer["statusQueryGetUri"], answer["terminatePostUri"]]
    assert all(uri.startswith("https://gate.example/jobs/runtime/webhooks/") for uri in uris)
    assert answer["id"] == RUN
