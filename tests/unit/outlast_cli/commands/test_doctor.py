from email.utils import formatdate
from typing import Any

import httpx

from outlast_cli.profiles import Profile, Profiles
from tests.unit.outlast_cli.calling import Caller

NOW = 1_700_000_000
GREEN = {"status": "ok", "checks": {"database": {"ok": True}}}


def health(seconds: int = 0, body: Any = GREEN) -> httpx.Response:
    return httpx.Response(200, json=body, headers={"Date": formatdate(NOW + seconds, usegmt=True)})


def wrong(done: Any) -> list[str]:
    return [one["check"] for one in done.json["checks"] if not one["ok"]]


def test_all_is_well(call: Caller) -> None:
    """With address, key and clock in order every check is ok and the code is 0."""
    call.answers = {"GET /api/health": health(), "GET /api/reports": {"reports": [{}]}}
    done = call("doctor", "--json")
    assert (done.code, wrong(done)) == (0, [])
    assert {"command", "address", "app", "clock", "health", "key"} <= {one["check"] for one in done.json["checks"]}


def test_a_wrong_clock_and_a_wrong_key_are_found(call: Caller) -> None:
    """A clock that is off by minutes and a key that is refused are wrong, each with what helps."""
    call.answers = {"GET /api/health": health(300), "GET /api/reports": httpx.Response(401)}
    done = call("doctor")
    assert done.code == 1
    assert "clock\twrong\t-300 s against the app\tSet the clock of this machine." in done.out
    assert "key\twrong\t" in done.out
    assert "outlast login URL" in done.out


def test_without_an_address_nothing_else_is_checked(call: Caller) -> None:
    """Without a profile the address is wrong, and no call is made."""
    call.keep(Profiles())
    done = call("doctor", "--json")
    assert (done.code, wrong(done), done.requests) == (1, ["address"], [])


def test_an_app_that_is_not_there_is_found(call: Caller) -> None:
    """An address at which nothing answers, or something else, is told as such."""
    call.answers = {"GET /api/health": httpx.ConnectError("refused")}
    assert wrong(call("doctor", "--json")) == ["app"]
    call.answers = {"GET /api/health": httpx.Response(200, text="<html>")}
    assert "health" in wrong(call("doctor", "--json"))


def test_a_missing_key_is_told(call: Caller) -> None:
    """A profile whose key is nowhere is told, and no call is made with it."""
    call.keep(Profiles(current="a", named={"a": Profile(url="https://app.example.com")}))
    call.answers = {"GET /api/health": health()}
    assert wrong(call("doctor", "--json")) == ["key"]
