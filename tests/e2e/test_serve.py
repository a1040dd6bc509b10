import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.e2e.local_command import ROOT, LocalCommand, eventually
from tests.e2e.stack import BROKEN, copy_app, first_rows

FREE = ("--host-port", "0", "--cosmos-port", "0", "--inbox-port", "0")


class Serve(LocalCommand):
    """Runs `python -m local serve` on free ports and reads its addresses from its output."""

    def __init__(self, app: Path, environment: dict[str, str] | None = None) -> None:
        super().__init__("serve", "--app", str(app), *FREE, environment=environment)

    def read_addresses(self) -> None:
        self.page = self.read_until("/api/ui").split()[-1]
        self.health = self.read_until("/api/health").split()[-1]
        self.database = self.read_until("database").split()[1]
        self.inbox = self.read_until("inbox").split()[1]
        curl = self.read_until("curl")
        found = re.search(r'"(http\S+)"', curl)
        assert found, curl
        self.start_url = found[1]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is deployed and of the samples, with its own settings and data."""
    folder = copy_app(tmp_path_factory.mktemp("app"))
    settings = {"IsEncrypted": False, "Values": {"MAIL_TO": "ops@example.com"}}
    (folder / "local.settings.json").write_text(json.dumps(settings))
    return folder


@pytest.fixture(scope="module")
def serve(app: Path) -> Iterator[Serve]:
    with Serve(app) as command:
        command.read_addresses()
        yield command


def call(url: str, body: bytes | None = None) -> Any:
    """Send a GET, or a POST if there is a body; return the JSON answer."""
    with urlopen(Request(url, body), timeout=30) as answer:
        return json.load(answer)


def query(serve: Serve, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", "query", *arguments],
        cwd=ROOT,
        env={**os.environ, "COSMOS_ENDPOINT": serve.database},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_an_interrupted_run_goes_on_at_the_next_start(app: Path) -> None:
    """Ctrl-C ends serve with 0 during a run, and the next start on the same data completes the run."""
    with Serve(app) as first:
        first.read_addresses()
        started = call(first.start_url, first_rows(5_000))
        first.tell(signal.SIGINT)
        assert first.ends() == 0, first.output
        assert first.left() == []
    with Serve(app) as second:
        second.read_addresses()
        origin = second.health.removesuffix("/api/health")
        status = re.sub(r"http://[^/]+", origin, started["statusQueryGetUri"], count=1)
        assert eventually(lambda: call(status)["runtimeStatus"] == "Completed", seconds=60), call(status)
        assert call(status)["output"]["rows_read"] == 5_000


def test_the_settings_file_is_honoured(serve: Serve) -> None:
    """The email about a failed run goes to the address in local.settings.json."""
    call(serve.start_url, BROKEN.read_bytes())
    assert eventually(lambda: bool(call(f"{serve.inbox}/api/mails")["mails"]))
    assert call(f"{serve.inbox}/api/mails")["mails"][0]["to"] == ["ops@example.com"]


def test_query_shows_rows_as_json_lines(serve: Serve) -> None:
    """`python -m local query` prints a line of JSON for each row, also of the sample data that serve has loaded."""
    found = query(serve, "airlines", "SELECT c.id, c.name FROM c WHERE c.id = 'AA'")
    assert [json.loads(line) for line in found.stdout.splitlines()] == [{"id": "AA", "name": "American Airlines Inc."}]


def test_logs_shows_the_events_of_a_run(serve: Serve, app: Path) -> None:
    """`python -m local logs --run R --json` prints each event of the run as a line of JSON, up to its end."""
    run = call(serve.start_url, first_rows(10))["id"]
    command = [sys.executable, "-m", "local", "logs", "--json", "--run", run, "--data", str(app / ".local")]

    def events() -> list[str]:
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True).stdout
        return [json.loads(line)["event"] for line in shown.splitlines()]

    assert eventually(lambda: events()[-1:] == ["run_ended"], seconds=60)
    assert events()[0] == "run_accepted"


def test_query_names_the_containers_there_are(serve: Serve) -> None:
    """A query of a missing container fails and names the containers that exist."""
    found = query(serve, "flights")
    assert found.returncode == 1
    assert "'flights'" in found.stderr
    assert "flight-delays" in found.stderr


def test_page_health_and_inbox_answer(serve: Serve) -> None:
    """The addresses of page, health and inbox that serve prints return 200; that of the page has a key that opens."""
    assert call(serve.health)
    address, key = serve.page.split("#key=")
    with urlopen(address, timeout=10) as page:
        assert b"<title>Outlast</title>" in page.read()
    assert call(f"{address.removesuffix('ui')}reports?code={key}")["reports"]
    with urlopen(serve.inbox, timeout=10) as page:
        assert b"<h1>Inbox</h1>" in page.read()


def test_all_data_is_for_its_owner_alone(serve: Serve, app: Path) -> None:
    """No other user of the machine reads keys, settings, staged files, mails or documents."""
    call(serve.start_url, first_rows(20))
    assert eventually(lambda: any((app / ".local" / "staging").rglob("*.*")))
    kept = [app / "local.settings.json", app / ".local", *(app / ".local").rglob("*")]
    assert {path.parts[len(app.parts) + 1] for path in kept[2:]} >= {"host", "cosmos", "mails", "staging"}
    assert [path for path in kept if path.exists() and path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("option", ["--host-port", "--cosmos-port", "--inbox-port"])
def test_a_taken_port_is_named_with_its_option(option: str, app: Path) -> None:
    """A serve on a port in use exits with 1 and names the port and the option that changes it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with LocalCommand("serve", "--app", str(app), *FREE, option, port) as command:
            assert command.ends(seconds=20) == 1
    assert port in command.output
    assert option in command.output
