"""The page at / in a browser."""

import subprocess

from tests.browser.chromium import chromium_path
from tests.e2e.host.hosting import Hosted


def rendered(chromium: str, url: str) -> str:
    """Return the page's HTML after its scripts have run."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--dump-dom"]
    done = subprocess.run([chromium, *options, url], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_the_page_loads_nothing_from_elsewhere(host: Hosted) -> None:
    """The page refers to no other host, and its Content-Security-Policy forbids it."""
    answer = host.call("GET", "/")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "http" + "://" not in answer.text
    assert "https://" not in answer.text


def test_the_page_lists_functions_and_instances(host: Hosted) -> None:
    """The page lists functions and instances with their states to a browser with the key in the URL's fragment."""
    chromium = chromium_path()
    host.start("one", "seen-on-the-page", ["double", 2])
    host.finished("seen-on-the-page")
    page = rendered(chromium, f"{host.process.url}/#key={host.process.master_key}")
    assert "seen-on-the-page" in page
    assert "<td>Completed</td>" in page
    assert "<td>double</td>" in page


def test_the_page_shows_an_instance_with_its_custom_status_and_history(host: Hosted) -> None:
    """The page shows custom status and history of the instance that its URL names."""
    chromium = chromium_path()
    host.start("announced", "told-on-the-page", {"step": "<b>7 ü"})
    host.finished("told-on-the-page")
    page = rendered(chromium, f"{host.process.url}/#key={host.process.master_key}&instance=told-on-the-page")
    assert '<td>{"step":"&lt;b&gt;7 ü"}</td>' in page
    assert "<td>ExecutionStarted</td><td>announced</td>" in page
    assert "<td>TaskCompleted</td><td>double</td>" in page
    assert "Restart" in page


def test_the_page_shows_nothing_without_a_key(host: Hosted) -> None:
    """The page refuses a wrong key and lists no function."""
    page = rendered(chromium_path(), f"{host.process.url}/#key=wrong")
    assert "This key does not open the host." in page
    assert "<td>double</td>" not in page
