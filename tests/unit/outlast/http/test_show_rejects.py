import asyncio
import csv
import io

import azure.functions as func
import pytest

from activities import read_input_file
from outlast.http import show_rejects
from outlast.http.problem import answering
from outlast.http.show_rejects import ShowRejects
from tests.fakes.http import ask, finish, read
from tests.fakes.reports import make_csv
from tests.fakes.world import World


def show(world: World, run: str = "r1", **params: str) -> func.HttpResponse:
    showing = answering(ShowRejects(world.runs, world.files, world.clock).show_rejects)
    return finish(showing(ask(f"runs/{run}/rejects", params=params, run=run)))


def rows_of(response: func.HttpResponse) -> list[list[str]]:
    return list(csv.reader(io.StringIO(response.get_body().decode(), newline="")))


def prepare(body: bytes, state: str = "publishing", poison: dict[str, int] | None = None) -> World:
    world = World()
    world.transport.poison = poison or {}
    asyncio.run(world.prepare(body, state))
    return world


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cuts chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 40)


def test_rejects_are_csv_with_the_inputs_own_columns() -> None:
    """A reject has row, column, code and message, and then the row's fields as they are in the input."""
    response = show(prepare(make_csv(4, bad=[1])))
    assert (response.mimetype, response.charset) == ("text/csv", "utf-8")
    assert response.headers["Content-Disposition"] == 'attachment; filename="rejects-r1.csv"'
    header, *rows = rows_of(response)
    assert header == ["row", "column", "code", "message", "id", "shop", "amount", "copies"]
    assert len(rows) == 1
    assert rows[0][:3] == ["3", "amount", "float_parsing"]
    assert rows[0][4:] == ["s0001", "shop1", "?", "1"]


@pytest.mark.usefixtures("small_chunks")
def test_rejects_of_all_chunks_and_of_the_database_are_listed() -> None:
    """Each refused row is listed once, whichever step refused it."""
    world = prepare(make_csv(12, bad=[1, 10]), poison={"s0006.0": 400})
    found = rows_of(show(world))[1:]
    assert sorted((int(row[0]), row[2]) for row in found) == [
        (3, "float_parsing"),
        (8, "database_400"),
        (12, "float_parsing"),
    ]


@pytest.mark.parametrize("state", ["reading", "generating"])
def test_before_any_row_was_refused_there_is_the_header(state: str) -> None:
    """A run without rejects so far answers with the header alone."""
    assert len(rows_of(show(prepare(make_csv(3, bad=[0]), state)))) == 1


def test_a_run_that_has_not_been_read_yet_has_only_the_reject_columns() -> None:
    """Before the input is read, the header has only the columns of rejects."""
    world = World()
    asyncio.run(world.accept(make_csv(1)))
    assert rows_of(show(world)) == [["row", "column", "code", "message", "line"]]


@pytest.mark.usefixtures("small_chunks")
def test_a_long_list_is_answered_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece of a long list links to the next one, and each reject is in exactly one piece."""
    monkeypatch.setattr(show_rejects, "MOST_BYTES", 100)
    world, found, params = prepare(make_csv(20, bad=range(20))), list[str](), dict[str, str]()
    for _ in range(40):
        response = show(world, **params)
        found += [row[0] for row in rows_of(response)[1:]]
        link = response.headers.get("Link")
        if link is None:
            break
        assert link.startswith("<https://app.example/api/runs/r1/rejects?chunk=")
        params = {"chunk": link.partition("chunk=")[2].partition(">")[0]}
    assert found == [str(row) for row in range(2, 22)]


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize(("tick", "rejects"), [(0.0, 20), (4.0, 9), (1000.0, 3)])
def test_a_list_that_takes_long_is_answered_in_pieces(tick: float, rejects: int) -> None:
    """A response ends after 10 seconds, but not before its first chunk, and links to the rest."""
    world = prepare(make_csv(20, bad=range(20)))
    world.clock.tick = tick
    response = show(world)
    assert len(rows_of(response)[1:]) == rejects
    assert ("Link" in response.headers) == (rejects < 20)


@pytest.mark.parametrize("name", ["Chunk", "CHUNK"])
def test_the_chunk_is_found_in_any_case_of_its_name(name: str) -> None:
    """The host does not regard the case of a parameter's name, and neither does the list."""
    assert len(rows_of(show(prepare(make_csv(1, bad=[0])), **{name: "99"}))) == 1


def test_a_mistyped_parameter_is_refused() -> None:
    """A parameter that does not exist is refused with 400 and its name."""
    response = show(prepare(make_csv(1)), chunks="1")
    assert (response.status_code, read(response)["field"]) == (400, "chunks")


@pytest.mark.parametrize("chunk", ["-1", "x", "1.5", "", "٣", "9" * 10])
def test_a_chunk_that_is_no_number_is_refused(chunk: str) -> None:
    """A chunk that is not a number is refused with 400 and the name of the parameter."""
    response = show(prepare(make_csv(1)), chunk=chunk)
    assert (response.status_code, read(response)["field"]) == (400, "chunk")


def test_a_chunk_after_the_last_is_empty() -> None:
    """A chunk after the last one answers with the header alone."""
    assert len(rows_of(show(prepare(make_csv(1, bad=[0])), chunk="99"))) == 1


def test_an_unknown_run_is_not_found() -> None:
    """An unknown run answers 404 with the name of the field."""
    response = show(World(), "r2")
    assert (response.status_code, read(response)["field"]) == (404, "run")
