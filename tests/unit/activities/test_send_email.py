import asyncio
from typing import Any

import orjson
import pytest

from outlast.calls import SendAnswer
from outlast.errors import Permanent, Transient
from outlast.links import Links
from outlast.mail import Email
from outlast.models import Failure, Json, Totals
from outlast.runs.emails import Emails
from outlast.runs.record import RunRecord
from tests.fakes.clock import START
from tests.fakes.records import altered, make_record
from tests.fakes.runs import FakeRuns
from tests.fakes.world import World

RECORD = make_record(
    filename="s3cret-customer.csv",
    parameters={"customer": "s3cret"},
    state="failing",
    failure=Failure("store_data_to_db", 7, "the container sales does not exist").to_dict(),
)

NO_LINKS = Links("", "", 14, START.astimezone)


def write(**changes: Any) -> Email:
    return Emails(NO_LINKS).one(altered(RECORD, **changes))


def counted(**totals: float) -> Json:
    return Totals(**totals).to_dict()  # type: ignore[arg-type]  # ints are floats to the checker


def line(text: str, name: str) -> str:
    """Return the text after a name in the email."""
    (found,) = (row for row in text.splitlines() if row.startswith(f"{name}:"))
    return found.partition(":")[2].strip()


def send(world: World, **changes: Any) -> None:
    async def run() -> None:
        await world.accept(b"", state="failing", failure=RECORD.result.failure, pending=["email"])
        world.runs.set("r1", **changes)
        assert await world.call("send_email") == SendAnswer(True).to_dict()

    asyncio.run(run())


def test_the_email_says_which_run_failed_where_and_why() -> None:
    """The email has the report, the run with attempt and time, the step with its chunk, and the reason."""
    sent = write()
    assert sent.subject == "Report sales failed: run r1"
    assert line(sent.text, "Run") == "r1 (attempt 1, accepted 2026-01-01T00:00:00+00:00)"
    assert line(sent.text, "Step") == "store_data_to_db, chunk 7"
    assert line(sent.text, "Reason") == "the container sales does not exist"


def test_a_run_that_has_a_receipt_sends_it_along() -> None:
    """The email has the receipt as it is in the record, where the run came as far as having one."""
    receipt = {"run": "r1", "rows_read": 7}
    assert orjson.loads(write(receipt=receipt).text.partition("Receipt:")[2]) == receipt
    assert "Receipt" not in write().text


def test_a_step_without_a_chunk_is_named_alone() -> None:
    """A step without a chunk stands alone in the email."""
    assert line(write(failure=Failure("read_input_file", None, "x").to_dict()).text, "Step") == "read_input_file"


STAY = "documents, which stay: the report's mode is upsert"


UNKNOWN = f"an unknown number of {STAY}"
STORED = counted(rows=9, documents=9, sends=3)


@pytest.mark.parametrize(
    ("step", "chunk", "totals", "written"),
    [
        ("store_data_to_db", None, STORED, f"9 {STAY}"),
        ("publish_report", None, STORED, f"9 {STAY}"),
        ("publish_report", None, counted(rows=9, documents=9), f"0 {STAY}"),
        ("store_data_to_db", 3, counted(rows=9, documents=4, sends=3), f"at least 4 {STAY}"),
        ("store_data_to_db", 3, counted(rows=9, documents=9), UNKNOWN),
        ("run_lane", None, counted(rows=9), UNKNOWN),
        ("run_wave", None, STORED, f"at least 9 {STAY}"),
        ("import_report", None, STORED, f"at least 9 {STAY}"),
        ("import_report", None, None, UNKNOWN),
        ("advance_run", None, STORED, f"at least 9 {STAY}"),
    ],
)
def test_the_email_says_how_much_was_written(step: str, chunk: int | None, totals: Json | None, written: str) -> None:
    """The number is exact only where every storing call has ended well; lanes that died, and runs that somebody
    terminated or purged, have written more than the record counts."""
    sent = write(totals=totals, failure=Failure(step, chunk, "x").to_dict(), wrote=True)
    assert line(sent.text, "Written") == written


@pytest.mark.parametrize("step", ["store_data_to_db", "publish_report", "read_input_file"])
def test_the_email_counts_no_attempt_before_the_last(step: str) -> None:
    """What an earlier attempt has written is in no count, so the number is a lower bound."""
    failure = Failure(step, None, "x").to_dict()
    assert line(write(totals=STORED, failure=failure, wrote=True, attempt=2).text, "Written") == f"at least 9 {STAY}"
    assert line(write(totals=counted(rows=9), failure=failure, wrote=True, attempt=2).text, "Written") == UNKNOWN


@pytest.mark.parametrize("step", ["read_input_file", "generate_report", "run_lane", "import_report"])
@pytest.mark.parametrize("attempt", [1, 2])
def test_a_run_that_never_began_to_store_has_written_nothing(step: str, attempt: int) -> None:
    """The record knows whether any attempt has come as far as storing."""
    sent = write(totals=counted(rows=9, documents=9), failure=Failure(step, None, "x").to_dict(), attempt=attempt)
    assert line(sent.text, "Written") == "nothing"


def test_the_email_says_where_the_rejects_are() -> None:
    """The email has the number of rejects and the way to list them."""
    sent = write(totals=counted(rows=9, rejected=2))
    assert line(sent.text, "Rejects") == "2 of 9 rows, listed at GET /api/runs/r1/rejects"


