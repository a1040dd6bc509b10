from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import opened_browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser
