"""How the page is used: key, list, filters, links, on answers of the API that the tests choose."""

import json

from playwright.sync_api import Browser, expect

from tests.browser.fake_app import KEY, ORIGIN, FakeApp, Text
from tests.browser.fake_runs import answers, events, failed, listing, reports, run, shared
from tests.browser.views import TOKEN, app_of, opened


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


def test_a_link_may_bring_the_key_and_lead_to_a_run(browser: Browser) -> None:
    """The key of a link opens the view that the link names, and leaves the address at once."""
    app = FakeApp(answers(run()))
    page = app.open(browser, f"key={KEY}&to=/runs/r1", key=None)
    page.wait_for_url("**/api/ui#/runs/r1")
    assert page.evaluate("({ ...sessionStorage })") == {"outlast-key": KEY}
    page.context.close()


def test_the_phases_count_as_the_last_attempt_does(browser: Browser) -> None:
    """A run of several attempts shows the counts of its last one, which has counted again what was done before."""
    again = [{**event, "attempt": 2} for event in events()["events"]]
    both = {"events": [*events()["events"], *again]}
    page = opened(FakeApp(answers(run(), **{"GET runs/r1/events": lambda _: both})), browser, "a completed run")
    expect(page.locator(".phases")).to_contain_text("12,000 documents")
    expect(page.locator(".phases")).not_to_contain_text("24,000")
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
    page = opened(FakeApp(answers(run(), **changing)), browser, "runs", clock=True)
    link = page.get_by_role("link", name="sales")
    link.focus()
    page.clock.run_for(5000)
    expect(page.locator("tbody td").nth(3)).to_have_text("1")
    expect(link).to_be_focused()
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
    """A run that is watched has its progress by documents, plots that say in words what they show, and its lanes."""
    app = app_of("a storing run")
    page = opened(app, browser, "a storing run", clock=True)
    for asked in range(2, 5):
        page.clock.run_for(2100)
        app.wait(page, "runs/r-storing", asked)
    expect(page.get_by_role("region", name="Progress")).to_contain_text("26 %3,150 documents")
    expect(page.get_by_role("img", name="Throughput")).to_be_visible()
    expect(page.get_by_role("img", name="operations throttled")).to_have_count(2)
    expect(page.get_by_role("table", name="Lanes").locator("tbody tr")).to_have_count(3)
    page.context.close()


def test_the_list_shows_what_it_knows(browser: Browser) -> None:
    """A row has state, report, input, rows, rejects, rate, duration and age."""
    page = opened(FakeApp(answers(run())), browser, "runs")
    cells = page.locator("tbody tr").first.locator("td").all_inner_texts()
    assert cells[:7] == ["completed", "sales\nrun-0", "march.csv", "12,000", "0", "289", "42 s"]
    assert listing(1, {})["runs"][0]["report"] == reports()["reports"][0]["name"]
    page.context.close()


def test_a_link_opens_its_run_without_a_key(browser: Browser) -> None:
    """A link shows its run to who has no key, with the rejects that it opens and nothing that could be done."""
    record = failed()
    opening = {
        f"GET shared/{TOKEN}": lambda _: shared(record),
        f"GET shared/{TOKEN}/rejects": lambda _: Text("row,column,code,message\r\n4,amount,float_parsing,x\r\n"),
    }
    app = FakeApp(opening)
    page = opened(app, browser, "a shared run", key=None)
    expect(page.locator(".failure")).to_contain_text("2 of 12,000 rows were rejected")
    expect(page.get_by_role("table", name="First rejects")).to_be_visible()
    expect(page.get_by_text("This link ends")).to_be_visible()
    assert page.locator("main button").all_inner_texts() == ["Download all as CSV"]
    assert {call.headers["x-functions-key"] for call in app.calls(f"shared/{TOKEN}")} == {""}
    assert page.evaluate("sessionStorage.length") == 0
    page.context.close()


def test_a_link_that_has_ended_says_so(browser: Browser) -> None:
    """A link that was revoked or has ended shows why, and is not asked for again."""
    ended = Text(json.dumps({"title": "Gone", "detail": "this link has ended"}), 410, "application/problem+json")
    app = FakeApp({f"GET shared/{TOKEN}": lambda _: ended})
    page = app.open(browser, f"/shared/{TOKEN}", key=None, clock=True)
    expect(page.get_by_role("alert")).to_have_text("this link has ended")
    page.clock.run_for(60_000)
    assert len(app.calls(f"shared/{TOKEN}")) == 1
    page.context.close()


def test_a_run_is_shared_for_some_days(browser: Browser) -> None:
    """A link is made as asked, shown to be copied, and revoked from the same place."""
    app = FakeApp(
        answers(
            run(),
            **{
                "POST runs/r1/links": lambda _: {"uri": "https://app.example/api/shared/x", "expires": "2030-01-01"},
                "DELETE runs/r1/links": lambda _: Text("", 204),
            },
        )
    )
    page = opened(app, browser, "a completed run")
    page.get_by_role("button", name="Share").click()
    page.get_by_label("Days").fill("3")
    page.get_by_label("It also opens the rejects").check()
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Address")).to_have_value("https://app.example/api/shared/x")
    page.get_by_role("button", name="Revoke all links").click()
    expect(page.locator("#said")).to_have_text("No link opens this run any more.")
    assert app.calls("runs/r1/links")[0].url.endswith("?days=3&rejects=true")
    assert app.faults == []
    page.context.close()
