"""What holds for every view of the page: who cannot see it or has a phone can use it, and no text becomes markup."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.axe import violations
from tests.browser.fake_app import FakeApp, Text
from tests.browser.fake_runs import REJECTS, failed, receipt, shared, shown
from tests.browser.views import GO, TOKEN, VIEWS, app_of_all, gone_to

DESK: ViewportSize = {"width": 1280, "height": 720}
PHONE: ViewportSize = {"width": 360, "height": 740}
XSS = "<img src=x onerror=\"alert('xss')\"><script>alert('xss')</script>{{7*7}}javascript:alert(1)"

COMES_LAST = {
    "/runs/r-failed": ("table[aria-label='First rejects']", "table[aria-label='Rejects of the plan']", ".events"),
    f"/shared/{TOKEN}": ("table[aria-label='First rejects']",),
    "/reports": ("main dl",),
    "/start": ("form .card p",),
    "/runs": ("tbody",),
}
"""What each view asks for after all else, and shows."""
STICKING_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && !node.closest(".wide > *"))
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
    .map((node) => node.outerHTML.slice(0, 150))"""


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[tuple[FakeApp, Page]]:
    """One tab for all views: a new one costs a second of a processor."""
    app = app_of_all()
    page = app.open(browser, "/nowhere")
    yield app, page
    page.context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_everybody_can_use_it(tab: tuple[FakeApp, Page], view: str) -> None:
    """axe finds no violation in any view, light on a desk and dark on a phone, and on a phone nothing is too wide."""
    app, page = tab
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(DESK)
    gone_to(page, view)
    for summary in page.locator("summary").all():
        summary.click()
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert violations(page) == []
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (app.faults, app.elsewhere) == ([], [])


def hostile() -> dict[str, Any]:
    """A failed run in which everything that a caller, a file or a report can say is hostile."""
    failure = {"step": XSS, "chunk": XSS, "text": XSS}
    texts = {"label": XSS, "filename": XSS, "reference": XSS, "mode": XSS, "waived": XSS, "pending": [XSS]}
    counts = {"rows_rejected": 1, "container": XSS, "versions": {XSS: XSS}, "input_sha256": XSS, "report_sha256": [XSS]}
    found = {"level": XSS, "differences": [{"row": XSS, "id": XSS, "what": XSS, "where": XSS}]}
    record = failed(failure=failure, receipt=receipt(**counts, verified=found, cost={"amount": XSS, "currency": XSS}))
    return {**record, **texts, "report": XSS, "planned": {"at": "x"}, "totals": {"rejected": 1}}


def hostile_app() -> FakeApp:
    record = hostile()
    path = f"runs/{record['id']}"
    field = {"type": XSS, "title": XSS, "description": XSS, "default": XSS, "enum": [XSS]}
    schema = {"properties": {XSS: field}, "required": [XSS]}
    about = {"name": XSS, "doc": XSS, "container": XSS, "partition_key": XSS, "mode": XSS}
    quoted = XSS.replace('"', '""')
    rejects = REJECTS.replace("not a number", f'"{quoted}"').replace("float_parsing", f'"{quoted}"')
    told = {"at": "x", "event": XSS, "reason": XSS, "by": XSS, "step": XSS, "attempt": 1, "phase": XSS}
    of_plan = {
        "rows": XSS,
        "documents": {"total": 1},
        "rejects": {XSS: {"first": [{"row": 1, "column": XSS, "message": XSS}]}},
    }
    partitions = [{"partition": XSS, "documents": XSS, "request_units": XSS}] * 2
    return FakeApp(
        {
            "GET health": lambda _: {"checks": {XSS: {"ok": False, "problem": XSS, "help": XSS}}},
            "GET reports": lambda _: {
                "reports": [{**about, "row_schema": schema, "parameters_schema": schema}],
                "portal": XSS,
            },
            "GET runs": lambda _: {"runs": [record], "continuation": XSS},
            f"GET {path}": lambda _: shown(record),
            f"GET {path}/events": lambda _: {"events": [told]},
            f"GET {path}/rejects": lambda _: Text(rejects),
            f"GET {path}/plan": lambda _: {**of_plan, "partitions": partitions, "request_units": 1, "minutes": None},
            f"GET shared/{TOKEN}": lambda _: shared(record),
            f"GET shared/{TOKEN}/rejects": lambda _: Text(rejects),
            f"POST {path}/waive": lambda _: Text(json.dumps({"title": XSS, "detail": XSS}), 409, "application/json"),
        }
    )


def test_no_text_is_ever_markup(browser: Browser) -> None:
    """Whatever a caller, a file, a report or the app says is shown as text: no element is made and nothing runs."""
    app = hostile_app()
    page = app.open(browser, "/nowhere")
    for view, last in COMES_LAST.items():
        page.evaluate(GO, view)
        for part in last:
            expect(page.locator(part).first).to_contain_text("<img src=x")
        assert page.locator("main img, main script, main [onerror]").count() == 0
        assert page.locator("a[href^='javascript:' i], a[href*='://']").count() == 0
    assert (app.faults, app.elsewhere) == ([], [])
    page.context.close()


def test_a_problem_is_shown_as_text(browser: Browser) -> None:
    """The detail of a refused request is text, too."""
    app = hostile_app()
    page = app.open(browser, "/runs/r-failed")
    page.get_by_role("button", name="Waive").click()
    page.get_by_label("Reason").fill("it cannot be done")
    page.get_by_role("dialog").get_by_role("button", name="Waive").click()
    expect(page.locator("#said")).to_contain_text("<img src=x")
    assert page.locator("#said img").count() == 0
    assert app.faults == []
    page.context.close()
