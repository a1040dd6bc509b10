"""RegexMatch has a limit of time."""

import threading
import time

import orjson
import pytest

from local.cosmos.errors import CosmosError
from local.cosmos.query.regex_match import RegexMatch
from tests.unit.local.cosmos.emulating import Emulated


def test_a_pattern_that_takes_too_long_is_refused() -> None:
    """A pattern that would search for years gets 400 with its text after the time for a page."""
    emulated = Emulated(throughput=1_000_000)
    for at in range(5):
        emulated.item("POST", "a", body={"id": str(at), "pk": "a", "v": "a" * (21 + 10 * at) + "b"})
    began = time.monotonic()
    response = emulated.query("SELECT * FROM c WHERE RegexMatch(c.v, '^(a+)+$')")
    assert (response.status, b"(a+)+" in response.body) == (400, True)
    assert time.monotonic() - began < 5
    quick = emulated.query("SELECT VALUE c.id FROM c WHERE RegexMatch(c.v, '^a{31}B$', 'i')")
    assert orjson.loads(quick.body)["Documents"] == ["1"]


def test_the_time_of_a_pattern_is_for_all_documents() -> None:
    """The matches of one call share its time."""
    match = RegexMatch(0.05)
    tries = (match("a" * 14 + "b", "^(a+)+$") for _ in range(10_000))
    with pytest.raises(CosmosError, match="took longer"):
        any(tries)
    with pytest.raises(CosmosError, match="took longer"):
        match("a", "a")


def test_other_threads_match_without_a_limit() -> None:
    """A thread that gets no signals can match."""
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(RegexMatch()("abc", "B", "i")))
    thread.start()
    thread.join()
    assert found == [True]
