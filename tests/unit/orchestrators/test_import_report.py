from math import ceil
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestrators.import_report import import_report
from orchestrators.run_wave import run_wave
from outlast.calls import ChunkAnswer, RunView
from outlast.models import MOST_ATTEMPTS, MOST_WAVES, Failure, Json, Totals
from outlast.orchestrations import Compensation, Outcome, Wave
from tests.fakes.replay import Action, ReplayContext
from tests.unit.orchestrators.telling import Answering, answer_run, chunks_of, tell

GIVEN = {"attempt": 1, "first_retry_seconds": 5.0}


def waves_of(asked: list[Action], phase: str) -> list[Wave]:
    waves = [Wave.from_dict(action.given) for action in asked if action.name == "run_wave"]
    return [wave for wave in waves if wave.phase == phase]


def lanes_of(wave: Wave) -> list[Action]:
    """The lanes that the wave starts."""
    return list(next(run_wave(ReplayContext("r1:1:wave", wave.to_dict()))).parts)


def failing_at(name: str, answer: Any, well: Answering) -> Answering:
    """Answer well, except for one name."""

    def answering(action: Action) -> Any:
        if action.name != name:
            return well(action)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return answering


def fail(name: str, answer: Any) -> tuple[list[Action], str]:
    """Return what a run asks for when one name fails, and the text that it fails with."""
    asked = list[Action]()

    def answering(action: Action) -> Any:
        asked.append(action)
        return failing_at(name, answer, answer_run(4, 2))(action)

    with pytest.raises(Exception) as caught:  # noqa: PT011  # its text is what is tested
        tell(import_report, GIVEN, answering)
    return asked, str(caught.value)


@settings(max_examples=30)
@given(st.integers(2, 5000), st.integers(1, 32))
@example(2, 32)
@example(20, 1)
@example(21, 1)
@example(640, 32)
@example(641, 32)
@example(5000, 1)
def test_every_chunk_is_in_one_lane_of_one_wave(chunks: int, lanes: int) -> None:
    """A phase puts every chunk into one lane, has at most 20 waves of at most `max_parallel` lanes, and leaves no lane
    idle before the last chunks."""
    asked, _, _ = tell(import_report, GIVEN, answer_run(chunks, lanes))
    for phase in ("generate", "store"):
        waves = waves_of(asked, phase)
        started = [lanes_of(wave) for wave in waves]
        assert sorted(chunk for each in started for chunk in chunks_of(each)) == list(range(chunks))
        assert len(waves) <= 20
        assert all(1 <= len(each) <= lanes for each in started)
        assert all(chunks_of([lane]) for each in started for lane in each)
        assert [wave.number for wave in waves] == list(range(len(waves)))
        longest = [max(len(chunks_of([lane])) for lane in each) for each in started]
        assert sum(longest) == ceil(chunks / lanes), "lanes stand idle while a wave's last chunks are done"


@pytest.mark.parametrize(
    ("chunks", "lanes", "each"),
    [
        (10, 8, [1, 1]),
        (148, 8, [1, 2, 4, 6, 3, 2, 1]),
        (400, 8, [3, 3, 4, 8, 8, 8, 8, 4, 2, 1, 1]),
        (1_600, 8, [10] * MOST_WAVES),
        (10_000, 32, [16] * 13 + [15] * 7),
    ],
)
def test_waves_grow_and_shrink(chunks: int, lanes: int, each: list[int]) -> None:
    """The first and the last waves of a phase are small, those between have up to eight chunks a lane, and more only
    where twenty waves would be too few."""
    asked, _, _ = tell(import_report, GIVEN, answer_run(chunks, lanes))
    assert [max(len(chunks_of([lane])) for lane in lanes_of(wave)) for wave in waves_of(asked, "generate")] == each


def test_a_run_tells_its_story_in_order() -> None:
    """A run records each state before its work begins, and asks the record for its view between two waves.

    An only chunk has no wave, and behind the last of a phase nothing is recorded before the next phase.
    """
    asked, receipt, _ = tell(import_report, GIVEN, answer_run(40, 1, Totals(documents=1)))
    told = [action.given["event"] if action.name == "advance_run" else action.name for action in asked]
    assert told == [
        *["read", "read_input_file", "read_data_from_db"],
        *["generate", "run_wave"] * 10,
        *["resolve", "resolve_keys", "finish_keys"],
        *["store", "run_wave"] * 10,
        *["publish", "publish_report", "complete"],
    ]
    assert receipt == {"rows_read": 7}


