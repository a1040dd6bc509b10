from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from outlast.calls import RunChange
from outlast.models import Json
from outlast.runs.events import MOST, attempts_of, seconds_by_phase, shortened
from outlast.runs.record import RunRecord
from outlast.runs.transitions import TABLE, Event, apply
from tests.fakes.records import make_record

START = datetime(2026, 1, 1, tzinfo=UTC)
FAILURE = {"step": "store_data_to_db", "chunk": 3, "text": "no"}
PATH: list[tuple[str, Json]] = [
    ("admit", {}),
    ("read", {}),
    ("generate", {}),
    ("generate", {"totals": {"rows": 7, "rejected": 1, "documents": 12, "bytes": 99}}),
    ("resolve", {"totals": {"rows": 7, "rejected": 1}}),
    ("store", {"totals": {"rows": 7, "rejected": 1}}),
    ("store", {"totals": {"rows": 7, "rejected": 1, "documents": 12, "ru": 60.5, "throttled": 4, "sends": 2}}),
    ("publish", {"totals": {"rows": 7, "rejected": 1, "documents": 12, "ru": 60.5, "throttled": 4, "sends": 2}}),
    ("complete", {}),
]


def happen(record: RunRecord, *path: tuple[str, Json], seconds: float = 1.0) -> RunRecord:
    """Apply each event and write the record, with so many seconds between."""
    for number, (event, fields) in enumerate(path, 1):
        after = apply(record, RunChange("r1", record.status.attempt, event, **fields))
        record = after.stamped((START + timedelta(seconds=number * seconds)).isoformat())
    return record


def accepted(**fields: Any) -> RunRecord:
    entry = {"at": START.isoformat(), "event": "accepted", "attempt": 1}
    return make_record(**{"state": "queued", "events": [entry], **fields})


def names(record: RunRecord) -> list[str]:
    return [" ".join(str(e[name]) for name in ("event", "phase", "state") if name in e) for e in record.result.events]


def test_a_run_that_completes_has_its_phases_in_order() -> None:
    """Each phase begins and ends once, however many waves it has, between the run's acceptance and its end."""
    assert names(happen(accepted(), *PATH)) == [
        "accepted", "admitted",
        "phase_began reading", "phase_ended reading",
        "phase_began generating", "phase_ended generating",
        "phase_began resolving", "phase_ended resolving",
        "phase_began storing", "phase_ended storing",
        "phase_began publishing", "phase_ended publishing",
        "ended completed",
    ]  # fmt: skip


def test_the_end_of_a_phase_has_its_counts() -> None:
    """A phase ends with what it counted itself, throttling included, and not with what the next one begins with."""
    ended = {e["phase"]: e for e in happen(accepted(), *PATH).result.events if e["event"] == "phase_ended"}
    counts = {name: value for name, value in ended["generating"].items() if name not in ("at", "event", "attempt")}
    assert counts == {"phase": "generating", "rows": 7, "rejected": 1, "documents": 12, "bytes": 99}
    assert (ended["storing"]["throttled"], ended["storing"]["ru"], ended["storing"]["sends"]) == (4, 60.5, 2)


def test_every_entry_has_the_time_at_which_its_change_was_written() -> None:
    """Entries get their time when the record is written, and keep it."""
    times = [datetime.fromisoformat(e["at"]) for e in happen(accepted(), *PATH).result.events]
    assert times == sorted(times)
    assert (times[0], times[-1]) == (START, START + timedelta(seconds=len(PATH)))


@pytest.mark.parametrize(("event", "fields"), PATH)
def test_a_repeated_event_has_no_second_entry(event: str, fields: Json) -> None:
    """An activity that is repeated after its answer was lost leaves the events as they are."""
    path = PATH[: PATH.index((event, fields)) + 1]
    once = happen(accepted(), *path)
    assert names(happen(once, (event, fields))) == names(once)


def test_a_failure_says_why_and_what_was_done_about_it() -> None:
    """A failed run has its phase's end, the step and reason of its failure, its undo, its email and its end."""
    failing = [("fail", {"failure": FAILURE, "totals": {"rows": 9}}), ("compensate", {})]
    steps = [("finish_step", {"step": "undo"}), ("finish_step", {"step": "email"}), ("close", {})]
    record = happen(make_record(state="storing", mode="snapshot", wrote=True), *failing, *steps)
    assert names(record) == [
        "phase_ended storing", "failed", "compensation_began", "undone", "email_sent", "ended failed",
    ]  # fmt: skip
    ended, failed = record.result.events[:2]
    assert (ended["rows"], failed["step"], failed["chunk"], failed["reason"]) == (9, "store_data_to_db", 3, "no")


