"""What a developer sees when something is wrong: one clear message, no half state, and an exit code that is not 0."""

import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from local.host.storage.database import SCHEMA_VERSION
from tests.e2e.host.hosting import Hosted, eventually, hosted, prepare, worker_of

ROOT = Path(__file__).parents[3]
ROOM = 1 << 20  # bytes that any file of the host may have on a disk that is nearly full
LONGEST = 60  # seconds a host may take to say that it cannot start


def refused(folder: Path, *options: str) -> str:
    """Start a host that cannot start; return its error output."""
    done = subprocess.run(
        [sys.executable, "-m", "local.host", "--app", str(folder / "app"), "--port", "0", *options],
        cwd=ROOT, env={**os.environ, "NOTES": str(folder / "notes")}, timeout=LONGEST,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the test app, in which no host runs."""
    prepare(tmp_path)
    return tmp_path


def test_an_app_that_does_not_import_is_shown_with_its_trouble(folder: Path) -> None:
    """A start with an app that cannot be imported fails and prints the app's own traceback."""
    (folder / "app" / "function_app.py").write_text("import no_such_module\n", encoding="utf-8")
    assert "ModuleNotFoundError: No module named 'no_such_module'" in refused(folder)


def test_a_folder_without_an_app_is_named(folder: Path) -> None:
    """A start in a folder without function_app.py fails with the folder and the option that names another."""
    (folder / "app" / "function_app.py").unlink()
    said = refused(folder)
    assert f"{folder / 'app'} holds no function_app.py" in said
    assert "--app" in said


def test_a_folder_that_is_not_there_is_named(folder: Path) -> None:
    """A start with a missing folder fails with the folder's name and does not blame the address."""
    (folder / "app").rename(folder / "elsewhere")
    assert f"There is no folder {folder / 'app'}" in refused(folder)


def test_keys_that_are_damaged_are_named(folder: Path) -> None:
    """A start with a damaged keys file fails and says that the file does not hold the host's keys."""
    (folder / "data" / "secrets").mkdir(parents=True)
    (folder / "data" / "secrets" / "host.json").write_text("{", encoding="utf-8")
    assert "does not hold the host's keys" in refused(folder, "--data", str(folder / "data"))


def test_a_worker_that_dies_at_its_start_is_reported(folder: Path) -> None:
    """A start whose worker dies before the app is loaded fails with the worker's exit code."""
    (folder / "app" / "function_app.py").write_text("import os\nos._exit(7)\n", encoding="utf-8")
    assert "ended with exit code 7 before the app was loaded" in refused(folder)


def test_a_queue_trigger_stops_the_start(folder: Path) -> None:
    """A start of an app with a queue trigger fails and names the function and its trigger."""
    code = "import azure.functions as func\napp = func.FunctionApp()\n"
    code += '@app.queue_trigger(arg_name="m", queue_name="q", connection="C")\ndef takes(m): pass\n'
    (folder / "app" / "function_app.py").write_text(code, encoding="utf-8")
    assert "Function 'takes' waits for queueTrigger" in refused(folder)


def test_a_broken_host_json_is_named(folder: Path) -> None:
    """A start with a wrong value in host.json fails with its key, the value and the form that is wanted."""
    (folder / "app" / "host.json").write_text('{"functionTimeout": "soon"}', encoding="utf-8")
    assert "functionTimeout is 'soon'; a time span like 00:05:00 is wanted" in refused(folder)


def test_a_taken_port_is_named_with_the_option_that_changes_it(folder: Path) -> None:
    """A start on a port in use fails with the address and the option that changes it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        said = refused(folder, "--port", str(port))
    assert f"Cannot listen on 127.0.0.1:{port}" in said
    assert "--port" in said


def test_a_second_host_on_the_same_data_says_so_and_stops(tmp_path: Path) -> None:
    """A second host on the same data folder fails and names the folder, and the first host goes on."""
    with hosted(tmp_path) as host:
        said = refused(tmp_path, "--data", str(host.data))
        assert f"Another host is using {host.data}" in said
        assert host.call("GET", "/api/version").text == "1"


def test_a_damaged_file_is_not_touched(folder: Path) -> None:
    """A start with a damaged host.db fails with advice and leaves the file as it is."""
    data = folder / "data"
    data.mkdir()
    (data / "host.db").write_bytes(b"not a database at all" * 1000)
    assert "move it away" in refused(folder, "--data", str(data))
    assert (data / "host.db").read_bytes().startswith(b"not a database")


def test_a_file_of_a_newer_host_is_not_touched(tmp_path: Path) -> None:
    """A start with the host.db of a newer host fails and names both formats."""
    with hosted(tmp_path) as host:
        data = host.data
    with closing(sqlite3.connect(data / "host.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = 99 WHERE key = 'version'")
    assert f"its format: 99, this one's: {SCHEMA_VERSION}" in refused(tmp_path, "--data", str(data))


def test_a_data_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    """A start whose data folder cannot be made fails with the folder and the option that names another."""
    (folder / "file").write_text("in the way", encoding="utf-8")
    said = refused(folder, "--data", str(folder / "file" / "data"))
    assert str(folder / "file" / "data") in said
    assert "--data" in said


def test_a_full_disk_ends_the_host_and_loses_nothing_reported(tmp_path: Path) -> None:
    """A host that cannot write its data says so and exits with 1, and its next start completes the instance."""
    with hosted(tmp_path) as host:
        host.start("story", "kept", 1)
        process = host.process.running
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
        too_long = host.manage("POST", "/instances/kept/raiseEvent/go", "x" * 2 * ROOM)
        assert (too_long.status, "no room for the body" in too_long.text) == (503, True)
        host.manage("POST", "/instances/kept/raiseEvent/go", "x" * (ROOM - 1000))
        assert process.wait(LONGEST) == 1
        assert "can no longer be written" in host.log()
        host.process.stop()
        host.process.start()
        host.manage("POST", "/instances/kept/raiseEvent/go", 2)
        assert host.finished("kept")["runtimeStatus"] == "Completed"


def test_a_body_above_the_limit_is_refused(host: Hosted) -> None:
    """A request whose body is too long gets 413 with the limit, and the host serves the next request."""
    answer = host.call("POST", "/api/echo", b"z" * (101 * 1024 * 1024))
    assert answer.status == 413
    assert "104857600 bytes" in answer.text
    assert host.call("GET", "/api/version").text == "1"


def test_changed_code_is_taken_up_and_broken_code_is_not(tmp_path: Path) -> None:
    """The host loads changed code, and keeps the old code when the new code cannot be loaded."""
    with hosted(tmp_path) as host:
        code = (host.app / "function_app.py").read_text(encoding="utf-8")
        (host.app / "function_app.py").write_text("this is not Python", encoding="utf-8")
        eventually(lambda: "cannot be loaded, the one before goes on" in host.log(), "the refusal")
        assert host.call("GET", "/api/version").text == "1"
        unroutable = code.replace('return "1"', 'return "0"').replace('route="version"', 'route="version/{"')
        (host.app / "function_app.py").write_text(unroutable, encoding="utf-8")
        eventually(lambda: "holds '{', which is not a parameter" in host.log(), "the second refusal")
        assert host.call("GET", "/api/version").text == "1"
        changed = code.replace('return "1"', 'return "2"')
        (host.app / "function_app.py").write_text(changed, encoding="utf-8")
        eventually(lambda: host.call("GET", "/api/version").text == "2", "the new code")
        assert "is loaded again" in host.log()


def test_a_timeout_costs_the_neighbours_their_worker(tmp_path: Path) -> None:
    """A timeout replaces the worker: the activities beside it fail after their own time, and an orchestrator's code
    runs again."""
    with hosted(tmp_path) as host:
        before = worker_of(host)
        host.start("slow_code", "slow", None)
        failed = host.result("caught", [["block", 60], ["nap", 60]])
        assert [f.partition(" \n ")[0] for f in failed] == [
            f"Activity function '{name}' failed: Timeout value of 00:00:03 was exceeded by function: Functions.{name}"
            for name in ("block", "nap")
        ]
        assert host.finished("slow")["output"] == 2
        assert worker_of(host) != before


def test_an_http_function_past_its_time_answers_500(tmp_path: Path) -> None:
    """An HTTP function that exceeds functionTimeout returns 500 with an empty body, as on the Azure host."""
    with hosted(tmp_path) as host:
        answer = host.call("GET", "/api/hang")
        assert (answer.status, answer.body) == (500, b"")
        assert host.call("GET", "/api/version").text == "1"


def test_keys_are_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    """The host's keys survive a restart, have the Azure host's layout, are readable by their owner alone and are never
    logged."""
    with hosted(tmp_path) as host:
        path = host.data / "secrets" / "host.json"
        kept = json.loads(path.read_text(encoding="utf-8"))
        host.process.kill()
        host.process.start()
        assert json.loads(path.read_text(encoding="utf-8")) == kept
        assert path.stat().st_mode & 0o777 == 0o600
        assert [set(kept["masterKey"]), len(kept["functionKeys"]), len(kept["systemKeys"])] == [{"name", "value"}, 1, 1]
        assert not any(key in host.log() for key in (kept["masterKey"]["value"], kept["functionKeys"][0]["value"]))
