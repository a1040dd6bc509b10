"""Commands that change a run: each asks for the one thing, then watches."""

import json
from pathlib import Path

import httpx
import pytest

from tests.unit.outlast_cli.calling import Caller, problem
from tests.unit.outlast_cli.shown import RUN, completed, record, shown

SHOW = f"GET /api/runs/{RUN}"


@pytest.mark.parametrize(
    ("arguments", "path", "query"),
    [
        (("approve", RUN), "approve", {}),
        (("redrive", RUN), "redrive", {}),
        (
            ("redrive", RUN, "--regenerate", "--tolerated-rejects", "3", "-o", "ru_share=0.5"),
            "redrive",
            {"regenerate": "true", "tolerated_rejects": "3", "ru_share": "0.5"},
        ),
        (("verify", RUN), "verify", {"level": "content"}),
        (("verify", RUN, "--level", "counts"), "verify", {"level": "counts"}),
    ],
)
def test_a_change_is_asked_for_and_watched(
    call: Caller, arguments: tuple[str, ...], path: str, query: dict[str, str]
) -> None:
    """The command sends one request with its options in the query and watches the run to its end."""
    call.answers = {f"POST /api/runs/{RUN}/{path}": {"run": record("queued")}, SHOW: [shown("queued"), completed()]}
    done = call(*arguments)
    assert (done.code, done.requests[0].method) == (0, "POST")
    assert dict(done.requests[0].url.params) == query
    assert done.out.startswith(f"{RUN}\tcompleted\n")


def test_without_watching_it_is_told_how_the_run_stands(call: Caller) -> None:
    """--no-watch asks for the change and shows the run once."""
    call.answers = {f"POST /api/runs/{RUN}/approve": {"run": record("queued")}, SHOW: shown("queued")}
    done = call("approve", RUN, "--no-watch")
    assert (done.code, done.out, len(done.requests)) == (0, f"{RUN}\tqueued\n", 2)


def test_a_change_that_is_not_allowed_is_6(call: Caller) -> None:
    """A change that the run's state does not allow ends with 6 and shows why."""
    call.answers = {f"POST /api/runs/{RUN}/approve": problem(409, "run a1 is storing", field="run")}
    done = call("approve", RUN)
    assert done.code == 6
    assert "run a1 is storing" in done.err


def test_a_difference_is_1(call: Caller) -> None:
    """A verification that finds a difference ends with 1, though the run is completed."""
    verified = {"level": "content", "documents": 12, "equal": 11, "different": 1, "missing": 0}
    call.answers = {f"POST /api/runs/{RUN}/verify": {"run": record("queued")}, SHOW: completed(verified=verified)}
    done = call("verify", RUN)
    assert done.code == 1
    assert "different  1" in done.out


def test_corrected_rows_are_sent(call: Caller, tmp_path: Path) -> None:
    """The corrected file is sent as CSV, and the run is watched."""
    file = tmp_path / "rejects.csv"
    file.write_text("row,id\n4,5\n")
    call.answers = {
        f"POST /api/runs/{RUN}/corrections": httpx.Response(202, json={"run": record("queued"), "rows": 1}),
        SHOW: completed(),
    }
    done = call("correct", RUN, str(file))
    assert done.code == 0
    assert (done.requests[0].content, done.requests[0].headers["content-type"]) == (b"row,id\n4,5\n", "text/csv")
    assert call("correct", RUN, str(tmp_path / "none.csv")).code == 2


def test_rows_that_were_corrected_before_are_told(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the command says how many rows are accepted and how many are passed over."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = tmp_path / "rejects.csv"
    file.write_text("row,id\n4,5\n")
    taken = {"run": record("queued"), "rows": 1, "corrected_before": 3}
    call.answers = {f"POST /api/runs/{RUN}/corrections": httpx.Response(202, json=taken), SHOW: completed()}
    assert "1 corrected rows are accepted. 3 were corrected before" in call("correct", RUN, str(file)).err


def test_the_newest_run_has_a_name(call: Caller) -> None:
    """`last` is the id of the newest run; without any run that is told."""
    call.answers = {
        "GET /api/runs": {"runs": [record()]},
        f"POST /api/runs/{RUN}/cancel": {"run": record("failing")},
    }
    assert call("cancel", "last").out == f"Run {RUN} is failing.\n"
    call.answers = {"GET /api/runs": {"runs": []}}
    assert call("cancel", "last").code == 5


def test_a_waiver_needs_a_reason(call: Caller) -> None:
    """A waiver sends its reason, and is refused without one."""
    call.answers = {f"POST /api/runs/{RUN}/waive": {"run": record("failed")}}
    assert dict(call("waive", RUN, "--reason", "gone").requests[0].url.params) == {"reason": "gone"}
    assert call("waive", RUN).code == 2


def test_a_removal_is_repeated_until_it_is_done(call: Caller) -> None:
    """A removal that needs more than one call is called until nothing is left; without --yes it is not begun."""
    more, all_gone = httpx.Response(202, json={"run": record()}), httpx.Response(204)
    call.answers = {f"DELETE /api/runs/{RUN}": [more, more, all_gone]}
    assert len(call("remove", RUN, "--yes").requests) == 3
    refused = call("remove", RUN)
    assert (refused.code, refused.requests) == (2, [])
    assert json.loads(call("remove", RUN, "-y", "--json").out) == {"removed": RUN}


GONE = problem(404, "there is no run a1")


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ([httpx.ReadTimeout("slow"), GONE], 0),
        ([httpx.Response(502), GONE], 0),
        ([httpx.Response(202, json={}), GONE], 0),
        ([httpx.Response(429), GONE], 5),
        ([GONE], 5),
    ],
)
def test_a_removal_whose_answer_is_lost_is_one(call: Caller, answers: list[object], code: int) -> None:
    """A run that is missing is removed if an earlier call may have removed it, and else there is no such run."""
    call.answers = {f"DELETE /api/runs/{RUN}": answers}
    done = call("remove", RUN, "--yes", "--json")
    assert (done.code, done.out) == (code, "" if code else f'{{"removed": "{RUN}"}}\n')
