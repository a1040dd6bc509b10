import asyncio
from collections.abc import Sequence

import pytest

from outlast.cosmos.bulk.back_off import ATTEMPTS
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.partition_queue import TARGET_BYTES
from outlast.cosmos.bulk.rate_controller import FIRST_OPERATIONS, RateControllers
from outlast.cosmos.bulk.sdk_transport import KeyRoute
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import BATCH_DOCUMENT_BYTES, CONNECTION_LOST, Result, Target
from outlast.cosmos.bulk.writer import IN_FLIGHT
from outlast.deadline import Deadline
from outlast.errors import Permanent, Transient
from tests.fakes.clock import ManualClock
from tests.fakes.transport import CHARGE, FakeTransport, Fault, lose, throttle
from tests.unit.outlast.cosmos.bulk.writing import CONTAINER, Bench, ids_of, let_pass, make_documents, open_writer


def test_every_document_is_written_once() -> None:
    """Without faults each document is sent once and counted once."""
    bench, documents = Bench(), make_documents(30, 150, 1)
    progress = bench.write(documents)
    assert (progress.acknowledged, progress.refused) == (181, [])
    assert bench.ids() == set(ids_of(documents))
    assert sorted(key for batch in bench.transport.sent for key in batch) == sorted(ids_of(documents))
    assert progress.totals.documents == 181
    assert progress.totals.replaced == 0
    assert progress.totals.bytes == sum(len(document.body) for document in documents)
    assert progress.totals.ru == 181 * CHARGE
    assert progress.totals.sends == len(bench.transport.sent) == 4


def test_nothing_to_write_sends_nothing() -> None:
    """A write without documents sends no request."""
    bench = Bench()
    assert bench.write([]).acknowledged == 0
    assert bench.transport.sent == []


def test_a_document_that_was_there_is_counted_as_replaced() -> None:
    """A second write of the same documents only changes the count of replaced ones."""
    bench, documents = Bench(), make_documents(5)
    bench.write(documents)
    assert bench.write(documents).totals.replaced == 5
    assert len(bench.ids()) == 5


def test_requests_are_limited_in_operations_and_bytes() -> None:
    """A request has at most 100 documents and about 220 KB, and a larger document goes alone."""
    bench = Bench()
    bench.write(make_documents(250, text="x" * 5000))
    assert max(len(batch) for batch in bench.transport.sent) == TARGET_BYTES // 5050
    bench.transport.sent.clear()
    bench.write(make_documents(3, text="x" * BATCH_DOCUMENT_BYTES))
    assert [len(batch) for batch in bench.transport.sent] == [1, 1, 1]


def test_a_few_requests_are_in_flight_at_once() -> None:
    """Exactly IN_FLIGHT requests are in flight when there is work for more."""
    bench = Bench()
    bench.write(make_documents(*[1] * 200))
    assert bench.transport.most_in_flight == IN_FLIGHT


def test_throttling_has_no_limit_but_the_deadline() -> None:
    """A write waits out hundreds of 429s in a row, each for as long as the database asks."""
    bench = Bench()
    bench.transport.meet([throttle(0.5)] * 300)
    progress = bench.write(make_documents(3))
    assert progress.acknowledged == 3
    assert progress.totals.throttled >= 300
    assert sum(bench.clock.slept) == pytest.approx(150, rel=0.03)


def test_a_throttled_batch_counts_once_against_the_rate() -> None:
    """A hundred operations of one batch that are throttled together lower the rate once, not a hundred times."""
    bench = Bench()
    bench.transport.meet([None, None, throttle(0.5)])
    bench.write(make_documents(1000))
    assert bench.clock() < 1003


def test_a_throttled_partition_does_not_hold_up_the_others() -> None:
    """A 429 of one partition delays no document of another."""
    bench, documents = Bench(), make_documents(1, 1, 1, 1)
    bench.transport.meet([throttle(30)])
    progress = bench.write(documents, seconds=20)
    assert len(bench.ids()) == 3
    assert progress.acknowledged == 0


@pytest.mark.parametrize("applied", [True, False])
def test_a_lost_answer_is_asked_for_again(applied: bool) -> None:
    """A document whose answer was lost is in the database once, whether or not the write was applied.

    It does not count as replaced, because the write itself may have been there before."""
    bench, documents = Bench(), make_documents(20)
    bench.transport.meet([lose(applied)])
    progress = bench.write(documents)
    assert (progress.acknowledged, len(bench.ids())) == (20, 20)
    assert progress.totals.replaced == 0
    assert bench.clock.slept == [pytest.approx(0.2)]


