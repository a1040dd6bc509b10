import re
from pathlib import Path

import azure.functions as func
import pytest

from outlast.http.problem import answering
from outlast.http.show_page import INDEX, PageFile, ShowPage, page_files, upload_origin
from tests.fakes.http import ask, finish

UI = Path(__file__).resolve().parents[4] / "ui"
FILES = page_files(UI)
MOST_BYTES = 150_000
"""Of the whole page with its library, uncompressed."""
VENDORED = {"uplot.js", "uplot.css", "NOTICE.txt"}
OWN = {name: file.data.decode() for name, file in FILES.items() if name not in VENDORED}


def show(file: str | None = None, tag: str | None = None, slash: str = "") -> func.HttpResponse:
    page = ShowPage(files=FILES, upload_origin="https://files.blob.core.windows.net")
    headers = {"If-None-Match": tag} if tag else None
    request = ask(f"ui/{file}", headers=headers, file=file) if file else ask(f"ui{slash}", headers=headers)
    return finish(answering(page.show_page)(request))


def test_the_page_itself_has_no_name() -> None:
    """GET /api/ui is index.html, as HTML in UTF-8."""
    answer = show()
    assert (answer.status_code, answer.mimetype, answer.charset) == (200, "text/html", "utf-8")
    assert answer.get_body() == FILES[INDEX].data == (UI / INDEX).read_bytes()


@pytest.mark.parametrize(
    ("file", "kind"), [("app.js", "text/javascript"), ("base.css", "text/css"), ("icon.svg", "image/svg+xml")]
)
def test_each_file_has_its_type(file: str, kind: str) -> None:
    """A browser that does not guess types takes scripts, styles and images only with the right one."""
    answer = show(file)
    assert (answer.status_code, answer.mimetype) == (200, kind)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("file", ["../host.json", "..%2fhost.json", "/etc/passwd", "app.js/", "APP.JS", "README.md"])
def test_no_other_file_is_served(file: str) -> None:
    """A name is looked up in a table and never becomes a path, so nothing else can be reached."""
    page = ShowPage(files=FILES)
    answer = finish(answering(page.show_page)(ask("ui/x", file=file)))
    assert answer.status_code == 404


def test_a_slash_too_many_leads_to_the_page() -> None:
    """Behind /api/ui/ the page's relative addresses would be wrong, so it leads to /api/ui."""
    answer = show(slash="/")
    assert (answer.status_code, answer.headers["Location"]) == (308, "../ui")


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', 'W/{} , W/"x"'])
def test_what_a_browser_has_is_not_sent_again(form: str) -> None:
    """A file whose ETag the browser names is answered with 304 and no body, also where a proxy made the tag weak."""
    tag = show("app.js").headers["ETag"]
    answer = show("app.js", form.format(tag))
    assert (answer.status_code, answer.get_body(), answer.headers["ETag"]) == (304, b"", tag)


def test_a_browser_asks_each_time() -> None:
    """Files of two releases never meet: a browser keeps them, but asks whether they are the same; another tag gets the
    file."""
    answer = show("app.js", '"of the last release"')
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    """Scripts, styles and images come from the app alone, none is inline, and no text becomes HTML."""
    policy = show().headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; ")
    assert "connect-src 'self' https://files.blob.core.windows.net;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("inputs", "account", "origin"),
    [
        ("https://files.blob.core.windows.net/inputs", "", "https://files.blob.core.windows.net"),
        ("az://inputs/folder", "files", "https://files.blob.core.windows.net"),
        ("file:///inputs", "", None),
        ("", "", None),
        ("https://files.blob.core.windows.net/inputs?sig=secret", "", None),
    ],
)
def test_the_page_may_send_to_the_storage_of_the_uploads(inputs: str, account: str, origin: str | None) -> None:
    """The one other place that the policy names is the storage account of INPUTS_URL, and only where it is one."""
    assert upload_origin(inputs, account) == origin
    policy = ShowPage(files={INDEX: PageFile(b"", "text/html", '"e"')}, upload_origin=origin)
    connect = finish(policy.show_page(ask("ui"))).headers["Content-Security-Policy"]
    assert f"connect-src 'self'{f' {origin}' if origin else ''};" in connect


def test_the_page_is_small() -> None:
    """All files of the page together have less than 150 KB."""
    assert sum(len(file.data) for file in FILES.values()) < MOST_BYTES


def test_index_has_no_inline_script_or_style() -> None:
    """Each script and style of the page is a file, because the policy forbids others."""
    index = OWN[INDEX]
    assert re.findall(r"<script(?![^>]*\bsrc=)", index) == []
    assert re.findall(r"<style|\bstyle=|\bon[a-z]+=", index) == []


def test_every_file_is_used() -> None:
    """Each file of the page is named by index.html or a module, and each name that they import is a file."""
    named = set(re.findall(r'"ui/([\w.]+)"', OWN[INDEX]))
    imported = {name for text in OWN.values() for name in re.findall(r'from "\./([\w.]+)"', text)}
    assert named | imported | {INDEX, "NOTICE.txt"} == set(FILES)


def test_nothing_is_loaded_from_elsewhere() -> None:
    """The page's own files name no address of another host."""
    elsewhere = {name: re.findall(r"https?://[\w.]+", text) for name, text in OWN.items()}
    assert {name: found for name, found in elsewhere.items() if found} == {"icon.svg": ["http://www.w3.org"]}


@pytest.mark.parametrize("name", [name for name in OWN if name.endswith(".js")])
def test_no_text_becomes_markup(name: str) -> None:
    """No module has a way to make HTML or code of a text."""
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|DOMParser", OWN[name]
    )


@pytest.mark.parametrize("name", [name for name in OWN if name.endswith(".js")])
def test_modules_are_short(name: str) -> None:
    """A module of the page has at most 250 lines."""
    assert len(OWN[name].splitlines()) <= 250


def test_the_library_comes_with_its_licence() -> None:
    """The vendored library's version and licence are served beside it."""
    notice = FILES["NOTICE.txt"].data.decode()
    version = re.search(rb"uPlot \(v([\d.]+)\)", FILES["uplot.js"].data)
    assert version is not None
    assert f"uPlot {version[1].decode()}" in notice
    assert "MIT License" in notice
