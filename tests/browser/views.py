"""The views of the page, each on the answers of a run that fills it."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.fake_app import FakeApp
from tests.browser.fake_runs import answers, failed, planned, run

TOKEN = "bGluaw"
RUNS = {
    "a completed run": run(label="march"),
    "a failed run": failed(),
    "a planned run": planned(),
    "a storing run": run("r-storing", "storing", totals={"rows": 12_000, "documents": 3_000, "ru": 21_000.0}),
    "a shared run": failed(),
}
VIEWS = {
    "runs": ("/runs", "Runs"),
    "start": ("/start", "Start a run"),
    "reports": ("/reports", "Reports"),
    **{name: (f"/runs/{record['id']}", "sales") for name, record in RUNS.items()},
    "a shared run": (f"/shared/{TOKEN}", "sales"),
}


GO = """view => new Promise((gone) => {
    if (location.hash === `#${view}`) return gone();
    addEventListener("hashchange", () => gone(), { once: true });
    location.hash = view;
})"""


def app_of_all() -> FakeApp:
    """An app that has all of RUNS."""
    return FakeApp({name: answer for record in RUNS.values() for name, answer in answers(record).items()})


def app_of(view: str) -> FakeApp:
    return FakeApp(answers(RUNS.get(view, run())))


def opened(app: FakeApp, browser: Browser, view: str, **options: Any) -> Page:
    """Open one of VIEWS in a tab of its own and wait until its content is there."""
    page = app.open(browser, VIEWS[view][0], **options)
    return shown(page, view)


def gone_to(page: Page, view: str) -> Page:
    """Go to one of VIEWS in a tab that shows another, and wait until its content is there."""
    page.evaluate(GO, VIEWS[view][0])
    return shown(page, view)


def shown(page: Page, view: str) -> Page:
    expect(page.get_by_role("heading", level=1)).to_contain_text(VIEWS[view][1])
    expect(page.locator("#main :is(table, form, dl)").first).to_be_visible()
    return page
