"""Makes the pictures of the page in docs/screens, from a real stack and headless Chromium: `make screens`.

The runs are real ones of the samples. One of them writes to a container with few request units, so that it can be seen
at work.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.browser.chromium import opened_browser
from tests.e2e.stack import BROKEN, JANUARY, Stack, first_rows, running

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "screens"
DESK: ViewportSize = {"width": 1120, "height": 700}
SETTINGS = {"PRICE_PER_MILLION_RU": "0.25", "CURRENCY": "EUR", "LINK_SECRET": "s" * 32}
PHONE: ViewportSize = {"width": 390, "height": 760}
SECONDS_AT_WORK = 22
FEW = 4_000
"""RU/s of the container of the run that is seen at work: it throttles, and storing takes about a minute."""


def main() -> None:
    with tempfile.TemporaryDirectory() as data, running(Path(data), SETTINGS) as stack, opened_browser() as browser:
        for name, picture in PICTURES.items():
            page = picture(stack, browser)
            page.screenshot(path=FOLDER / f"{name}.png")
            page.context.close()
            sys.stdout.write(f"{name}.png {(FOLDER / f'{name}.png').stat().st_size:,} bytes\n")


def opened(stack: Stack, browser: Browser, view: str, size: ViewportSize = DESK, dark: bool = False) -> Page:
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{stack.services.host.url}/api/ui#key={stack.services.function_key}")
    page.evaluate("view => { location.hash = view }", view)
    expect(page.get_by_text("Healthy")).to_be_visible()
    return page


def planned(stack: Stack, browser: Browser) -> Page:
    run = stack.start("flight_delays", JANUARY.read_bytes(), plan="true", label="january", filename=JANUARY.name)
    page = opened(stack, browser, f"/runs/{run}")
    expect(page.get_by_role("button", name="Approve and store")).to_be_visible(timeout=120_000)
    return page


def at_work(stack: Stack, browser: Browser) -> Page:
    stack.make_container_anew("flight-delays", "/carrier", FEW)
    run = stack.start("flight_delays", JANUARY.read_bytes(), label="again", filename=JANUARY.name)
    page = opened(stack, browser, f"/runs/{run}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("storing", timeout=120_000)
    expect(page.get_by_role("img", name="at most")).to_have_count(2, timeout=60_000)
    expect(page.get_by_role("img", name="at most 0;")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(SECONDS_AT_WORK * 1000)
    return page


def failed(stack: Stack, browser: Browser) -> Page:
    run = stack.start("flight_delays", BROKEN.read_bytes(), filename=BROKEN.name)
    stack.wait(run)
    page = opened(stack, browser, f"/runs/{run}", dark=True)
    expect(page.get_by_role("table", name="First rejects")).to_be_visible()
    return page


def completed(stack: Stack, browser: Browser) -> Page:
    run = stack.start("carrier_months", JANUARY.read_bytes(), label="by month", filename=JANUARY.name)
    stack.wait(run)
    page = opened(stack, browser, f"/runs/{run}")
    expect(page.get_by_role("region", name="Receipt")).to_be_visible()
    return page


def listed(stack: Stack, browser: Browser) -> Page:
    stack.wait(stack.start("flight_delays", first_rows(500), label="first rows", filename="first.csv"))
    page = opened(stack, browser, "/runs")
    expect(page.locator("tbody tr").first).to_contain_text("first.csv")
    return page


def started(stack: Stack, browser: Browser) -> Page:
    page = opened(stack, browser, "/start", PHONE, dark=True)
    page.get_by_label("File", exact=True).set_input_files(JANUARY)
    return page


PICTURES: dict[str, Callable[[Stack, Browser], Page]] = {
    "planned": planned,
    "at-work": at_work,
    "failed": failed,
    "completed": completed,
    "runs": listed,
    "start": started,
}

if __name__ == "__main__":
    main()
