"""What people do with the page, on a real stack: from a file to a receipt, and what comes in between."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import violations
from tests.browser.long_file import SEEMS_LONG
from tests.browser.many_runs import add_runs
from tests.e2e.stack import BROKEN, Stack, first_rows, running

MANY = 10_000
LONG = 60_000
"""Milliseconds for a run, on a machine with other work."""
CORRECT = {"carrier": "UA", "dep_delay": "2", "flight": "1", "distance": "1", "sched_dep_time": "517", "origin": "EWR"}
XSS = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    settings = {"FIRST_RETRY_SECONDS": "0.05", "LINK_SECRET": "s" * 32}
    with running(tmp_path_factory.mktemp("stack"), settings, cosmos=("--unthrottled",)) as stack:
        yield stack


@dataclass
class Person:
    """Somebody with the page open. `faults` is what their browser complained of."""

    browser: Browser
    stack: Stack
    faults: list[str] = field(default_factory=list)

    def open(self, view: str = "/runs", *, key: bool = True) -> Page:
        page = self.browser.new_context(reduced_motion="reduce").new_page()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if "Security Policy" in said.text else None)
        page.on("dialog", lambda dialog: self.faults.append(dialog.message))
        given = f"#key={self.stack.services.function_key}" if key else ""
        page.goto(f"{self.stack.services.host.url}/api/ui{given}")
        page.evaluate("view => { location.hash = view }", view)
        return page


@pytest.fixture
def person(browser: Browser, stack: Stack) -> Iterator[Person]:
    person = Person(browser, stack)
    yield person
    for context in browser.contexts:
        context.close()
    assert person.faults == []


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until this has the focus."""
    expect(wanted).to_be_visible()
    for _ in range(60):
        if wanted.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard does not reach {wanted}")


def start(page: Page, path: Path, *options: str) -> None:
    """Start flight_delays with a file, and these options chosen."""
    page.get_by_label("Report", exact=True).select_option("flight_delays")
    page.get_by_label("File", exact=True).set_input_files(path)
    if options:
        page.get_by_text("Options").click()
    for option in options:
        page.get_by_label(option).select_option("yes")
    page.get_by_role("button", name="Start the run").click()