def test_the_keys_are_compared_in_as_many_shards_as_the_documents_need() -> None:
    """The resolving phase has one shard for 250,000 documents, at most 256, and lanes like the others."""
    for documents, shards in ((1, 1), (250_000, 1), (250_001, 2), (10**9, 256)):
        asked, _, _ = tell(import_report, GIVEN, answer_run(1, 8, Totals(rows=documents, documents=documents)))
        waves = waves_of(asked, "resolve")
        alone = [action for action in asked if action.name == "resolve_keys"]
        assert (waves[-1].last + 1 if waves else len(alone)) == shards
        assert not waves or waves[0].lanes == min(8, shards)


def test_a_chunk_that_is_alone_and_takes_long_goes_on_in_a_wave() -> None:
    """Its first call is the run's own, and a wave of one lane begins with the cursor of that and counts on."""
    call = ChunkAnswer({"part": 3}, Totals(rows=5, documents=5).to_dict(), wait=2.0).to_dict()
    well = failing_at("", None, answer_run(1, 8, Totals(rows=2, documents=2)))
    asked, _, context = tell(import_report, GIVEN, failing_at("generate_report", call, well))
    [wave] = waves_of(asked, "generate")
    assert (wave.first, wave.last, wave.lanes, wave.cursor) == (0, 0, 1, {"part": 3})
    assert [(lane.given["first"], lane.given["cursor"]) for lane in lanes_of(wave)] == [(0, {"part": 3})]
    counted = [status["totals"]["rows"] for status in context.statuses if status["phase"] == "generating"]
    assert sorted(set(counted)) == [0, 5]
    names = [action.name or action.kind for action in asked]
    assert names.index("run_wave") - names.index("generate_report") == 2, "it waits as the call says"


def test_a_chunk_that_is_alone_and_rejects_too_many_rows_is_not_gone_on_with() -> None:
    """The run fails by the step when a call says that too many rows are rejected, whatever cursor it has."""
    totals = Totals(rows=9, rejected=4)
    answer = ChunkAnswer({"part": 1}, totals.to_dict(), too_many_rejects=True).to_dict()
    asked = list[Action]()

    def answering(action: Action) -> Any:
        asked.append(action)
        return failing_at("generate_report", answer, answer_run(1, 8))(action)

    with pytest.raises(Exception, match="4 of 9 rows were rejected"):
        tell(import_report, GIVEN, answering)
    assert waves_of(asked, "generate") == []
    assert asked[-2].given["failure"]["step"] == "generate_report"


def test_the_event_that_begins_a_phase_brings_what_the_last_one_counted() -> None:
    """Each event but the first has the totals with which the phase before it has ended, beside its own."""
    asked, _, _ = tell(import_report, GIVEN, answer_run(1, 8, Totals(rows=3, documents=3)))
    changes = {action.given["event"]: action.given for action in asked if action.name == "advance_run"}
    told = {name: (given["totals"]["documents"], given["ended"]["documents"]) for name, given in changes.items()}
    assert told == {
        "read": (0, 0),
        "generate": (0, 0),
        "resolve": (0, 3),
        "store": (0, 3),
        "publish": (3, 3),
        "complete": (3, 3),
    }


def test_a_run_without_chunks_has_no_waves() -> None:
    """A run without chunks starts no wave and is published."""
    asked, receipt, _ = tell(import_report, GIVEN, answer_run(0, 8))
    assert [action.name for action in asked if action.kind == "orchestrator"] == []
    assert receipt == {"rows_read": 7}


def test_ids_are_computed_from_run_attempt_phase_and_wave() -> None:
    """The instance ids of waves are made from run, attempt, phase and number, so no two attempts share one."""
    asked, _, _ = tell(import_report, {"attempt": 3}, answer_run(40, 2), "run-7")
    ids = [action.instance_id for action in asked if action.name == "run_wave"]
    assert ids[:2] == ["run-7:3:generate0", "run-7:3:generate1"]
    assert ids[-1] == "run-7:3:store6"
    assert len(set(ids)) == len(ids)
    assert {action.given.get("attempt") for action in asked} == {3}
    assert {action.given.get("run") for action in asked} == {"run-7"}


