"""Each view of the page in a browser, on answers of the API that the tests choose."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fake_app import KEY, ORIGIN, FakeApp, Text
from tests.browser.fake_runs import REJECTS, answers, failed, listing, planned, receipt, reports, run, shown
from tests.node_packages import needed_package

AXE = "axe-core@4.14.1"
PHONE = {"viewport": {"width": 360, "height": 740}}
RUNS = {
    "a completed run": run(label="march"),
    "a failed run": failed(),
    "a planned run": planned(),
    "a storing run": run("r-storing", "storing"),
}
VIEWS = {
    "runs": ("/runs", "Runs"),
    "start": ("/start", "Start a run"),
    "reports": ("/reports", "Reports"),
    **{name: (f"/runs/{record['id']}", "sales") for name, record in RUNS.items()},
}
XSS = "<img src=x onerror=\"alert('xss')\"><script>alert('xss')</script>{{7*7}}javascript:alert(1)"

STICKING_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((node) => node.checkVisibility() && !node.closest(".wide > *"))
    .filter((node) => node.getBoundingClientRect().right > innerWidth + 1)
    .map((node) => node.outerHTML.slice(0, 150))"""


def app_of(view: str) -> FakeApp:
    return FakeApp(answers(RUNS.get(view, run())))


def opened(app: FakeApp, browser: Browser, view: str, **options: Any) -> Page:
    """Open one of VIEWS and wait until its content is there."""
    address, title = VIEWS[view]
    page = app.open(browser, address, **options)
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    expect(page.locator("#main :is(table, form, dl)").first).to_be_visible()
    return page


def violations(page: Page, **options: Any) -> list[Any]:
    """Return what axe finds, each with the beginning of the elements."""
    run = "options => axe.run(options).then(({ violations }) => violations)"
    found = page.evaluate(run, {"resultTypes": ["violations"], **options})
    return [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_violation(browser: Browser, view: str) -> None:
    """No view breaks a rule of axe, in either theme: names, roles, contrast, order of headings, keyboard."""
    source = (needed_package(AXE) / "axe.min.js").read_text("utf-8")
    app = app_of(view)
    page = opened(app, browser, view)
    for summary in page.locator("summary").all():
        summary.click()
    page.evaluate(source)
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    assert violations(page, runOnly=["color-contrast"]) == []
    assert (app.faults, app.elsewhere) == ([], [])
    page.context.close()


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_sticks_out_on_a_phone(browser: Browser, view: str) -> None:
    """No view is wider than a small phone; wide tables scroll by themselves."""
    page = opened(app_of(view), browser, view, **PHONE)
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate(STICKING_OUT) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.context.close()


def test_the_key_is_asked_for_once_and_kept_in_the_session_only(browser: Browser) -> None:
    """Without a key the page asks for one, refuses a wrong one, and keeps the right one until the tab is closed."""
    app = FakeApp(answers(run()))
    page = app.open(browser, "/runs", key=None)
    for key in ("wrong", KEY):
        page.get_by_label("Function key").fill(key)
        page.get_by_role("button", name="Open").click()
        if key == "wrong":
            expect(page.get_by_role("alert")).to_have_text("This key does not open the app.")
    expect(page.get_by_role("link", name="sales").first).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="sales").first).to_be_visible()
    stored = page.evaluate("[{ ...sessionStorage }, { ...localStorage }, document.cookie, location.href]")
    assert stored == [{"outlast-key": KEY}, {}, "", f"{ORIGIN}/api/ui#/runs"]
    assert all(KEY not in request.url for request in app.asked)
    page.get_by_role("button", name="Forget the key").click()
    expect(page.get_by_label("Function key")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    page.context.close()


def test_ten_thousand_runs_are_walked_page_by_page(browser: Browser) -> None:
    """Of 10,000 runs the list shows fifty, the next fifty on request, and goes back as the browser does."""
    app = FakeApp(answers(run()))
    page = opened(app, browser, "runs")
    expect(page.locator("tbody tr")).to_have_count(50)
    for first in ("51", "101", "151"):
        page.get_by_role("link", name="Older").click()
        expect(page.get_by_text(f"Runs {first} to")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator("tbody tr").first).to_contain_text("run-150")
    page.go_back()
    expect(page.get_by_text("Runs 101 to 150")).to_be_visible()
    page.get_by_role("link", name="Newer").click()
    expect(page.get_by_text("Runs 51 to 100")).to_be_visible()
    page.context.close()


def test_filters_are_in_the_address_and_in_the_request(browser: Browser) -> None:
    """A filter is asked of the API and becomes part of the address, so that a list can be sent as a link."""
    app = FakeApp(answers(run()))
    page = opened(app, browser, "runs")
    page.get_by_label("State").select_option("failed")
    page.wait_for_url("**#/runs?state=failed")
    page.get_by_label("Report").select_option("sales")
    page.wait_for_url("**#/runs?report=sales&state=failed")
    expect(page.get_by_label("State")).to_have_value("failed")
    assert "report=sales&state=failed" in app.calls("runs")[-1].url
    page.context.close()


def test_a_list_that_is_refreshed_keeps_the_focus(browser: Browser) -> None:
    """A row that has the focus keeps it when the list is asked for again and has changed."""
    rows = iter(range(100))
    changing = {
        "GET runs": lambda _: {"runs": [run("r1", "storing", totals={"rows": next(rows)})], "continuation": None}
    }
    page = opened(FakeApp(answers(run(), **changing)), browser, "runs")
    link = page.get_by_role("link", name="sales")
    link.focus()
    expect(page.locator("tbody td").nth(3)).to_have_text("1", timeout=8000)
    expect(link).to_be_focused()
    page.context.close()


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
            f"POST {path}/waive": lambda _: Text(json.dumps({"title": XSS, "detail": XSS}), 409, "application/json"),
        }
    )


