"""What a start request may cost: it looks at little of the input, and computes beside the event loop."""

import asyncio
import gzip
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from outlast.http.input_head import LOOKED_AT
from outlast.http.problem import Problem
from outlast.http.start_request import MAX_REFERENCE, StartRequest, read_start_request
from outlast.inputs import compressed
from outlast.inputs.gzipped import Inflater
from outlast.staging.store import Staging
from tests.fakes.http import ask
from tests.fakes.reports import Sales, make_csv
from tests.fakes.world import World, work_here

LINE_ENDS = b"\n" * (1024 * 1024)
LONG_HEADER = b"id,shop,amount," + b",".join(b"column%060d" % n for n in range(2_000)) + b"\n"


def read(body: bytes, in_thread: Any = work_here) -> StartRequest:
    return asyncio.run(read_start_request(ask("reports/sales", body), Sales(), None, in_thread))


@pytest.mark.parametrize("body", [gzip.compress(LINE_ENDS), gzip.compress(LONG_HEADER * 100), make_csv(1)])
def test_the_input_is_looked_at_beside_the_event_loop(body: bytes) -> None:
    """Both works whose time grows with the body are given away: looking at its beginning, and hashing it."""
    given = list[Callable[[], Any]]()

    async def in_thread(work: Callable[[], Any]) -> Any:
        given.append(work)
        return work()

    read(body, in_thread)
    assert len(given) == 2


def test_little_of_a_gzip_file_is_inflated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file of 1 KB that inflates to 1 MB, the look takes 64 KB and at most one piece more."""
    taken = list[int]()

    class Counting(Inflater):
        def feed(self, data: bytes) -> Iterator[bytes]:
            taken.append(0)
            for piece in super().feed(data):
                taken[-1] += len(piece)
                yield piece

    monkeypatch.setattr(compressed, "Inflater", Counting)
    read(gzip.compress(LINE_ENDS))
    assert len(taken) == 1
    assert max(taken) <= LOOKED_AT * 5 // 4


def test_a_header_longer_than_the_look_is_left_to_the_run() -> None:
    """The start accepts it, and the run reads it whole."""
    assert len(LONG_HEADER) > LOOKED_AT
    body = LONG_HEADER + b"a,x,1" + b"," * 2_000 + b"\n"
    assert read(body).reading.format == "csv"
    ended = asyncio.run(World().run(body))
    assert ended.status == "Completed"
    assert ended.output["rows_stored"] == 1


def test_an_input_of_line_ends_fails_in_the_run() -> None:
    """The start accepts it at once, and the run's failure says what is wrong."""
    assert read(LINE_ENDS + b"x").reading.format == "csv"
    world = World()
    asyncio.run(world.run(LINE_ENDS + b"x"))
    failure = world.runs.records["r1"].result.failure or {}
    assert "The header is not complete within the first 1,048,576 bytes" in failure["text"]


def test_a_body_that_names_the_input_is_short() -> None:
    """A longer one is refused before it is parsed."""
    body = orjson.dumps({"input": "x.csv", "parameters": {"factor": "9" * MAX_REFERENCE}})
    request = ask("reports/sales", body, "application/json")
    with pytest.raises(Problem) as caught:
        asyncio.run(read_start_request(request, Sales(), Staging("memory:///"), work_here))
    assert (caught.value.status, caught.value.body["limit"]) == (413, MAX_REFERENCE)
