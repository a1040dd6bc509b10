"""axe, which finds what a screen reader, a keyboard or weak eyes cannot use."""

from typing import Any

from playwright.sync_api import Page

from tests.node_packages import needed_package

PACKAGE = "axe-core@4.14.1"
RUN = "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations)"


def violations(page: Page) -> list[Any]:
    """Return what axe finds, each with the beginning of the elements. The page must let a test run scripts."""
    if not page.evaluate("'axe' in window"):
        page.evaluate((needed_package(PACKAGE) / "axe.min.js").read_text("utf-8"))
    return [(one["id"], [node["html"][:150] for node in one["nodes"]]) for one in page.evaluate(RUN)]