@pytest.mark.parametrize("view", ["/runs", "/reports", "/start", "/runs/r-failed"])
def test_no_text_is_ever_markup(browser: Browser, view: str) -> None:
    """Whatever a caller, a file, a report or the app says is shown as text: no element is made and nothing runs."""
    app = hostile_app()
    page = app.open(browser, view)
    expect(page.locator("main")).to_contain_text("<img src=x")
    page.wait_for_timeout(200)
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


def test_a_function_that_the_app_lacks_says_so(browser: Browser) -> None:
    """A button whose function this release does not have says that, and the rest of the run is shown."""
    record = run()
    app = FakeApp({name: given for name, given in answers(record).items() if "events" not in name})
    page = opened(app, browser, "a completed run")
    page.get_by_role("button", name="Verify").click()
    page.get_by_role("dialog").get_by_role("button", name="Verify").click()
    expect(page.locator("#said")).to_have_text("This app has no such function. A newer release may have it.")
    expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    page.context.close()


def test_a_storing_run_shows_its_pace_with_the_throttling(browser: Browser) -> None:
    """A run that is watched has plots that say in words what they show, and its lanes."""
    page = opened(app_of("a storing run"), browser, "a storing run")
    expect(page.get_by_role("img", name="Throughput")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("img", name="operations throttled")).to_have_count(2)
    expect(page.get_by_role("table", name="Lanes").locator("tbody tr")).to_have_count(3)
    page.context.close()


def test_an_upload_goes_to_the_address_that_the_app_names(browser: Browser) -> None:
    """A file beyond what a start takes is sent to the upload address first, and the start names it, with its parameters
    as JSON and a key that makes a repeat the same run."""
    there = {
        "input": "uploads/u1-big.csv",
        "method": "PUT",
        "url": "http://inner/api/inputs/u1-big.csv",
        "headers": {},
        "most_bytes": 10**10,
    }
    record = run("r9", "queued")
    app = FakeApp(
        answers(
            record,
            **{
                "POST inputs": lambda _: there,
                "PUT inputs/u1-big.csv": lambda _: {"bytes": 1},
                "POST reports/sales": lambda _: {"id": "r9"},
            },
        )
    )
    page = opened(app, browser, "start")
    page.get_by_label("Factor").fill("2.5")
    page.locator("input[type=file]").evaluate(
        """input => {
            const given = new DataTransfer();
            given.items.add(new File([new Uint8Array(33 * 1024 * 1024)], "big.csv"));
            input.files = given.files;
            input.dispatchEvent(new Event("change"));
        }"""
    )
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url("**#/runs/r9")
    (start,) = app.calls("reports/sales")
    assert json.loads(start.post_data or "") == {"input": there["input"], "parameters": {"factor": 2.5}, "options": {}}
    assert start.headers["idempotency-key"].startswith("page-")
    assert app.faults == []
    page.context.close()


def test_the_list_shows_what_it_knows(browser: Browser) -> None:
    """A row has state, report, input, rows, rejects, rate, duration and age."""
    page = opened(FakeApp(answers(run())), browser, "runs")
    cells = page.locator("tbody tr").first.locator("td").all_inner_texts()
    assert cells[:7] == ["completed", "sales\nrun-0", "march.csv", "12,000", "0", "289", "42 s"]
    assert listing(1, {})["runs"][0]["report"] == reports()["reports"][0]["name"]
    page.context.close()
