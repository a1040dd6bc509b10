import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from outlast_cli import starting
from outlast_cli.commands import run as run_command
from tests.unit.outlast_cli.calling import Caller, problem
from tests.unit.outlast_cli.shown import RUN, completed, custom, failed, shown

ACCEPTED = httpx.Response(202, json={"id": RUN})
START, SHOW = "POST /api/reports/flights", f"GET /api/runs/{RUN}"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "a.csv"
    path.write_text("id\n1\n")
    return str(path)


def started(call: Caller, *looks: Any) -> Caller:
    call.answers = {START: ACCEPTED, SHOW: list(looks) or completed()}
    return call


def test_a_file_is_sent_and_its_run_is_watched(call: Caller, file: str) -> None:
    """A small file goes with the start, with options and parameters in the query, and the run is watched to its end."""
    started(call, shown("storing"), shown("storing"), completed())
    done = call("run", "flights", file, "--tolerated-rejects", "3", "-o", "min_rows=0", "-p", "min_delay=15", "--plan")
    assert (done.code, done.out) == (0, f"{RUN}\tcompleted\n")
    sent = done.requests[0]
    assert sent.content == b"id\n1\n"
    assert dict(sent.url.params) == {
        "filename": "a.csv",
        "min_rows": "0",
        "min_delay": "15",
        "tolerated_rejects": "3",
        "plan": "true",
    }
    assert sent.headers["idempotency-key"].startswith("outlast-")
    assert len(done.requests) == 4


def test_a_failed_run_is_1(call: Caller, file: str) -> None:
    """A failed run ends with 1, its reason is on standard error, and --json has the whole record and nothing else."""
    done = started(call, failed())("run", "flights", file)
    assert (done.code, done.out) == (1, f"{RUN}\tfailed\n")
    assert done.err.startswith("generate_report: 3 of 12 rows were rejected\n")
    as_json = started(call, failed())("run", "flights", file, "--json")
    assert (as_json.code, as_json.json["state"], as_json.err) == (1, "failed", "")


def test_a_failed_run_says_what_to_do_next_off_a_terminal_too(call: Caller, file: str) -> None:
    """Standard error has the commands that correct the rejected rows, leave them out, or do what is missing."""
    told = started(call, failed())("run", "flights", file).err
    assert f"outlast correct {RUN} rejects.csv" in told
    assert f"Store the others without them: outlast redrive {RUN} --tolerated-rejects 3" in told


def test_a_failed_mirror_is_not_said_to_be_redriven(call: Caller, file: str) -> None:
    """A mirror report's run cannot be redriven, so no such command is told."""
    mirror = failed()
    mirror["run"]["mode"] = "mirror"
    assert "redrive" not in started(call, mirror)("run", "flights", file).err


@pytest.mark.parametrize("kind", [{"mode": "mirror"}, {"grouped": True}])
def test_what_the_app_would_refuse_is_not_said(call: Caller, file: str, kind: dict[str, Any]) -> None:
    """Rows of a mirror or of a grouped report are shown and not corrected."""
    run = failed()
    run["run"] |= kind
    said = started(call, run)("run", "flights", file).err
    assert ("outlast rejects" in said, "outlast correct" in said) == (True, False)


def test_a_plan_is_7(call: Caller, file: str) -> None:
    """A run that waits for approval ends the watching with 7 and says how to approve it."""
    done = started(call, shown("planned"))("run", "flights", file, "--plan")
    assert (done.code, f"outlast approve {RUN}" in done.err) == (7, True)


def test_a_lost_answer_makes_no_second_run(call: Caller, file: str) -> None:
    """A start whose answer is lost is sent again with the same key."""
    call.answers = {START: [httpx.ReadTimeout("slow"), ACCEPTED], SHOW: completed()}
    done = call("run", "flights", file)
    keys = [one.headers["idempotency-key"] for one in done.requests if one.method == "POST"]
    assert done.code == 0
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert call("run", "flights", file).requests[0].headers["idempotency-key"] != keys[0]


def test_a_start_that_stays_unheard_names_the_repeat(call: Caller, file: str) -> None:
    """Where no answer comes, the error has the command that is the same run, with its key and its options."""
    call.answers = {START: httpx.ReadTimeout("slow")}
    done = call("run", "flights", file, "-o", "nulls=NA, -", "--key", "k1")
    assert done.code == 3
    assert f"outlast run flights {file} -o 'nulls=NA, -' --key k1" in done.err


def test_commands_that_are_told_name_the_profile(call: Caller, file: str) -> None:
    """A command that is to be called next has the --profile that was given, after a lost answer and after a failure."""
    call.answers = {START: httpx.ReadTimeout("slow")}
    lost = ("run", "flights", file, "--profile", "app", "--key", "k 1")
    assert f"outlast run --profile app flights {file} --key 'k 1'" in call(*lost).err
    assert "outlast run --profile app" in json.loads(call(*lost, "--json").err)["hint"]
    told = started(call, failed())("run", "flights", file, "--profile", "app").err
    assert f"outlast redrive --profile app {RUN}" in told
    call.answers = {START: problem(401, "no")}
    assert "`outlast login --profile app URL`" in call("run", "flights", file, "--profile", "app").err


