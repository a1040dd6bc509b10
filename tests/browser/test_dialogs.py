"""What the page asks before it does something, by the keyboard, and what it offers for a run."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.fake_app import Answer, FakeApp, Text
from tests.browser.fake_runs import Json, answers, failed, run
from tests.browser.views import opened

LINK = {"uri": "https://app.example/api/shared/x", "expires": "2030-01-01"}


def app_that_does(record: Json) -> FakeApp:
    path = f"runs/{record['id']}"
    done: dict[str, Answer] = {f"POST {path}/{name}": lambda _: {} for name in ("redrive", "waive", "cancel")}
    links: dict[str, Answer] = {f"POST {path}/links": lambda _: LINK, f"DELETE {path}/links": lambda _: Text("", 204)}
    return FakeApp(answers(record, **done, **links))


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_enter_in_a_field_does_what_is_asked(browser: Browser) -> None:
    """Enter in a field of a dialog is the same as the button that does it."""
    app = app_that_does(failed())
    page = opened(app, browser, "a failed run")
    press(page, "Redrive")
    page.get_by_label("Tolerated rejects", exact=True).fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#said")).to_have_text("The next attempt is queued.")
    assert app.calls("runs/r-failed/redrive")[0].url.endswith("?tolerated_rejects=2")
    page.context.close()


def test_a_dialog_goes_with_its_view(browser: Browser) -> None:
    """When the browser goes back, what was asked for the run that is left is asked no more and is not done."""
    app = app_that_does(failed())
    page = opened(app, browser, "runs")
    page.goto(page.url.split("#")[0] + "#/runs/r-failed")
    press(page, "Redrive")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert app.calls("runs/r-failed/redrive") == []
    page.context.close()


def test_enter_in_a_field_does_nothing_dangerous(browser: Browser) -> None:
    """Enter in a field of a dangerous dialog neither does it nor drops what was typed; the button does it."""
    app = app_that_does(failed(pending=["email"]))
    page = opened(app, browser, "a failed run")
    press(page, "Waive")
    page.get_by_label("Reason").fill("it cannot be done")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Reason")).to_have_value("it cannot be done")
    assert app.calls("runs/r-failed/waive") == []
    page.get_by_role("dialog").get_by_role("button", name="Waive").click()
    expect(page.locator("#said")).to_have_text("Nothing is pending any more.")
    assert app.calls("runs/r-failed/waive")[0].url.endswith("?reason=it+cannot+be+done")
    page.context.close()


def test_enter_in_the_address_of_a_link_revokes_no_link(browser: Browser) -> None:
    """Enter in the address of a new link leaves it there to be copied, and Done revokes nothing."""
    app = app_that_does(run())
    page = opened(app, browser, "a completed run")
    press(page, "Share")
    page.get_by_label("Days").fill("3")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Address")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Address")).to_be_visible()
    press(page, "Done")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [call.method for call in app.calls("runs/r1/links")] == ["POST"]
    page.context.close()


@pytest.mark.parametrize("key", ["Enter", "Escape"])
def test_the_keyboard_goes_back_from_a_dialog(browser: Browser, key: str) -> None:
    """Where a dialog has no field, Enter is Go back, which has the focus; so is Escape. Neither does anything."""
    app = app_that_does(run("r-storing", "storing"))
    page = opened(app, browser, "a storing run")
    press(page, "Cancel")
    expect(page.get_by_role("button", name="Go back")).to_be_focused()
    page.keyboard.press(key)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert app.calls("runs/r-storing/cancel") == []
    page.context.close()


@pytest.mark.parametrize(("mode", "offered"), [("upsert", 1), ("snapshot", 1), ("mirror", 0)])
def test_a_failed_mirror_is_not_redriven(browser: Browser, mode: str, offered: int) -> None:
    """A failed run offers Redrive unless its report is a mirror, whose run the app does not redrive."""
    page = opened(app_that_does(failed(mode=mode)), browser, "a failed run")
    expect(page.get_by_role("button", name="Share")).to_be_visible()
    expect(page.get_by_role("button", name="Redrive")).to_have_count(offered)
    page.context.close()
