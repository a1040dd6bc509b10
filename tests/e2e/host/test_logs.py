"""What the functions of an app log, and what of it arrives."""

from pathlib import Path

import pytest

from tests.e2e.host.hosting import Hosted, hosted

CALL = "Function.logs.User Information: from the call"
LIBRARY = "Function.logs.User Information: from a library"
THREAD = "Function.logs.User Warning: from a thread with the id"
BROKEN = "Function.logs.User Warning: '%d is no argument for it' (not formatted: TypeError)"


def logged(host: Hosted) -> list[str]:
    """Return the lines of the log after one call of the activity that logs."""
    host.result("one", ["logs", None])
    return host.log().splitlines()


def test_by_default_warnings_of_functions_are_shown(tmp_path: Path) -> None:
    """By default the log shows warnings of functions, and neither lower records nor lines about calls."""
    with hosted(tmp_path) as host:
        lines = logged(host)
    assert [line for line in lines if line.startswith("Function.")] == [THREAD, BROKEN]


def test_on_request_everything_from_information_on_is_shown(tmp_path: Path) -> None:
    """At level information the log shows each call and all records from INFO on, those of libraries too."""
    with hosted(tmp_path, "--log-level", "information") as host:
        lines = [line for line in logged(host) if line.startswith("Function.logs")]
    executing, *records, executed = lines
    assert records == [CALL, LIBRARY, THREAD, BROKEN]
    identity = executing.partition("Id=")[2].rstrip(")")
    assert executing.startswith("Function.logs Information: Executing 'Functions.logs' (Reason='(null)', Id=")
    assert executed.startswith("Function.logs Information: Executed 'Functions.logs' (Succeeded, Id=" + identity)


def test_a_failed_call_is_an_error_in_the_log(tmp_path: Path) -> None:
    """The host's line about a call that raised has the level Error."""
    with hosted(tmp_path, "--log-level", "information") as host:
        host.result("one", ["mend", None])
        assert "Function.mend Error: Executed 'Functions.mend' (Failed, Id=" in host.log()


def test_a_record_without_a_call_does_not_arrive(tmp_path: Path) -> None:
    """A record of a thread without the call's id is dropped, as on Azure, and the host says so once."""
    with hosted(tmp_path, "--log-level", "information") as host:
        logged(host)
        logged(host)
        said = host.log()
    assert "from a thread without the id" not in said
    assert said.count("belongs to no running call") == 1


@pytest.mark.parametrize("level", ["none", "critical"])
def test_a_higher_level_shows_less(level: str, tmp_path: Path) -> None:
    """At a level above warning the log shows no warnings of functions."""
    with hosted(tmp_path, "--log-level", level) as host:
        assert not [line for line in logged(host) if line.startswith("Function.")]