def test_the_email_says_what_to_do_about_rejects() -> None:
    """The next steps name the run, the command beside each address, and how many rows to leave out; a completed run
    that stays as it was is not redriven, and a mirror is started again."""
    totals = counted(rows=9, rejected=2)
    told = line(write(totals=totals).text, "What to do next")
    assert "POST /api/runs/r1/corrections, or with `outlast correct r1 rejects.csv`" in told
    assert "POST /api/runs/r1/redrive?tolerated_rejects=2, or `outlast redrive r1 --tolerated-rejects 2`" in told
    assert "redrive" not in line(write(totals=totals, was_completed=True).text, "What to do next")
    mirror = line(write(totals=totals, mode="mirror").text, "What to do next")
    assert ("start the report again" in mirror, "/api/runs" in mirror) == (True, False)


def test_the_email_says_what_to_do_next_where_no_row_is_to_blame() -> None:
    """The email of a run without rejects says that starting again doubles nothing."""
    sent = write(totals=counted(rows=9))
    assert line(sent.text, "Rejects") == "none"
    told = "POST /api/runs/r1/redrive, or `outlast redrive r1`, which does only what is missing"
    assert told in line(sent.text, "What to do next")


def test_no_row_name_or_parameter_of_the_caller_is_in_the_email() -> None:
    """An email holds no data of the caller, because it passes through many hands."""
    sent = write()
    assert "s3cret" not in sent.subject + sent.text


def test_a_failure_that_was_not_recorded_still_makes_a_email() -> None:
    """The email about a failure that was not recorded says so as its reason."""
    assert line(write(failure=None).text, "Reason") == "the reason was not recorded"


def test_a_email_is_the_same_each_time_it_is_sent() -> None:
    """A repeated email is the same and has the same key, which differs between attempts."""
    assert write() == write()
    assert write().key == "r1:1:failed"
    assert write(attempt=2).key != write().key


def test_the_email_of_a_failing_run_is_sent() -> None:
    """One call for a failing run sends one email."""
    world = World()
    send(world)
    assert [sent.key for sent in world.mailer.emails] == ["r1:1:failed"]


@pytest.mark.parametrize("changes", [{"state": "reading", "attempt": 2}, {"attempt": 2}])
def test_of_a_run_that_is_not_failing_nobody_is_told(changes: dict[str, Any]) -> None:
    """A call for a run that is in another attempt raises Permanent and sends nothing."""
    world = World()
    with pytest.raises(Permanent, match=r"belongs to failing or .* in attempt 1"):
        send(world, **changes)
    assert world.mailer.asked == 0


@pytest.mark.parametrize("state", ["failing", "failed", "cancelled"])
def test_what_is_not_pending_is_not_sent(state: str) -> None:
    """A call without a pending email sends nothing."""
    world = World()

    async def run() -> Json:
        await world.accept(b"", state=state, failure=RECORD.result.failure)
        answer: Json = await world.call("send_email")
        return answer

    assert asyncio.run(run()) == SendAnswer(False).to_dict()
    assert world.mailer.asked == 0


@pytest.mark.parametrize(("status", "kind"), [(500, Transient), (429, Transient), (401, Permanent)])
def test_what_the_mail_service_answers_is_passed_on(status: int, kind: type[Exception]) -> None:
    """An error of the mail service is raised unchanged."""
    world = World()
    world.mailer.answer_with([status])
    with pytest.raises(kind):
        send(world)


def test_a_limit_of_the_mail_service_is_waited_for() -> None:
    """The answer has the seconds that the mail service asks to wait."""
    world = World()

    async def run() -> Json:
        await world.accept(b"", state="failing", failure=RECORD.result.failure, pending=["email"])
        answer: Json = await world.call("send_email")
        return answer

    world.mailer.throttle_for = 90.0
    assert asyncio.run(run()) == {"sent": False, "wait": 90.0}


def test_what_was_sent_is_pending_no_more() -> None:
    """The email is taken out of the pending steps as soon as it is sent."""
    world = World()
    send(world, pending=["undo", "email"])
    assert world.runs.records["r1"].status.pending == ["undo"]


def test_an_email_whose_step_cannot_be_cleared_is_sent_all_the_same() -> None:
    """A call that cannot clear its step returns that the email was sent, so that it is not sent again."""

    class Away(FakeRuns):
        async def change(self, *_: Any, **__: Any) -> RunRecord:
            raise Transient("the database gave no answer")

    world, runs = World(), Away()

    async def run() -> Json:
        await runs.create(altered(RECORD, pending=["email"]))
        return await world.send_email(runs).send_email({"run": "r1", "attempt": 1})

    assert asyncio.run(run()) == SendAnswer(True).to_dict()
    assert len(world.mailer.emails) == 1


def test_what_is_pending_for_a_run_that_has_ended_is_done() -> None:
    """The pending email of a run that has ended is sent."""
    world = World()
    send(world, state="failed", pending=["email"])
    assert len(world.mailer.emails) == 1


@pytest.mark.parametrize(
    ("pending", "words"), [(["email"], "have been removed again"), (["undo", "email"], "still to be")]
)
def test_the_email_says_what_became_of_a_snapshot(pending: list[str], words: str) -> None:
    """Removed, or not yet; readers do not see it in either case."""
    sent = write(mode="snapshot", pending=pending, totals=STORED, wrote=True)
    assert words in line(sent.text, "Written")