@pytest.mark.parametrize(
    ("event", "fields", "name", "known"),
    [
        ("cancel", {"failure": FAILURE, "by": "ann@example.com"}, "cancelled", {"by": "ann@example.com"}),
        ("restart", {"reason": "its orchestration is Failed"}, "retried", {"reason": "its orchestration is Failed"}),
        ("read", {"reason": "died"}, "retried", {"reason": "died"}),
        ("take_over", {"owner": "new"}, "taken_over", {"owner": "new"}),
    ],
)
def test_an_entry_says_who_and_why(event: str, fields: Json, name: str, known: Json) -> None:
    """What happens to a run at work has an entry with the person or the reason that is known."""
    [entry] = [e for e in happen(make_record(state="storing"), (event, fields)).result.events if e["event"] == name]
    assert known.items() <= entry.items()


def test_a_long_reason_is_cut() -> None:
    """The reason of an entry has at most 300 characters, because the record has the whole failure."""
    record = happen(make_record(state="storing"), ("fail", {"failure": {**FAILURE, "text": "x" * 2000}}))
    assert len(record.result.events[1]["reason"]) == 300


def test_the_oldest_of_a_kind_are_merged() -> None:
    """A record keeps at most 200 entries; of the most frequent kind the oldest ones become one that counts them."""
    restarts: list[tuple[str, Json]] = [("restart", {}), ("read", {})] * 150
    events = happen(accepted(state="reading"), *restarts).result.events
    assert len(events) == MOST
    assert events[0]["event"] == "accepted"
    assert sum(e.get("times", 1) for e in events) == 1 + 3 * 150
    merged = next(e for e in events if e.get("times", 1) > 1)
    assert merged["at"] < merged["until"]


def test_merged_counts_are_added_up() -> None:
    """Two phases of one kind become an entry with the sum of their counts and the time of the first."""
    ends = [
        {"at": str(n), "event": "phase_ended", "attempt": n, "phase": "storing", "ru": 2.5, "rows": n} for n in (1, 2)
    ]
    [one] = shortened(ends, 1)
    assert (one["at"], one["until"], one["ru"], one["rows"], one["times"]) == ("1", "2", 5.0, 3, 2)


def test_seconds_are_counted_by_phase_over_all_attempts() -> None:
    """Each second of the run belongs to one phase, or to the time in which it waited."""
    again = [*PATH[:7], ("restart", {}), *PATH[1:]]
    events = happen(accepted(), *again, seconds=10.0).result.events
    seconds = seconds_by_phase(events, START + timedelta(hours=1))
    assert seconds == {
        "waiting": 30.0,
        "reading": 20.0,
        "generating": 40.0,
        "resolving": 20.0,
        "storing": 40.0,
        "publishing": 10.0,
    }
    assert sum(seconds.values()) == 10.0 * len(again)


def test_the_phase_that_goes_on_is_counted_until_now() -> None:
    """The time of a phase that has not ended is counted up to now."""
    events = happen(accepted(), *PATH[:2], seconds=1.0).result.events
    assert seconds_by_phase(events, START + timedelta(seconds=60)) == {"waiting": 2.0, "reading": 58.0}
    assert seconds_by_phase([], START) == {}


def test_each_attempt_has_its_reason() -> None:
    """The attempts of a run are listed with when and why each one began."""
    events = happen(accepted(), *PATH[:3], ("restart", {"reason": "its worker died"}), ("read", {})).result.events
    first, second = attempts_of(events)
    assert (first["attempt"], first["by"], first["reason"]) == (1, "accepted", None)
    assert (second["attempt"], second["by"], second["reason"]) == (2, "retried", "its worker died")
    assert second["began"] == (START + timedelta(seconds=4)).isoformat()


@pytest.mark.parametrize("event", [event for event in Event if "storing" in TABLE[event]])
def test_every_event_of_the_table_can_be_noted(event: Event) -> None:
    """No event of a run at work fails to be noted, and its entries have no time before they are written."""
    after = apply(make_record(state="storing"), RunChange("r1", 1, event, step="email", owner="x", failure=FAILURE))
    assert all(entry["at"] is None for entry in after.result.events)
