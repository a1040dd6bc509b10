import pytest

from outlast.runs import email_log
from outlast.runs.email_log import (
    BUSY_SECONDS,
    MOST_SINGLES,
    EmailLog,
    Turn,
    collect,
    digest_done,
    digest_left,
    single_done,
    take_turn,
)

LEASE = 240.0
BEGIN = 1_000_000.0


def fill(log: EmailLog, now: float = BEGIN) -> EmailLog:
    """The log after as many emails as a window has."""
    for number in range(MOST_SINGLES):
        log, turn, _ = take_turn(log, f"single{number}", now, LEASE)
        assert turn is Turn.SINGLE
    return log


def overflow(*entries: str) -> EmailLog:
    """The log after the window when these entries have waited."""
    log = fill(EmailLog())
    for entry in entries:
        log, turn, wait = take_turn(log, entry, BEGIN + 20, LEASE)
        assert (turn, wait) == (Turn.WAIT, 42.0)
    return log


AFTER = BEGIN + 61


def test_ten_runs_in_a_minute_get_an_email_each() -> None:
    """The eleventh waits for the end of the minute that began with the first."""
    log = fill(EmailLog())
    assert take_turn(log, "late", BEGIN + 59.5, LEASE)[1:] == (Turn.WAIT, 2.5)


def test_a_timer_that_fires_early_costs_no_second_wait() -> None:
    """A durable timer fires up to a second early, and the window is over all the same when the run asks again."""
    log, _, wait = take_turn(fill(EmailLog()), "late", BEGIN + 59.99, LEASE)
    assert take_turn(log, "late", BEGIN + 59.99 + wait - 1.0, LEASE).turn is Turn.COLLECT


def test_a_quiet_minute_begins_a_new_one() -> None:
    """Where nobody has waited, ten more runs get an email each."""
    assert fill(fill(EmailLog()), BEGIN + 600).sent == MOST_SINGLES


def test_those_that_wait_are_collected_by_the_first_call_after_the_minute() -> None:
    """One digest names all of them, and a later call finds that it is being sent."""
    log = overflow("a", "b")
    assert take_turn(log, "a", AFTER, LEASE).turn is Turn.COLLECT
    log, turn, _ = collect(log, "a", ["b", "a", "c"], AFTER, LEASE)
    assert turn is Turn.DIGEST
    digest = log.open_digest()
    assert digest is not None
    assert digest.entries == ["a", "b", "c"]
    assert take_turn(log, "b", AFTER, LEASE)[1:] == (Turn.WAIT, BUSY_SECONDS)
    log = digest_done(log, digest.key)
    assert [take_turn(log, entry, AFTER, LEASE).turn for entry in "abc"] == [Turn.NAMED] * 3


def test_who_has_an_email_of_its_own_is_in_no_digest() -> None:
    """An email that is being sent, or was sent moments ago, can still be pending in a replica."""
    log = single_done(overflow("a", "b"), "single1", BEGIN + 1)
    log, _, _ = collect(log, "a", ["single0", "single1", "b"], AFTER, LEASE)
    digest = log.open_digest()
    assert digest is not None
    assert digest.entries == ["a", "b"]


def test_who_was_named_is_not_named_again() -> None:
    """The entries of a digest are remembered until their emails are pending no more."""
    log, _, _ = collect(overflow("a", "b"), "a", ["b"], AFTER, LEASE)
    digest = log.open_digest()
    assert digest is not None
    log = fill(digest_done(log, digest.key), AFTER + 60)
    log = take_turn(log, "c", AFTER + 61, LEASE).log
    log, _, _ = collect(log, "c", ["a", "c", "d"], AFTER + 121, LEASE)
    digest = log.open_digest()
    assert digest is not None
    assert (digest.entries, log.named) == (["c", "d"], ["a"])


def test_one_that_waits_alone_gets_an_email_of_its_own() -> None:
    """A digest of one run is no digest."""
    log, turn, _ = collect(overflow("a"), "a", ["a", "single0"], AFTER, LEASE)
    assert (turn, log.digest, log.singles["a"]) == (Turn.SINGLE, None, 0.0)


def test_of_two_collections_at_once_one_counts() -> None:
    """The one that comes second finds the digest of the first, with itself in it or to wait for."""
    log, _, _ = collect(overflow("a", "b"), "a", ["b"], AFTER, LEASE)
    assert collect(log, "b", ["a"], AFTER, LEASE)[1:] == (Turn.WAIT, BUSY_SECONDS)
    assert take_turn(log, "new", AFTER, LEASE).turn is Turn.SINGLE


@pytest.mark.parametrize(("after", "turn"), [(LEASE - 1, Turn.WAIT), (LEASE, Turn.DIGEST)])
def test_the_digest_of_a_dead_call_is_taken_over(after: float, turn: Turn) -> None:
    """Behind its lease a call that claimed the digest is surely dead; whoever comes next sends the same digest."""
    log, _, _ = collect(overflow("a", "b"), "a", ["b"], AFTER, LEASE)
    taken = take_turn(log, "b", AFTER + after, LEASE)
    assert taken.turn is turn
    digest, before = taken.log.open_digest(), log.open_digest()
    assert digest is not None
    assert before is not None
    assert (digest.key, digest.entries) == (before.key, before.entries)


def test_a_digest_that_was_not_sent_is_taken_over_at_once() -> None:
    """A call that failed gives the digest back."""
    log, _, _ = collect(overflow("a", "b"), "a", ["b"], AFTER, LEASE)
    digest = log.open_digest()
    assert digest is not None
    assert take_turn(digest_left(log, digest.key), "z", AFTER, LEASE).turn is Turn.DIGEST
    assert digest_left(log, "another") == digest_done(log, "another") == log


def test_an_email_that_may_not_have_been_sent_is_sent_again() -> None:
    """A call that died leaves its entry with an email of its own, beyond the limit too."""
    log = fill(EmailLog())
    assert take_turn(log, "single3", BEGIN + 500, LEASE).turn is Turn.SINGLE


def test_an_email_that_was_sent_is_not_sent_again_for_a_stale_record() -> None:
    """A replica that still shows the email as pending does not bring about a second one."""
    log = single_done(fill(EmailLog()), "single3", BEGIN + 1)
    assert take_turn(log, "single3", BEGIN + 5, LEASE).turn is Turn.NAMED


def test_a_digest_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those beyond it are in the digest of the next minute."""
    monkeypatch.setattr(email_log, "MOST_NAMED", 2)
    log, _, _ = collect(overflow("a", "b", "c"), "a", ["b", "c"], AFTER, LEASE)
    digest = log.open_digest()
    assert digest is not None
    assert (digest.entries, log.waiting) == (["a", "b"], True)
    log = digest_done(log, digest.key)
    assert take_turn(log, "c", AFTER + 61, LEASE).turn is Turn.COLLECT


def test_the_log_stays_small() -> None:
    """Entries that are done long ago, or pending no more, are forgotten."""
    log = fill(EmailLog())
    for number in range(MOST_SINGLES):
        log = single_done(log, f"single{number}", BEGIN + 1)
    log = take_turn(log, "later", BEGIN + 1000, LEASE).log
    assert list(log.singles) == ["later"]
    assert EmailLog.from_dict(log.to_dict()) == log


def test_a_failure_of_a_later_attempt_is_told_again() -> None:
    """An entry is a run in one attempt, so what was said about the attempt before does not count."""
    log = EmailLog(named=["r1:1"])
    assert take_turn(log, "r1:1", BEGIN, LEASE).turn is Turn.NAMED
    assert take_turn(log, "r1:2", BEGIN, LEASE).turn is Turn.SINGLE