@pytest.mark.parametrize(
    "fault", [Fault(408), Fault(410, 1002), Fault(449), Fault(503), Fault(403, 3), Fault(404, 1002)]
)
def test_a_service_that_is_busy_or_moving_is_asked_again(fault: Fault) -> None:
    """A document is sent again after each of these statuses."""
    bench = Bench()
    bench.transport.meet([fault] * (ATTEMPTS - 1))
    assert bench.write(make_documents(5)).acknowledged == 5


def test_a_document_whose_answer_was_lost_may_not_be_told_apart_from_one_that_was_there() -> None:
    """Only documents without a lost answer count as replaced when they were there before the call."""
    bench, documents = Bench(), make_documents(100, 100)
    bench.write(documents)
    bench.transport.meet([lose(applied=False)])
    assert bench.write(documents).totals.replaced == 100


def test_a_call_that_ends_with_lost_answers_says_so() -> None:
    """The next call must not count what the lost requests may have written."""
    bench, documents = Bench(), make_documents(100, 100)
    bench.transport.meet([lose(applied=True)])
    assert bench.write(documents, seconds=0.1).unsure
    assert not bench.write(documents).unsure


def test_answers_that_stay_lost_fail_the_call_for_now() -> None:
    """After ATTEMPTS lost answers in a row the call fails with Transient."""
    bench = Bench()
    bench.transport.always = lose(applied=False)
    with pytest.raises(Transient, match=f"answered {CONNECTION_LOST} {ATTEMPTS} times for sales"):
        bench.write(make_documents(5))
    assert len(bench.transport.sent) == ATTEMPTS


def test_answers_that_are_lost_later_leave_what_was_acknowledged() -> None:
    """A call that has written before the database is gone returns its progress and the fault."""
    bench, documents = Bench(), make_documents(300)
    bench.transport.meet([None])
    bench.transport.always = lose(applied=False)
    progress = bench.write(documents)
    assert isinstance(progress.fault, Transient)
    assert (progress.acknowledged, progress.totals.documents) == (100, 100)


class Silent(FakeTransport):
    """A transport that takes what is sent and never answers."""

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        await asyncio.Event().wait()
        raise AssertionError


def test_an_answer_that_does_not_come_in_time_counts_as_lost() -> None:
    """The call ends soon after its deadline although the connection never answers."""
    bench = Bench(transport=Silent())
    writer = open_writer(bench.transport, bench.clock, RateControllers(bench.clock))
    deadline = Deadline(bench.clock() + 0.01, bench.clock, grace=0.01)
    progress = asyncio.run(writer.write("sales", make_documents(3), Limits(deadline, let_pass)))
    assert (progress.acknowledged, progress.totals.sends) == (0, 1)


def test_a_call_that_is_given_up_holds_up_nobody() -> None:
    """The requests of a cancelled call leave room for other lanes, which share the range's rate controller."""
    controllers = RateControllers(ManualClock())
    documents = make_documents(50)
    (target,) = set(KeyRoute().targets(documents))

    async def give_up() -> None:
        clock = ManualClock()
        limits = Limits(Deadline(clock() + 1000, clock), let_pass)
        writing = open_writer(Silent(), clock, controllers).write(CONTAINER, documents, limits)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(writing, 0.01)

    asyncio.run(give_up())
    assert (
        controllers.get(CONTAINER, target.partition).wait(),
        controllers.get(CONTAINER, target.partition).batch(),
    ) == (
        0,
        FIRST_OPERATIONS,
    )


def test_waits_after_lost_answers_grow() -> None:
    """Each wait after a lost answer is twice as long as the one before."""
    bench = Bench()
    bench.transport.meet([lose(applied=False)] * 4)
    bench.write(make_documents(1))
    assert bench.clock.slept == pytest.approx([0.2, 0.4, 0.8, 1.6])


