import httpx

from tests.unit.outlast_cli.calling import Caller

RED = {"ok": False, "problem": "no usable answer (OSError)", "help": "Check COSMOS_ENDPOINT."}


def test_a_healthy_app_is_0(call: Caller) -> None:
    """A green answer shows each check and ends with 0; a warning is no failure."""
    checks = {"database": {"ok": True}, "runs": {"ok": True, "warning": "3 open runs", "help": "See docs."}}
    call.answers = {"GET /api/health": {"status": "ok", "checks": checks}}
    done = call("health")
    assert done.code == 0
    assert done.out == "database\tok\t\nruns\twarning\t3 open runs. See docs.\n"


def test_a_red_check_is_1(call: Caller) -> None:
    """A red answer, which has the status 503, shows what to do and ends with 1."""
    body = {"status": "failing", "checks": {"database": RED}}
    call.answers = {"GET /api/health": httpx.Response(503, json=body)}
    done = call("health")
    assert done.code == 1
    assert "failing\tno usable answer (OSError). Check COSMOS_ENDPOINT." in done.out
    assert call("health", "--json").json == body


def test_a_problem_may_come_without_help(call: Caller) -> None:
    """A problem that says itself what to do is shown alone."""
    checks = {"database": {"ok": False, "problem": "name the container's key"}}
    call.answers = {"GET /api/health": httpx.Response(503, json={"status": "failing", "checks": checks})}
    assert call("health").out == "database\tfailing\tname the container's key\n"


def test_another_app_is_told(call: Caller) -> None:
    """An answer with another status is an error."""
    call.answers = {"GET /api/health": httpx.Response(404)}
    assert call("health").code == 5
