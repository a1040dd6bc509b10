"""Many runs that fail at once: emails of their own, then a digest, whatever is killed or lost meanwhile."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.send_email import SendEmail
from outlast.calls import RunChange
from outlast.errors import Transient
from outlast.links import Links
from outlast.mail import Email
from outlast.models import Failure
from outlast.runs.email_log import MOST_SINGLES
from outlast.runs.email_turns import EmailTurns
from outlast.runs.emails import Emails
from outlast.runs.transitions import Event, apply
from outlast.staging.input import InputFiles
from outlast.staging.reject_files import RejectFiles
from outlast.staging.store import Staging
from tests.fakes.app_documents import FakeAppDocuments
from tests.fakes.clock import START
from tests.fakes.mailer import FakeMailer
from tests.fakes.records import make_record
from tests.fakes.runs import FakeRuns
from tests.fakes.world import World
from tests.simulation.virtual_time import run_virtually

LEASE = 240.0
MEMORY = Staging("memory:///")
FAILURE = Failure("generate_report", 3, "1 of 5 rows\nwere rejected").to_dict()


class Killed(BaseException):
    """The process dies, so that nothing of the call runs any more."""


@dataclass(slots=True)
class Dice:
    """Kills or fails at a boundary, with this chance."""

    random: random.Random
    chance: float

    def meet(self) -> None:
        if self.random.random() < self.chance:
            raise self.random.choice([Killed(), Transient("no answer")])


@dataclass(slots=True)
class TimedMailer(FakeMailer):
    """Meets the dice before and after an email is taken, and notes when that was."""

    dice: Dice = field(default_factory=lambda: Dice(random.Random(0), 0.0))
    times: list[float] = field(default_factory=list)

    async def send(self, email: Email) -> None:
        self.dice.meet()
        await asyncio.sleep(0)
        await FakeMailer.send(self, email)
        self.times.append(asyncio.get_running_loop().time())
        self.dice.meet()


def now() -> datetime:
    """The time of the virtual loop."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


class Office:
    """Failed runs whose compensations all send their email, again until it is done, as the engine and the sweep do."""

    def __init__(self, runs: int, seed: int = 0, chance: float = 0.0) -> None:
        self.random = random.Random(seed)
        dice = Dice(self.random, chance)
        self.mailer = TimedMailer(dice=dice)
        self.runs = FakeRuns(now, when_read=dice.meet, before_write=dice.meet)
        documents = FakeAppDocuments(when_read=dice.meet, before_write=dice.meet, when_written=dice.meet)
        turns = EmailTurns(documents, self.runs, "", now, LEASE)
        self.step = SendEmail(
            self.runs, self.mailer, turns, Emails(Links("", "", 14, now)), RejectFiles(InputFiles(MEMORY, MEMORY))
        ).send_email
        self.names = [f"run{number:04}." for number in range(runs)]

    def work(self, spread: float = 0.0) -> None:
        """Fail every run, `spread` seconds one after another, and drive all compensations to their end."""

        async def all_of_them() -> None:
            await asyncio.gather(*(self.fail(name, n * spread) for n, name in enumerate(self.names)))

        run_virtually(all_of_them())

    async def fail(self, run: str, delay: float) -> None:
        await asyncio.sleep(delay)
        await self.runs.create(make_record(id=run, state="failing", failure=FAILURE, pending=["email"]))
        while self.runs.records[run].status.pending:
            try:
                await asyncio.sleep(max(0.0, await self._compensate(run) - self.random.random()))
            except (Killed, Transient):
                await asyncio.sleep(self.random.choice([5.0, 130.0, 400.0]))

    async def _compensate(self, run: str) -> float:
        answer = await self.step({"run": run, "attempt": 1})
        if not answer["wait"]:
            change = RunChange(run, 1, Event.FINISH_STEP, step="email")
            await self.runs.change(run, lambda record: apply(record, change))
        return float(answer["wait"])

    def about(self, run: str) -> list[Email]:
        return [email for email in self.mailer.emails if run in email.text]


def test_a_thousand_failed_runs_are_ten_emails_and_a_digest() -> None:
    """Each run is named in exactly one email, all within about a minute."""
    office = Office(1000)
    office.work()
    assert [len(office.about(run)) for run in office.names] == [1] * 1000
    assert len(office.mailer.emails) == MOST_SINGLES + 1
    assert office.mailer.times[-1] - office.mailer.times[0] < 65
    assert office.mailer.emails[-1].subject == "990 runs failed: sales (990)"


@pytest.mark.parametrize(("runs", "spread", "emails"), [(10, 0.0, 10), (11, 0.0, 11), (12, 0.0, 11), (30, 60.0, 30)])
def test_few_failed_runs_are_an_email_each(runs: int, spread: float, emails: int) -> None:
    """A digest is sent only where more than ten runs fail in a minute, and never about one run alone."""
    office = Office(runs)
    office.work(spread)
    assert len(office.mailer.emails) == emails
    assert [len(office.about(run)) for run in office.names] == [1] * runs


def test_runs_that_go_on_failing_are_a_digest_a_minute() -> None:
    """At most ten emails are sent in each minute that begins with the first of them, and each run is in one email."""
    office = Office(1200)
    office.work(spread=0.5)
    assert [len(office.about(run)) for run in office.names] == [1] * 1200
    per_minute = Counter(int((time - office.mailer.times[0]) // 60) for time in office.mailer.times)
    assert max(per_minute.values()) <= MOST_SINGLES + 2


@pytest.mark.parametrize("seed", range(150))
def test_whatever_is_killed_no_run_is_lost_or_named_twice(seed: int) -> None:
    """Behind any kill or lost answer each run is named under one key, so that an email sent again can be recognised."""
    dice = random.Random(seed)
    office = Office(dice.randrange(5, 60), seed, dice.choice([0.01, 0.05, 0.15]))
    office.work(spread=dice.choice([0.0, 0.5, 5.0]))
    keys = {run: {email.key for email in office.about(run)} for run in office.names}
    assert {run: found for run, found in keys.items() if len(found) != 1} == {}


def test_the_digest_says_of_each_run_what_its_own_email_would_say() -> None:
    """Report, run, attempt, step, chunk, the reason on one line, and what was written."""
    office = Office(12)
    office.work()
    text: Any = office.mailer.emails[-1].text
    assert "sales failed\n  Run: run0011. (attempt 1, accepted 2026-01-01T00:00:00+00:00)\n" in text
    assert "  Step: generate_report, chunk 3\n  Reason: 1 of 5 rows were rejected\n  Written: nothing\n" in text
    assert office.mailer.emails[-1].key.startswith("digest:")


def test_a_digest_waits_for_a_throttled_mail_service() -> None:
    """The digest is given back, and a later call sends it."""
    office = Office(30)

    async def throttled() -> None:
        await asyncio.sleep(50)
        office.mailer.throttle_for = 90.0
        await asyncio.sleep(100)
        office.mailer.throttle_for = 0.0

    async def both() -> None:
        await asyncio.gather(throttled(), *(office.fail(name, 0.0) for name in office.names))

    run_virtually(both())
    assert [len(office.about(run)) for run in office.names] == [1] * 30


def test_a_later_run_of_the_same_id_has_an_email_of_its_own() -> None:
    """The key of a removed run starts a run of its id, whose failure is another one however soon it comes."""
    world = World()

    async def fail() -> None:
        await world.accept(b"", state="failing", pending=["email"])
        await world.call("send_email")
        del world.runs.records["r1"]
        world.clock.advance(1)

    for _ in range(2):
        asyncio.run(fail())
    assert len(world.mailer.emails) == 2
