"""Who is told of the end of a run: people, a program, and who has a link."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from outlast.webhook import signed
from tests.e2e.stack import Stack, first_rows, running

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ADDRESS = "https://reports.example.com"
BAD_ROW = b"2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,227,far,5,15,2013-01-01T10:00:00Z\n"


class Receiver(HTTPServer):
    """Refuses the first event, then keeps headers and body of each."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked = 0
        self.events: list[tuple[dict[str, str], bytes]] = []


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        if self.server.asked > 1:
            self.server.events.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204 if self.server.asked > 1 else 503)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


def read(stack: Stack, uri: str, rest: str = "", accept: str = "application/json") -> tuple[int, str]:
    """Open a link without a key, at the address that the stack really has."""
    token = uri.rpartition("/shared/")[2]
    request = urllib.request.Request(f"{stack.services.host.url}/api/shared/{token}{rest}", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Stack]:
    settings = {
        "WEBHOOK_URL": f"http://127.0.0.1:{receiver.server_port}/",
        "WEBHOOK_SECRET": SECRET,
        "PUBLIC_URL": ADDRESS,
    }
    with running(tmp_path_factory.mktemp("stack"), settings) as stack:
        yield stack


def test_the_end_of_a_run_is_told_to_people_and_to_a_program(stack: Stack, receiver: Receiver) -> None:
    """A failed run sends an email in text and HTML with its link and its first rejects, and a signed event, which is
    posted again after a refusal."""
    run = stack.start("flight_delays", first_rows(5) + BAD_ROW)
    stack.wait(run)
    stack.wait_until(lambda: not stack.record(run)["pending"], "nothing to be pending")
    [mail] = stack.mails_about(run)
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html"]
    assert "First rejects:\n  row 7, column " in mail["text"]
    link = mail["text"].partition("Open this run: ")[2].splitlines()[0]
    assert link.startswith(f"{ADDRESS}/api/shared/")
    assert json.loads(read(stack, link)[1])["run"]["id"] == run
    [(headers, body)] = receiver.events
    assert (json.loads(body)["type"], json.loads(body)["subject"]) == ("outlast.run.failed", run)
    genuine = signed(SECRET, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    assert headers["webhook-signature"] == genuine["webhook-signature"]
    assert receiver.asked == 2


def test_an_answer_can_be_passed_on(stack: Stack) -> None:
    """An answer without durable URLs has a link that opens the run as JSON and as a page, until it is revoked, and no
    key."""
    query = {"durable_urls": "false", "notify": "always"}
    status, answer = stack.request("POST", "/api/reports/flight_delays", first_rows(5), kind="text/csv", **query)
    assert (status, set(answer)) == (202, {"id", "runUri", "shareUri"})
    assert "code=" not in json.dumps(answer)
    run, uri = answer["id"], answer["shareUri"]
    stack.wait(run)
    stack.wait_until(lambda: len(stack.mails_about(run)) == 1, "an email")
    assert json.loads(read(stack, uri)[1])["run"]["state"] == "completed"
    assert "The report flight_delays is completed." in read(stack, uri, accept="text/html")[1]
    assert read(stack, uri, "/rejects")[0] == 403
    made = stack.request("POST", f"/api/runs/{run}/links", b"", rejects="true")[1]
    assert read(stack, made["uri"], "/rejects")[0] == 200
    assert stack.request("DELETE", f"/api/runs/{run}/links")[0] == 204
    assert read(stack, uri)[0] == read(stack, made["uri"])[0] == 410
