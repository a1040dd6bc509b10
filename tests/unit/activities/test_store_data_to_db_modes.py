"""Storing a chunk of a report that creates, patches or deletes."""

import asyncio
import csv
import io
from typing import Any

import orjson
import pytest

from outlast.models import Json
from outlast.staging.paths import stored_path
from tests.fakes.reports import HEADER, OF_MODES, make_csv
from tests.fakes.transport import Fault, lose, throttle
from tests.fakes.world import World


def prepare(report: str, body: bytes, *there: str, written_at: float = 0.0) -> World:
    """Return a run that is about to store; the documents `there`, such as `s0001.0`, are in the database."""
    world = World(reports=OF_MODES)
    asyncio.run(world.prepare(body, "storing", report=report, mode=OF_MODES[report].mode))
    for name in there:
        number = int(name[1:5])
        key = (orjson.dumps(f"shop{number % 3}"), name)
        world.transport.documents(report)[key] = {"id": name, "shop": f"shop{number % 3}", "amount": number}
        world.transport.times[key] = written_at
    return world


def store(world: World, cursor: Json | None = None) -> Json:
    answer: Json = asyncio.run(world.call("store_data_to_db", chunk=0, cursor=cursor))
    return answer


def store_all(world: World) -> list[Json]:
    """Return all answers, up to the one without a cursor."""
    answers = [store(world)]
    while answers[-1]["cursor"] is not None:
        world.clock.advance(answers[-1]["wait"])
        answers.append(store(world, answers[-1]["cursor"]))
    return answers


def add(answers: list[Json], name: str) -> int:
    return sum(answer["totals"].get(name, 0) for answer in answers)


def rejects(world: World) -> list[list[str]]:
    data = asyncio.run(world.staging.get(stored_path("r1", 0, "rejects.csv"))) or b""
    return [row[:4] for row in csv.reader(io.StringIO(data.decode(), newline=""))]


def stored(world: World, report: str) -> dict[str, Any]:
    return {name: document for (_, name), document in world.transport.documents(report).items()}


def names(*numbers: int) -> list[str]:
    return [f"s{number:04}.0" for number in numbers]


def test_a_document_that_exists_is_a_reject() -> None:
    """In mode create the row of a document that is there is a reject `exists`, and the document stays."""
    world = prepare("new_sales", make_csv(5), *names(1))
    world.transport.documents("new_sales")[b'"shop1"', "s0001.0"]["amount"] = "before"
    answers = store_all(world)
    text = "there is a document with this id and partition key already: s0001.0"
    assert rejects(world) == [["3", "id", "exists", text]]
    assert (add(answers, "documents"), add(answers, "rejected"), add(answers, "replaced")) == (4, 1, 0)
    assert stored(world, "new_sales")["s0001.0"]["amount"] == "before"
    assert set(stored(world, "new_sales")) == set(names(0, 1, 2, 3, 4))


@pytest.mark.parametrize("fault", [lose(applied=True), Fault(503, applied=True)])
def test_a_created_document_whose_answer_was_lost_is_no_reject(fault: Fault) -> None:
    """In mode create a row is stored also when the answer about its document was lost."""
    world = prepare("new_sales", make_csv(30))
    world.transport.meet([fault] * 3)
    answers = store_all(world)
    assert (add(answers, "documents"), add(answers, "rejected"), rejects(world)) == (30, 0, [])


def test_a_repeated_call_finds_what_it_has_created() -> None:
    """A call that is repeated because its worker died counts the documents that it had created, and rejects the one
    that was there before the run."""
    world = prepare("new_sales", make_csv(30), *names(7))
    store(world)
    asyncio.run(world.staging.delete(stored_path("r1", 0)))
    answers = store_all(world)
    assert (add(answers, "documents"), add(answers, "rejected")) == (29, 1)
    assert [row[2] for row in rejects(world)] == ["exists"]


def test_members_are_set_and_the_others_stay() -> None:
    """In mode patch the members of the yielded dictionary are set, by several patches where there are many."""
    world = prepare("prices", make_csv(3), *names(0, 1, 2))
    world.transport.documents("prices")[b'"shop1"', "s0001.0"] |= {"amount": "before", "stays": True}
    answers = store_all(world)
    changed = {"id": "s0001.0", "shop": "shop1", "amount": 1.0, **{f"m{n}": 1.0 for n in range(12)}}
    assert stored(world, "prices")["s0001.0"] == {**changed, "stays": True}
    assert (add(answers, "documents"), add(answers, "rejected")) == (3, 0)


