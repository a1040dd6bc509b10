"""The Chromium of this machine, for tests that look at a page."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
INSTALL = "apt-get install chromium"


def chromium_path() -> str:
    """Return the path of a Chromium. Without one the test is skipped, or fails if REQUIRE_ALL is set."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        missing = pytest.fail if os.environ.get("REQUIRE_ALL") else pytest.skip
        missing(f"no Chromium here: {INSTALL}")
    return str(found)


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """A headless Chromium until the block ends. Its sandbox needs rights that a container does not have."""
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()
