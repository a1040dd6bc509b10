"""An app without a stack: the page as the app itself serves it, and answers of the API that a test chooses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import azure.functions as func
import orjson
from playwright.sync_api import Browser, Dialog, Page, Request, Route

from outlast.http.problem import answering
from outlast.http.show_page import ShowPage, page_files
from tests.fakes.http import ask, finish

ORIGIN = "https://app.example"
STORAGE = "https://storage.example"
"""The one other place to which the page may send."""
KEY = "k3y"
FILES = page_files(Path(__file__).resolve().parents[2] / "ui")
SHOW = answering(ShowPage(files=FILES, upload_origin=STORAGE).show_page)
SERVED: dict[str | None, func.HttpResponse] = {
    None: finish(SHOW(ask("ui"))),
    **{file: finish(SHOW(ask(f"ui/{file}", file=file))) for file in FILES},
}
"""Each file as the app answers with it, with all headers. None is the page itself."""
Query = Mapping[str, str]
Answer = Callable[[Query], Any]


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that is not JSON, or not 200. `body` None is one of the host, as for a route that is missing."""

    body: str | None
    status: int = 200
    kind: str = "text/csv"
    headers: Mapping[str, str] = field(default_factory=dict)


LOST = Text(None, 0)
"""No answer: the connection ends when the app has got the call."""


@dataclass
class FakeApp:
    """`answers` are by method and path below /api/; a path that is missing gets the host's 404 without a body.

    `asked` are the calls so far, `stored` what went to the storage, `elsewhere` the addresses outside both, `faults`
    what the browser complained of.
    """

    answers: dict[str, Answer]
    asked: list[Request] = field(default_factory=list)
    stored: list[Request] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def open(self, browser: Browser, view: str, *, key: str | None = KEY, clock: bool = False, **options: Any) -> Page:
        """Open a view, such as `/runs`, in a tab of its own that has the key. With `clock`, time is the test's."""
        context = browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(20_000)
        page = context.new_page()
        if clock:
            page.clock.install()
        page.route("**/*", self._answer)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if "Security Policy" in said.text else None)
        page.on("dialog", self._note_dialog)
        page.goto(f"{ORIGIN}/api/ui{f'#key={key}' if key else ''}")
        page.evaluate("view => { location.hash = view }", view)
        return page

    def calls(self, path: str) -> list[Request]:
        """Return the calls of a path below /api/."""
        return [request for request in self.asked if urlsplit(request.url).path == f"/api/{path}"]

    def wait(self, page: Page, path: str, count: int) -> None:
        """Wait until a path was called so often."""
        while len(self.calls(path)) < count:
            page.wait_for_event("response")

    def _note_dialog(self, dialog: Dialog) -> None:
        """No view opens a dialog of the browser, so one comes from a text that ran as a script."""
        self.faults.append(dialog.message)
        dialog.dismiss()

    def _answer(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        origin = f"{url.scheme}://{url.netloc}"
        if origin == STORAGE:
            self.stored.append(route.request)
            return route.fulfill(status=201, headers={"access-control-allow-origin": ORIGIN})
        if origin != ORIGIN:
            self.elsewhere.append(route.request.url)
            return route.abort()
        file = re.fullmatch(r"/api/ui(?:/(.+))?", url.path)
        return _serve(route, file[1]) if file else self._answer_call(route, url.path.removeprefix("/api/"), url.query)

    def _answer_call(self, route: Route, path: str, query: str) -> None:
        request = route.request
        self.asked.append(request)
        if path != "health" and not path.startswith("shared/") and request.headers.get("x-functions-key") != KEY:
            return route.fulfill(status=401)
        given = self.answers.get(f"{request.method} {path}")
        asked = {name: values[-1] for name, values in parse_qs(query).items()}
        answer = given(asked) if given else Text(None, 404)
        if answer is LOST:
            return route.abort()
        if isinstance(answer, Text):
            kind = {"content-type": answer.kind} if answer.body is not None else {}
            return route.fulfill(status=answer.status, body=answer.body or "", headers={**kind, **answer.headers})
        return route.fulfill(body=orjson.dumps(answer).decode(), content_type="application/json")


def _serve(route: Route, file: str | None) -> None:
    answer = SERVED.get(file)
    if answer is None:
        return route.fulfill(status=404)
    kind = f"{answer.mimetype}; charset={answer.charset}"
    return route.fulfill(body=answer.get_body(), headers={**answer.headers, "content-type": kind})
