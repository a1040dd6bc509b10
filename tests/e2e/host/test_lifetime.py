"""How a host begins and ends."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.host import settings
from tests.e2e.host.hosting import WEBHOOK, eventually, hosted, is_alive, killed, prepare, worker_of

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_host_told_to_stop_waits_for_the_activities_in_flight(told: signal.Signals, tmp_path: Path) -> None:
    """An activity in flight ends and is recorded, so that the next start does not run it again; the exit code is 0."""
    with hosted(tmp_path) as host:
        host.start("naps", "sleeper", [1.5])
        eventually(lambda: host.noted("naps"), "the nap to begin")
        worker, process = worker_of(host), host.process.running
        began = time.monotonic()
        os.kill(worker, signal.SIGINT)  # as a terminal's Ctrl-C does
        process.send_signal(told)
        assert process.wait(10) == 0
        assert 1 < time.monotonic() - began < 5
        assert not is_alive(worker)
        host.process.stop()
        host.process.start()
        assert host.finished("sleeper")["output"] == 1.5
        assert len(host.noted("naps")) == 1


def test_a_stop_lets_the_requests_in_flight_end(tmp_path: Path) -> None:
    """An HTTP function that runs for longer than a second still answers while the host stops."""
    with hosted(tmp_path) as host, ThreadPoolExecutor() as threads:
        answer = threads.submit(host.call, "GET", "/api/pause?seconds=2")
        eventually(lambda: host.noted("pauses"), "the request to arrive")
        assert host.process.stop() == 0
        assert answer.result().text == "paused"


def test_a_stop_waits_nine_seconds_at_most(tmp_path: Path) -> None:
    """A stop ends after nine seconds although an activity still runs."""
    with hosted(tmp_path, env={settings.TIMEOUT_VARIABLE: "00:01:00"}) as host:
        host.start("naps", "sleeper", [59])
        eventually(lambda: host.noted("naps"), "the nap to begin")
        began = time.monotonic()
        assert host.process.stop() == 0
        assert 8.5 < time.monotonic() - began < 12


def test_a_host_bound_elsewhere_says_its_own_address(tmp_path: Path) -> None:
    """A durable client of an app on a host with `--bind` makes URLs with that address."""
    with hosted(tmp_path, "--bind", "127.0.0.2") as host:
        assert host.process.url.startswith("http://127.0.0.2:")
        address = host.call("POST", "/api/client/addresses/any").json["statusQueryGetUri"]
        assert address.startswith(f"{host.process.url}/runtime/webhooks/durabletask/instances/any?")
        assert host.call("GET", address).status == 404


def test_a_host_without_keys_says_so(tmp_path: Path) -> None:
    """With --no-auth functions of every level, the admin API and the management API open without a key."""
    with hosted(tmp_path, "--no-auth") as host:
        opened = ["/api/secret", "/api/admin-only", "/admin/functions", f"{WEBHOOK}/instances"]
        assert [host.call("GET", path).status for path in opened] == [200] * 4
        assert "No keys are asked for (--no-auth)" in host.log()


def test_two_workers_share_the_work(tmp_path: Path) -> None:
    """Two workers share the activities and know that they are two, and when one is killed the other goes on."""
    with hosted(tmp_path, "--workers", "2") as host:
        assert host.call("GET", "/api/environment?names=FUNCTIONS_WORKER_PROCESS_COUNT").json == ["2"]
        assert host.result("caught", [["nap", 0.3]] * 4) == [0.3] * 4
        pids = {int(line.split()[0]) for line in host.noted("naps")}
        assert len(pids) == 2
        killed(pids.pop())
        eventually(lambda: host.call("GET", "/api/pid").status == 200, "the death to be noticed")
        assert host.result("one", ["double", 1]) == 2


def test_the_environment_reaches_the_app(tmp_path: Path) -> None:
    """An app sees the host's environment and the values of local.settings.json."""
    with hosted(tmp_path, env={"FROM_SHELL": "shell"}) as host:
        given = host.call("GET", "/api/environment?names=FROM_SHELL,EVERY,FUNCTIONS_WORKER_RUNTIME").json
        assert given == ["shell", "0 0 4 1 1 *", "python"]
        assert os.environ.get("EVERY") is None


def test_a_host_can_be_stopped_while_its_app_still_loads(tmp_path: Path) -> None:
    """A host whose app is still being imported exits with 0 at SIGTERM."""
    prepare(tmp_path)
    marker = tmp_path / "importing"
    code = f"import pathlib, time\npathlib.Path({str(marker)!r}).touch()\ntime.sleep(60)\n"
    (tmp_path / "app" / "function_app.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "local.host", "--app", str(tmp_path / "app"), "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        eventually(marker.exists, "the import to begin")
        eventually(lambda: (tmp_path / "app" / ".local" / "host" / "host.db").exists(), "the host to begin")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
