"""The query parameters of the management API."""

import pytest

from local.host.http import management_query as query
from local.host.http.reply import Request
from local.host.http.routes import query_of


def asking(text: str) -> Request:
    """Return a request with this query string."""
    return Request(method="GET", origin="", path="/", query_text=text, query=query_of(text), headers={}, body=b"")


@pytest.mark.parametrize(("text", "value"), [("a=True", True), ("A=%20false", False), ("a=1", None), ("b=true", None)])
def test_a_flag_is_true_false_or_nothing(text: str, value: bool | None) -> None:
    """A flag is true or false in any case under a name in any case, and any other value counts as missing."""
    assert query.flag(asking(text), "a") is value


@pytest.mark.parametrize(
    ("text", "states"),
    [
        ("runtimeStatus=Completed,%20Failed", ["Completed", "Failed"]),
        ("runtimestatus=1&runtimeStatus=Pending", ["Completed", "Pending"]),
        ("runtimeStatus=completed,Bogus", []),
    ],
)
def test_states_are_asked_for_by_name_or_number(text: str, states: list[str]) -> None:
    """Several states are read by name or number with blanks between, and their case matters, as on the Azure host."""
    assert query.statuses(asking(text)) == states


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("t=2026-01-31", "2026-01-31T00:00:00.000000Z"),
        ("t=2026-01-31T10:00:00+02:00", "2026-01-31T08:00:00.000000Z"),
        ("t=2026-01-31T10:00:00.1234567Z", "2026-01-31T10:00:00.123456Z"),
        ("t=2026-01-31 10:00:00", "2026-01-31T10:00:00.000000Z"),
        ("t=soon", None),
        ("", None),
    ],
)
def test_a_time_is_read_however_it_is_written(text: str, kept: str | None) -> None:
    """A time is read in each ISO form, also with a blank in place of the plus sign, and any other text counts as
    missing."""
    assert query.time(asking(text), "t") == kept


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("timeout=5&pollingInterval=0.5", (5, 0.5)),
        ("timeout=5", None),
        ("pollingInterval=1", None),
        ("timeout=x", None),
    ],
)
def test_a_start_waits_when_both_times_are_said(text: str, wait: tuple[float, float] | None) -> None:
    """A start waits only if it has both a timeout and a polling interval."""
    assert query.waiting(asking(text)) == wait


def test_an_interval_above_the_timeout_is_refused() -> None:
    """An interval above the timeout is refused with the Azure host's words."""
    with pytest.raises(query.Unsuitable, match="Total timeout 1 should be bigger than retry timeout 5"):
        query.waiting(asking("timeout=1&pollingInterval=5"))


@pytest.mark.parametrize(("token", "last"), [(query.token("ünï"), "ünï"), ("!!", ""), (None, "")])
def test_a_token_leads_back_to_where_the_page_ended(token: str | None, last: str) -> None:
    """A token gives the id at which its page ended, and an invalid token begins with the first page."""
    assert query.last_seen(token) == last


def test_a_token_ends_with_a_blank() -> None:
    """A token ends with a blank, as on the Azure host."""
    assert query.token("abc") == "YWJj "