def test_a_name_is_started_with_a_body(call: Caller) -> None:
    """Names of the inputs location go into the body with options and parameters: one as it is, several as a list."""
    started(call)
    sent = call("run", "flights", "--input", "2013/*.csv", "-o", "min_rows=0", "-p", "min_delay=15").requests[0]
    assert sent.headers["content-type"] == "application/json"
    assert json.loads(sent.content) == {
        "input": "2013/*.csv",
        "options": {"min_rows": "0"},
        "parameters": {"min_delay": "15"},
    }
    two = call("run", "flights", "-i", "a.csv", "-i", "b.csv").requests[0]
    assert json.loads(two.content)["input"] == ["a.csv", "b.csv"]


def test_a_name_that_is_no_utf_8_is_sent_with_question_marks(call: Caller, tmp_path: Path) -> None:
    """A file whose name has bytes that are not UTF-8 is sent under a name that a request can have."""
    file = tmp_path / os.fsdecode(b"j\xe4nner.csv")
    file.write_text("id\n1\n")
    sent = started(call)("run", "flights", str(file)).requests[0]
    assert sent.url.params["filename"] == "j?nner.csv"


def test_large_and_several_files_are_uploaded(call: Caller, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file above the limit, and several, are uploaded, and the run starts with their names in order."""
    started(call)
    names = iter("abc")

    def opened(request: httpx.Request) -> Any:
        return {"input": f"uploads/{next(names)}", "url": "", "headers": {}, "most_bytes": 100}

    puts = {f"PUT /api/inputs/{name}": httpx.Response(201, json={}) for name in "abc"}
    call.answers = {**call.answers, "POST /api/inputs": opened, **puts}
    started_with = [one for one in call("run", "flights", file, file).requests if one.url.path.endswith("flights")]
    assert json.loads(started_with[0].content)["input"] == ["uploads/a", "uploads/b"]
    monkeypatch.setattr(run_command, "MOST_INLINE", 3)
    done = call("run", "flights", file)
    assert [one.method for one in done.requests[:3]] == ["POST", "PUT", "POST"]
    assert done.requests[1].content == b"id\n1\n"
    assert json.loads(done.requests[2].content)["input"] == "uploads/c"


def test_an_app_without_uploads_says_what_to_do(call: Caller, file: str) -> None:
    """Where the app has no route for uploads, the error names the inputs location."""
    done = started(call)("run", "flights", file, file)
    assert done.code == 2
    assert "--input NAME" in done.err


def test_standard_input_is_a_file(call: Caller) -> None:
    """`-` is standard input, which has no name, so that its content tells the format."""
    sent = started(call)("run", "flights", "-", stdin=b"id\n2\n").requests[0]
    assert sent.content == b"id\n2\n"
    assert "filename" not in sent.url.params


def test_without_watching_the_id_is_printed(call: Caller, file: str) -> None:
    """--no-watch prints the id alone, for scripts."""
    done = started(call)("run", "flights", file, "--no-watch")
    assert (done.out, len(done.requests)) == (f"{RUN}\n", 1)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "--input PATH"),
        (("none.csv",), "not a file"),
        (("FILE", "--input", "x"), "--input PATH"),
        (("FILE", "-o", "plan"), "NAME=VALUE"),
        (("FILE", "-p", "a=1", "-p", "a=2"), "twice"),
        (("FILE", "--key", "Jänner"), "printable ASCII"),
        (("FILE", "--key", ""), "printable ASCII"),
        (("FILE", "--key", " k"), "printable ASCII"),
    ],
)
def test_a_wrong_call_is_2(call: Caller, file: str, arguments: tuple[str, ...], text: str) -> None:
    """A call that cannot be meant ends with 2, says why, and sends nothing."""
    done = call("run", "flights", *[file if one == "FILE" else one for one in arguments])
    assert done.code == 2
    assert text in done.err
    assert done.requests == []


def test_a_refused_start_shows_the_problem(call: Caller, file: str) -> None:
    """A refused start shows detail and members of the problem, as JSON if asked."""
    call.answers = {START: problem(400, "carrier is missing", field="carrier", columns=["a"])}
    assert "carrier is missing" in call("run", "flights", file).err
    told = json.loads(call("run", "flights", file, "--json").err)
    assert (told["exit_code"], told["problem"]["field"], told["problem"]["columns"]) == (2, "carrier", ["a"])


def test_ctrl_c_leaves_the_run_alone(call: Caller, file: str) -> None:
    """Ctrl-C while watching ends with 130, cancels nothing, and says how to come back."""

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    started(call, shown("storing", custom=custom("storing", 1))).on_sleep = interrupt
    done = call("run", "flights", file)
    assert done.code == 130
    assert f"outlast watch {RUN}" in done.err
    assert [one.method for one in done.requests] == ["POST", "GET"]


def test_the_limit_of_a_start_is_the_apps() -> None:
    """A file goes with the start up to the app's own limit, and a key is as long as the app's at most."""
    from outlast.http.body_size import MAX_INLINE
    from outlast.http.start_once import LONGEST_KEY

    assert (starting.MOST_INLINE, starting.LONGEST_KEY) == (MAX_INLINE, LONGEST_KEY)