def test_the_lanes_of_a_wave_are_those_of_the_record_now() -> None:
    """A wave has as many lanes as `max_parallel` of the record says when it starts, at most 32."""
    view = iter([8, 8, 2, 99, *[1] * 100])

    def answer(action: Action) -> Any:
        if action.name == "advance_run" and action.given["event"] == "generate":
            return RunView(next(view)).to_dict()
        return answer_run(1000, 1)(action)

    asked, _, _ = tell(import_report, GIVEN, answer)
    assert [wave.lanes for wave in waves_of(asked, "generate")][:4] == [8, 8, 2, 32]


def test_a_wave_that_failed_ends_the_run() -> None:
    """A failed wave is the last one, and its failure and the totals so far go to the compensation."""
    failure = {"step": "store_data_to_db", "chunk": 3, "text": "no such container"}
    outcome = Outcome(False, failure, Totals(rows=4, documents=2).to_dict()).to_dict()
    asked, text = fail("run_wave", outcome)
    assert text == "no such container"
    assert [action.name for action in asked if action.kind == "orchestrator"] == ["run_wave", "compensate_run"]
    recorded, compensate = asked[-2:]
    assert (recorded.given["event"], recorded.given["outcome"]) == ("fail", "failed")
    assert (recorded.given["failure"], recorded.given["totals"]["documents"]) == (failure, 2)
    assert compensate.instance_id == "r1:1:compensate"
    assert compensate.given == Compensation("r1", 1).to_dict()


@pytest.mark.parametrize(
    ("name", "answer", "step", "text"),
    [
        ("read_input_file", Exception("Activity function 'x' failed:  OSError: busy \n {}"), None, "OSError: busy"),
        ("read_data_from_db", {"permanent": "took longer"}, None, "took longer"),
        ("publish_report", {"permanent": "that does not add up"}, None, "that does not add up"),
        (
            "read_input_file",
            {"cursor": None},
            "import_report",
            "ReadAnswer.__init__() missing 1 required positional argument: 'chunks'",
        ),
    ],
)
def test_whatever_fails_is_compensated_and_raised(name: str, answer: Any, step: str | None, text: str) -> None:
    """A failure in any activity is compensated with its name and text, and the run fails with the same text."""
    asked, raised = fail(name, answer)
    failure = asked[-2].given["failure"]
    assert asked[-1].name == "compensate_run"
    assert (failure["step"], failure["text"]) == (step or name, text)
    assert text in raised


@pytest.mark.parametrize("answer", [{"permanent": "run r1 is completed"}, Exception("no answer")])
def test_a_failure_that_cannot_be_recorded_is_left_to_the_sweep(answer: Any) -> None:
    """No compensation is started that the record does not ask for, and the run fails for its own reason."""
    asked, raised = fail("advance_run", answer)
    assert [action.name for action in asked] == ["advance_run", "advance_run"]
    assert raised in ("run r1 is completed", "no answer")


LOST_LANE = Outcome(False, Failure("run_lane", None, "died").to_dict(), Totals().to_dict()).to_dict()
LOST_WAVE = Exception("Orchestrator function 'run_wave' failed: died")


@pytest.mark.parametrize("answer", [LOST_LANE, LOST_WAVE])
def test_a_run_whose_lanes_or_wave_died_begins_anew(answer: Any) -> None:
    """A run whose wave or lane died continues as new with its attempt and the reason, and is not compensated."""
    asked, _, context = tell(import_report, {"attempt": 3}, failing_at("run_wave", answer, answer_run(4, 2)))
    assert context.continued == {"attempt": 3, "first_retry_seconds": 5.0, "reason": "died"}
    assert asked[-1].name == "run_wave"


@pytest.mark.parametrize(("answer", "step"), [(LOST_LANE, "run_lane"), (LOST_WAVE, "run_wave")])
def test_a_run_that_died_four_times_is_compensated(answer: Any, step: str) -> None:
    """A run that loses a wave or lane in its last attempt is compensated."""
    asked = list[Action]()

    def answering(action: Action) -> Any:
        asked.append(action)
        view = {"advance_run": RunView(2, attempt=MOST_ATTEMPTS).to_dict()}
        return failing_at("run_wave", answer, lambda a: view.get(a.name) or answer_run(4, 2)(a))(action)

    with pytest.raises(Exception, match="died"):
        tell(import_report, GIVEN, answering)
    assert (asked[-1].name, asked[-2].given["failure"]["step"]) == ("compensate_run", step)