def test_a_document_that_is_missing_is_a_reject() -> None:
    """In mode patch the row of a document that is missing is one reject `missing`, and no document is made."""
    world = prepare("prices", make_csv(5), *names(0, 2, 3, 4))
    answers = store_all(world)
    text = "there is no document with this id and partition key: s0001.0"
    assert rejects(world) == [["3", "id", "missing", text]]
    assert (add(answers, "documents"), add(answers, "rejected")) == (4, 1)
    assert set(stored(world, "prices")) == set(names(0, 2, 3, 4))


def test_documents_are_deleted_and_missing_ones_are_unchanged() -> None:
    """In mode delete the named documents go, and the row of one that is not there counts as unchanged."""
    world = prepare("returns", make_csv(5), *names(0, 2, 3, 9))
    answers = store_all(world)
    assert set(stored(world, "returns")) == set(names(9))
    assert (add(answers, "documents"), add(answers, "unchanged"), add(answers, "rejected")) == (3, 2, 0)
    assert rejects(world) == []


def test_a_row_is_unchanged_when_all_its_documents_are() -> None:
    """A row of which one document is deleted is stored, one of which any is refused is a reject, and only a row whose
    documents are all missing is unchanged."""
    body = HEADER + b"s0000,shop0,1,2\ns0001,shop1,1,2\ns0002,shop2,1,2\ns0003,shop0,1,0\n"
    world = prepare("returns", body, "s0000.1")
    world.transport.poison = {"s0001.0": 400}
    answers = store_all(world)
    assert (add(answers, "unchanged"), add(answers, "rejected")) == (1, 1)
    assert [row[0] for row in rejects(world)] == ["3"]
    assert add(answers, "documents") == 1


def test_a_row_is_unchanged_when_what_other_rows_left_it_is() -> None:
    """A row that loses one document to another row is unchanged when its other document is missing, and stored when
    that one is deleted."""
    body = HEADER + b"s0000,shop0,1,2\ns0001,shop1,1,2\ns0000,shop0,2,1\ns0001,shop1,2,1\n"
    world = prepare("returns", body, "s0000.0", "s0001.0", "s0001.1")
    answers = store_all(world)
    assert (add(answers, "documents"), add(answers, "unchanged"), add(answers, "rejected")) == (3, 1, 0)


def test_unchanged_rows_of_all_calls_are_put_together() -> None:
    """A chunk that takes several calls counts each unchanged row once."""
    world = prepare("returns", make_csv(300), *names(*range(100)))
    world.transport.meet([None, None, throttle(100), None, None, throttle(100)])
    answers = store_all(world)
    assert len(answers) > 1
    assert (add(answers, "documents"), add(answers, "unchanged")) == (100, 200)


@pytest.mark.parametrize("fault", [lose(applied=True), Fault(503, applied=True)])
def test_what_the_run_may_have_deleted_is_not_unchanged(fault: Fault) -> None:
    """A document that is gone after a lost answer counts as deleted, because the run may have deleted it."""
    world = prepare("returns", make_csv(30), *names(*range(30)))
    world.transport.meet([fault])
    answers = store_all(world)
    assert (add(answers, "documents"), add(answers, "unchanged")) == (30, 0)


@pytest.mark.parametrize("report", OF_MODES)
def test_the_counts_of_each_mode_reconcile(report: str) -> None:
    """The receipt's rows read are the rows stored, rejected and unchanged, in each mode, with bad rows and rows without
    documents; and documents are counted apart."""
    body = make_csv(40, bad=(3, 30)) + b"none,shop0,1,0\n"
    world = prepare(report, body, *names(*range(10)))
    store_all(world)
    world.runs.set("r1", state="publishing")
    receipt = asyncio.run(world.call("publish_report", totals={}))["receipt"]
    assert receipt["rows_read"] == 41
    assert receipt["rows_read"] == receipt["rows_stored"] + receipt["rows_rejected"] + receipt["rows_unchanged"]
    counts = {name: receipt[name] for name in ("rows_stored", "rows_rejected", "rows_unchanged", "documents_written")}
    assert (
        counts
        == {
            "new_sales": {"rows_stored": 30, "rows_rejected": 11, "rows_unchanged": 0, "documents_written": 29},
            "prices": {"rows_stored": 10, "rows_rejected": 31, "rows_unchanged": 0, "documents_written": 9},
            "returns": {"rows_stored": 10, "rows_rejected": 2, "rows_unchanged": 29, "documents_written": 9},
        }[report]
    )