def test_one_poison_document_costs_itself_only() -> None:
    """A batch of 100 that is all or nothing writes 99 documents, and the bad one is refused with its status."""
    bench, documents = Bench(), make_documents(100)
    bench.transport.poison = {"0-50": 400}
    progress = bench.write(documents)
    assert [(document.parsed()["id"], result.status) for document, result in progress.refused] == [("0-50", 400)]
    assert bench.ids() == set(ids_of(documents)) - {"0-50"}
    assert (progress.acknowledged, progress.totals.documents) == (100, 99)
    assert progress.totals.bytes == sum(
        len(document.body) for document in documents if document.parsed()["id"] != "0-50"
    )


def test_many_poison_documents_are_all_found() -> None:
    """Every bad document of a batch is refused with its own status."""
    bench, documents = Bench(), make_documents(40, 40)
    bench.transport.poison = {f"{shop}-{n}": (400, 409, 413)[n % 3] for shop in (0, 1) for n in range(0, 40, 2)}
    progress = bench.write(documents)
    assert {document.parsed()["id"]: result.status for document, result in progress.refused} == bench.transport.poison
    assert (progress.acknowledged, len(bench.ids())) == (80, 40)


def test_a_refused_request_is_divided_until_the_culprit_is_found() -> None:
    """A refusal of a whole request refuses none of its documents as long as smaller requests succeed."""
    bench, documents = Bench(), make_documents(100)
    bench.transport.meet([Fault(413), Fault(413), None])
    progress = bench.write(documents)
    assert [len(batch) for batch in bench.transport.sent] == [100, 50, 25, 25, 50]
    assert (progress.acknowledged, progress.refused, len(bench.ids())) == (100, [], 100)


def test_what_is_refused_alone_is_refused() -> None:
    """A document that is refused in a request of its own is refused for good."""
    bench, documents = Bench(), make_documents(2)
    bench.transport.always = Fault(413)
    progress = bench.write(documents)
    assert ids_of([document for document, _ in progress.refused]) == ids_of(documents)
    assert progress.totals.documents == 0


def test_at_the_deadline_the_exact_low_water_mark_is_returned() -> None:
    """The progress at the deadline says exactly what is acknowledged: a first part, and ranges behind it."""
    bench, documents = Bench(), make_documents(100, 100, 100)
    bench.transport.meet([None, throttle(60), None])
    progress = bench.write(documents, seconds=30)
    assert (progress.acknowledged, progress.ahead) == (100, ((200, 300),))
    assert progress.totals.documents == 200
    assert progress.totals.bytes == sum(len(document.body) for document in documents[:100] + documents[200:])
    assert progress.totals.sends == 3
    assert len(bench.ids()) == 200
    assert bench.clock() <= 1030.1


def test_what_was_acknowledged_ahead_is_not_sent_again() -> None:
    """The next call sends and counts only what the call before did not acknowledge."""
    bench, documents = Bench(), make_documents(100, 100, 100)
    bench.transport.meet([None, throttle(60), None])
    first = bench.write(documents, seconds=30)
    bench.transport.sent.clear()
    second = bench.write(documents[100:], ahead=first.next_ahead())
    assert (second.acknowledged, second.ahead, second.totals.documents) == (200, (), 100)
    assert {key for batch in bench.transport.sent for key in batch} == set(ids_of(documents[100:200]))


def test_behind_the_deadline_nothing_is_sent() -> None:
    """A call that starts behind its deadline returns at once."""
    bench = Bench()
    assert bench.write(make_documents(5), seconds=0).acknowledged == 0
    assert bench.transport.sent == []


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault(401), "refuses writes"),
        (Fault(403), "refuses writes"),
        (Fault(404, 1003), "does not exist"),
        (Fault(403, 1014), "20 GB"),
    ],
)
def test_a_dead_end_stops_all_writing(fault: Fault, text: str) -> None:
    """The first answer that no repeat can mend ends the call, and only requests in flight follow."""
    bench = Bench()
    bench.transport.meet([fault])
    with pytest.raises(Permanent, match=text):
        bench.write(make_documents(*[1] * 50))
    assert len(bench.transport.sent) <= IN_FLIGHT


def test_the_fence_is_asked_before_each_request_and_stops_it() -> None:
    """A check that raises stops the write: no request is sent after it."""
    bench, asked = Bench(), 0

    async def check() -> None:
        nonlocal asked
        asked += 1
        if asked > 5:
            raise Permanent("the run is failing")

    with pytest.raises(Permanent, match="the run is failing"):
        bench.write(make_documents(*[1] * 50), check=check)
    assert len(bench.transport.sent) == 5
    assert bench.transport.in_flight == 0