def test_a_compensation_that_fails_does_not_change_why_the_run_failed() -> None:
    """A run whose compensation fails still fails for its own reason."""

    def answer(action: Action) -> Any:
        if action.name == "compensate_run":
            raise Exception("Orchestrator function 'compensate_run' failed: python exited with code 1")
        return failing_at("publish_report", {"permanent": "that does not add up"}, answer_run(2, 1))(action)

    with pytest.raises(Exception, match=r"^that does not add up$"):
        tell(import_report, GIVEN, answer)


@pytest.mark.parametrize(
    ("totals", "view", "refused"),
    [
        (Totals(rows=10, rejected=1), RunView(2), True),
        (Totals(rows=10, rejected=0), RunView(2), False),
        (Totals(rows=10, rejected=2), RunView(2, tolerated_rejects=2), True),
        (Totals(rows=10, rejected=2), RunView(2, tolerated_rejects=4), False),
        (Totals(rows=10, rejected=1), RunView(2, tolerated_reject_percent=10.0), False),
        (Totals(rows=10, rejected=10), RunView(2, tolerated_reject_percent=100.0), False),
        (Totals(rows=10, rejected=10), RunView(2, tolerated_reject_percent=100.0, min_rows=1), True),
        (Totals(), RunView(2, min_rows=1), True),
        (Totals(rows=10, rejected=5), RunView(2, tolerated_rejects=10, min_rows=10), False),
        (Totals(rows=10, rejected=5), RunView(2, tolerated_rejects=10, min_rows=11), True),
    ],
)
def test_rejects_are_checked_before_anything_is_stored(totals: Totals, view: RunView, refused: bool) -> None:
    """The rejects of all generating waves are compared with the record's limits before storing begins."""
    asked = list[Action]()

    def answer(action: Action) -> Any:
        asked.append(action)
        if action.name == "advance_run":
            return view.to_dict()
        if action.name == "run_wave" and action.given["phase"] == "store":
            return Outcome(True, None, Totals().to_dict()).to_dict()
        return answer_run(4, 2, totals)(action)

    if refused:
        with pytest.raises(Exception, match=r"rows were rejected|rows are left to store"):
            tell(import_report, GIVEN, answer)
        assert asked[-2].given["failure"]["step"] == "generate_report"
    else:
        tell(import_report, GIVEN, answer)
    assert bool(waves_of(asked, "store")) is not refused


def test_generating_ends_with_the_wave_that_rejects_too_many_rows() -> None:
    """The waves after it are not started, unless a percentage of all rows decides."""
    totals = Totals(rows=10, rejected=1)
    for view, waves in ((RunView(2), 1), (RunView(2, tolerated_reject_percent=1.0), 2)):
        asked = list[Action]()

        def answer(action: Action, view: RunView = view, asked: list[Action] = asked) -> Any:
            asked.append(action)
            return view.to_dict() if action.name == "advance_run" else answer_run(80, 2, totals)(action)

        with pytest.raises(Exception, match="rows were rejected"):
            tell(import_report, GIVEN, answer)
        assert len(waves_of(asked, "generate")) >= waves
        assert (len(waves_of(asked, "generate")) == 1) == (waves == 1)


def test_what_the_database_refuses_is_checked_too() -> None:
    """The rejects of both phases together are compared with the limits after storing."""

    def answer(action: Action) -> Any:
        totals = Totals(rows=5, rejected=1) if action.name == "generate_report" else Totals(rejected=1)
        if action.name == "advance_run":
            return RunView(2, tolerated_rejects=1).to_dict()
        return answer_run(1, 2, totals)(action)

    with pytest.raises(Exception, match="2 of 5 rows were rejected and 1 rows are tolerated"):
        tell(import_report, GIVEN, answer)


def test_publishing_is_told_the_totals_of_the_run() -> None:
    """Publishing gets rows and rejects of both phases and the other totals of storing, and goes on from its cursor."""
    cursors = iter([{"cursor": {"chunk": 1}, "receipt": None}, {"cursor": None, "receipt": {"ok": True}}])

    def answer(action: Action) -> Any:
        if action.name == "publish_report":
            return next(cursors)
        steps = {"store_data_to_db": Totals(documents=3, sends=2), "resolve_keys": Totals()}
        return answer_run(1, 1, steps.get(action.name, Totals(rows=4, documents=9)))(action)

    asked, receipt, _ = tell(import_report, GIVEN, answer)
    told: list[Json] = [action.given for action in asked if action.name == "publish_report"]
    assert [each["cursor"] for each in told] == [None, {"chunk": 1}]
    assert told[0]["totals"] == Totals(rows=4, documents=3, sends=2).to_dict()
    assert receipt == {"ok": True}
