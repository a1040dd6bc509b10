"""Which failed runs get an email of their own, and which share a digest. No I/O, no clock.

In a window of a minute MOST_SINGLES runs get an email each. Later runs wait for the end of the window. The first call
after it collects every run whose email is pending, and one digest names them all. An entry is a run in one attempt;
each entry is named under one key, however often an email is sent again.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import NamedTuple

from outlast.models import Payload

WINDOW_SECONDS = 60.0
MOST_SINGLES = 10
MOST_NAMED = 1000
"""Entries of a digest. Those beyond are in the next one."""
EARLY_SECONDS = 2.0
"""Added to a wait for the end of a window: a durable timer fires up to a second early, and a run waits few times."""
BUSY_SECONDS = 30.0
"""Between two looks of a run that waits for a digest."""


class Turn(Enum):
    """What a call for the email of one entry does."""

    SINGLE = auto()
    """Send an email about this run alone."""
    COLLECT = auto()
    """Collect the runs that wait, then ask again with them."""
    DIGEST = auto()
    """Send the digest, then ask again."""
    NAMED = auto()
    """Nothing: an email that was sent names the run."""
    WAIT = auto()


@dataclass(frozen=True, slots=True)
class Digest(Payload):
    """A digest that is being sent by the call that has claimed it at this time, in Unix seconds; 0 is by none."""

    key: str
    entries: list[str]
    claimed: float


@dataclass(frozen=True, slots=True)
class EmailLog(Payload):
    """The state of all emails of the app. Times are Unix seconds.

    `opened` is the begin of the window, `sent` counts its emails, `waiting` says that a run has come too late for it.
    `singles` are the entries with an email of their own: 0.0 while it is being sent, later the time at which it was
    done. `named` are the entries of digests that were sent.
    """

    opened: float = 0.0
    sent: int = 0
    waiting: bool = False
    singles: dict[str, float] = field(default_factory=dict)
    digest: dict[str, object] | None = None
    named: list[str] = field(default_factory=list)

    def open_digest(self) -> Digest | None:
        return Digest.from_dict(self.digest) if self.digest is not None else None


class Taken(NamedTuple):
    """The log after a call has asked, what the call does, and for how many seconds it waits."""

    log: EmailLog
    turn: Turn
    wait: float = 0.0


def take_turn(log: EmailLog, entry: str, now: float, lease: float) -> Taken:
    """`lease`: seconds after which a call that has claimed the digest is surely dead."""
    done = log.singles.get(entry)
    if entry in log.named or done:
        return Taken(log, Turn.NAMED)
    if done == 0.0:
        return Taken(log, Turn.SINGLE)
    digest = log.open_digest()
    if digest is not None and now - digest.claimed >= lease:
        return Taken(replace(log, digest=replace(digest, claimed=now).to_dict()), Turn.DIGEST)
    if digest is not None and entry in digest.entries:
        return Taken(log, Turn.WAIT, BUSY_SECONDS)
    return _in_window(log, entry, now, lease)


def _in_window(log: EmailLog, entry: str, now: float, lease: float) -> Taken:
    over = now - log.opened >= WINDOW_SECONDS
    if over and log.waiting:
        return Taken(log, Turn.COLLECT) if log.digest is None else Taken(log, Turn.WAIT, BUSY_SECONDS)
    if over:
        log = replace(log, opened=now, sent=0)
    if log.sent < MOST_SINGLES:
        singles = {**_not_long_done(log, now, lease), entry: 0.0}
        return Taken(replace(log, sent=log.sent + 1, singles=singles), Turn.SINGLE)
    return Taken(replace(log, waiting=True), Turn.WAIT, log.opened + WINDOW_SECONDS + EARLY_SECONDS - now)


def collect(log: EmailLog, entry: str, pending: Sequence[str], now: float, lease: float) -> Taken:
    """Take the turn again, with the entries whose email is pending. Those that have an email or a digest are left."""
    taken = take_turn(log, entry, now, lease)
    if taken.turn is not Turn.COLLECT:
        return taken
    named = [one for one in log.named if one in set(pending)]
    singles = {one: done for one, done in _not_long_done(log, now, lease).items() if done or one in set(pending)}
    left = [one for one in dict.fromkeys([entry, *pending]) if one not in singles and one not in set(named)]
    after = replace(log, opened=now, sent=1, waiting=len(left) > MOST_NAMED, named=named, singles=singles)
    if len(left) == 1:
        return Taken(replace(after, singles={**singles, entry: 0.0}), Turn.SINGLE)
    digest = Digest(_key(left[:MOST_NAMED]), left[:MOST_NAMED], now)
    return Taken(replace(after, digest=digest.to_dict()), Turn.DIGEST)


def single_done(log: EmailLog, entry: str, now: float) -> EmailLog:
    """The entry stays for a while, because a replica may still show its email as pending."""
    return replace(log, singles={**log.singles, entry: now}) if entry in log.singles else log


def digest_done(log: EmailLog, key: str) -> EmailLog:
    """Every entry of the digest is named."""
    digest = log.open_digest()
    if digest is None or digest.key != key:
        return log
    return replace(log, digest=None, named=[*log.named, *digest.entries])


def digest_left(log: EmailLog, key: str) -> EmailLog:
    """Nobody is sending the digest any more; the next call takes it over."""
    digest = log.open_digest()
    if digest is None or digest.key != key:
        return log
    return replace(log, digest=replace(digest, claimed=0.0).to_dict())


def _not_long_done(log: EmailLog, now: float, lease: float) -> dict[str, float]:
    return {entry: done for entry, done in log.singles.items() if not done or now - done < lease}


def _key(entries: Collection[str]) -> str:
    return f"digest:{hashlib.sha256(' '.join(entries).encode()).hexdigest()[:32]}"
