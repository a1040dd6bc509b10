"""What the page does after a failure of the app: it asks again, and does not say so where it does not."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fake_app import LOST, FakeApp, Text
from tests.browser.fake_runs import REJECTS, answers, failed, plan, planned
from tests.browser.views import opened

UNREACHED = "The app cannot be reached. It is tried again."
BUSY = Text(json.dumps({"title": "Service Unavailable", "detail": "not now"}), 503, "application/problem+json")
CARDS = {
    "plan": (planned(), "a planned run", "Plan", "11,999", plan()),
    "rejects": (failed(), "a failed run", "Rejects", "2 rows were refused", Text(REJECTS)),
}
"""By the end of what each card fetches: run, view, title, a text of it, and the answer. The failed run has
ended, so its view asks no more by itself."""


def opened_card(browser: Browser, name: str, *first: Text) -> tuple[FakeApp, Page, Any]:
    """Open the view of a card whose first calls get these answers."""
    record, view, title, _, whole = CARDS[name]
    given = iter(first)
    path = f"runs/{record['id']}/{name}"
    app = FakeApp(answers(record, **{f"GET {path}": lambda _: next(given, whole)}))
    page = opened(app, browser, view, clock=True)
    return app, page, page.get_by_role("region", name=title, exact=True)


@pytest.mark.parametrize(("failure", "said"), [(BUSY, "not now"), (LOST, UNREACHED)])
@pytest.mark.parametrize("name", CARDS)
def test_a_card_that_failed_is_asked_for_again(browser: Browser, name: str, failure: Text, said: str) -> None:
    """A card whose content could not be fetched says why and fetches it again, after 2 seconds and then 4."""
    _, page, card = opened_card(browser, name, failure, failure)
    expect(card.get_by_role("alert")).to_have_text(said)
    page.clock.run_for(2500)
    expect(card.get_by_role("alert")).to_have_text(said)
    page.clock.run_for(6000)
    expect(card).to_contain_text(CARDS[name][3])
    expect(card.get_by_role("alert")).to_have_count(0)
    page.context.close()


def test_a_card_that_is_gone_is_not_asked_for_again(browser: Browser) -> None:
    """Rejects whose files were removed are asked for once."""
    gone = Text(json.dumps({"title": "Gone", "detail": "its files were removed"}), 410, "application/problem+json")
    app, page, card = opened_card(browser, "rejects", gone)
    expect(card.get_by_role("alert")).to_have_text("its files were removed")
    page.clock.run_for(60_000)
    assert len(app.calls("runs/r-failed/rejects")) == 1
    page.context.close()


def test_rejects_that_go_on_are_not_counted_as_all(browser: Browser) -> None:
    """A list of rejects that names a next part says among how many rows it has counted; the last part does not."""
    link = {"Link": '<https://app.example/api/runs/r-failed/rejects?chunk=1>; rel="next"'}
    for headers, counted in ((link, "float_parsing 1 among the first 2"), ({}, "float_parsing 1")):
        _, page, card = opened_card(browser, "rejects", Text(REJECTS, headers=headers))
        expect(card.get_by_role("listitem").first).to_have_text(counted)
        page.context.close()


def test_an_action_that_failed_is_not_said_to_be_tried_again(browser: Browser) -> None:
    """What a person asks for is not asked for again by the page, which does not say that it is."""
    record = planned()
    app = FakeApp(answers(record, **{"POST runs/r-planned/approve": lambda _: LOST}))
    page = opened(app, browser, "a planned run")
    page.get_by_role("button", name="Approve and store").click()
    expect(page.locator("#said")).to_have_text("The app cannot be reached.")
    page.context.close()


def test_a_list_without_its_reports_is_shown(browser: Browser) -> None:
    """The list of runs is there when the names of the reports, for its filter, cannot be fetched."""
    app = FakeApp(answers(failed(), **{"GET reports": lambda _: BUSY}))
    page = opened(app, browser, "runs")
    expect(page.locator("tbody tr")).to_have_count(50)
    assert app.faults == []
    page.context.close()


def test_the_links_of_the_portal_are_asked_for_again(browser: Browser) -> None:
    """A run's links into the portal come with a later poll when the first call for them failed."""
    portal = "https://portal.azure.com/#resource/subscriptions/s/providers/Microsoft.Insights/components/c"
    given = iter([BUSY, BUSY])  # one is for the list of runs, which is seen first
    app = FakeApp(answers(planned(), **{"GET reports": lambda _: next(given, {"reports": [], "portal": portal})}))
    page = opened(app, browser, "a planned run", clock=True)
    app.wait(page, "reports", 2)
    page.clock.run_for(7000)
    expect(page.get_by_role("link", name="Azure portal")).to_be_visible()
    page.context.close()