def test_a_file_becomes_a_receipt_by_the_keyboard_alone(person: Person, tmp_path: Path) -> None:
    """Who has no mouse chooses report and file, starts, and sees the run until its receipt."""
    (tmp_path / "january.csv").write_bytes(first_rows(60))
    page = person.open()
    page.on("filechooser", lambda chooser: chooser.set_files(tmp_path / "january.csv"))
    tab_to(page, page.get_by_role("link", name="Start a run"))
    page.keyboard.press("Enter")
    report = page.get_by_label("Report", exact=True)
    tab_to(page, report)
    page.keyboard.type("flight")
    expect(report).to_have_value("flight_delays")
    tab_to(page, page.get_by_label("File", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_text("january.csv, ")).to_be_visible()
    tab_to(page, page.get_by_role("button", name="Start the run"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("flight_delays completed", timeout=LONG)
    receipt = page.get_by_role("region", name="Receipt")
    expect(receipt).to_contain_text("Rows read60Rows stored60")
    expect(page.get_by_role("region", name="Events")).to_contain_text("ended as completed")


def test_a_failed_run_is_corrected(person: Person) -> None:
    """A failed run says why and which rows; these, downloaded, corrected and given back, complete it."""
    page = person.open("/start")
    start(page, BROKEN)
    expect(page.get_by_role("region", name="Why it failed")).to_contain_text("3 of 12 rows were rejected", timeout=LONG)
    rejects = page.get_by_role("region", name="Rejects", exact=True)
    expect(rejects.locator("tbody tr")).to_have_count(3)
    with page.expect_download() as download:
        rejects.get_by_role("button", name="Download all as CSV").click()
    drop(page, "Send the corrected file", corrected_rows(download.value.path().read_text("utf-8-sig")))
    expect(page.get_by_role("heading", level=1)).to_have_text("flight_delays completed", timeout=LONG)
    expect(page.get_by_role("region", name="Receipt")).to_contain_text("Rows read12Rows stored12")
    expect(rejects).to_be_hidden()


def drop(page: Page, label: str, text: str) -> None:
    """Drop a file with this text onto the place with this label."""
    file = page.evaluate_handle(
        """text => {
            const given = new DataTransfer();
            given.items.add(new File([text], "dropped.csv", { type: "text/csv" }));
            return given;
        }""",
        text,
    )
    page.get_by_label(label).dispatch_event("drop", {"dataTransfer": file})


def corrected_rows(text: str) -> str:
    """Return the rejects with every field that is wrong or missing made right."""
    rows = list(csv.DictReader(io.StringIO(text)))
    usual = {"year": "2013", "month": "1", "day": "1", "dest": "FLL", "time_hour": "2013-01-01T11:00:00Z", **CORRECT}
    wrong = [{name: value for name, value in usual.items() if name == row["column"] or not row[name]} for row in rows]
    body = io.StringIO()
    writer = csv.DictWriter(body, list(rows[0]))
    writer.writeheader()
    writer.writerows({**row, **right} for row, right in zip(rows, wrong, strict=True))
    return body.getvalue()


def test_a_long_file_is_uploaded_first(person: Person, stack: Stack) -> None:
    """A file that is too long for a start is sent to the upload address, and the run is started with its name."""
    page = person.open("/start")
    page.get_by_label("Report", exact=True).select_option("flight_delays")
    page.get_by_label("File", exact=True).evaluate(SEEMS_LONG, first_rows(30).decode())
    with page.expect_response("**/api/inputs/*") as sent:
        page.get_by_role("button", name="Start the run").click()
    assert sent.value.status == 201
    expect(page.get_by_role("heading", level=1)).to_have_text("flight_delays completed", timeout=LONG)
    expect(page.get_by_role("region", name="Receipt")).to_contain_text("Rows read30Rows stored30")
    assert stack.record(page.url.rpartition("/")[2])["reference"].endswith("-long.csv")


def test_a_plan_is_approved(person: Person, tmp_path: Path) -> None:
    """A run that is planned first shows what it would store, and stores it when a person says so."""
    (tmp_path / "planned.csv").write_bytes(first_rows(40))
    page = person.open("/start")
    start(page, tmp_path / "planned.csv", "Plan first")
    plan = page.get_by_role("region", name="Plan")
    expect(plan).to_contain_text("Rows40", timeout=LONG)
    plan.get_by_role("button", name="Approve and store").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("flight_delays completed", timeout=LONG)
    expect(page.get_by_role("region", name="Receipt")).to_contain_text("Rows read40Rows stored40")


def test_a_link_opens_one_run_until_it_is_revoked(person: Person, stack: Stack) -> None:
    """Who gets a link sees the run without a key, as a page that leads to one which keeps itself up to date."""
    run = stack.start("flight_delays", BROKEN.read_bytes(), label="for a friend")
    stack.wait(run)
    mine = person.open(f"/runs/{run}")
    mine.get_by_role("button", name="Share").click()
    mine.get_by_role("button", name="Make a link").click()
    friend = person.browser.new_context().new_page()
    friend.goto(mine.get_by_label("Address").input_value())
    friend.get_by_role("link", name="Watch this run").click()
    expect(friend.get_by_role("heading", level=1)).to_have_text("flight_delays failed")
    expect(friend.get_by_text("for a friend").first).to_be_visible()
    expect(friend.get_by_role("region", name="Rejects", exact=True)).to_be_hidden()
    mine.get_by_role("button", name="Revoke all links").click()
    expect(mine.get_by_text("No link opens this run any more.")).to_be_visible()
    friend.reload()
    expect(friend.get_by_role("alert")).to_contain_text("revoked")


def test_what_a_caller_sets_is_shown_as_it_is(person: Person, stack: Stack) -> None:
    """Markup in a label, a file name, a header and rows that fail is text on every view that shows it."""
    hostile = first_rows(3).replace(b"UA", XSS.encode()).replace(b"2013,1,1,5", f"{XSS},1,1,5".encode())
    run = stack.start("flight_delays", hostile, label=XSS, filename=f"{XSS}.csv")
    stack.wait(run)
    page = person.open(f"/runs/{run}")
    expect(page.get_by_role("table", name="First rejects")).to_contain_text(XSS)
    for view in (f"/runs/{run}", "/runs"):
        page.evaluate("view => { location.hash = view }", view)
        expect(page.locator("main")).to_contain_text(XSS)
        assert page.locator("main img, main script").count() == 0


def test_ten_thousand_runs_are_walked_through(person: Person, stack: Stack) -> None:
    """Beside 10,000 runs the list shows the newest fifty at once, and each of the others is some pages away."""
    add_runs(stack, MANY)
    page = person.open("/runs?report=sales")
    for first in range(1, 200, 50):
        expect(page.get_by_text(f"Runs {first} to {first + 49}", exact=True)).to_be_visible()
        expect(page.locator("tbody tr").first).to_contain_text(f"file-{first - 1}.csv")
        page.get_by_role("link", name="Older").click()
    page.go_back()
    expect(page.get_by_text("Runs 151 to 200")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everybody_can_use_the_pages_of_this_machine(
    browser: Browser, stack: Stack, theme: Literal["light", "dark"]
) -> None:
    """axe finds no violation in the host's own page and in the inbox, which have the dress of the app's page."""
    stack.wait(stack.start("flight_delays", BROKEN.read_bytes()))
    page = browser.new_context(color_scheme=theme).new_page()
    page.goto(f"{stack.services.host.url}/#key={stack.master_key}")
    expect(page.get_by_role("cell", name="sweep_runs").first).to_be_visible()
    assert violations(page) == []
    page.goto(stack.services.inbox.url)
    expect(page.get_by_role("article").first).to_contain_text("flight_delays")
    assert violations(page) == []
    page.context.close()
