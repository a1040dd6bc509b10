import asyncio
from typing import Any

import pytest

from activities import read_input_file, resolve_keys
from outlast.errors import Permanent
from tests.fakes.reports import make_csv
from tests.fakes.world import World

TWINS = make_csv(200).splitlines(keepends=True)
TWINS.append(TWINS[3])


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few rows."""
    monkeypatch.setattr(read_input_file, "SMALLEST", 150)


def resolve(body: bytes, timeout: float = 100.0) -> list[Any]:
    """The answers of all calls for a run whose chunks are generated."""
    world = World(timeout=timeout)

    async def run() -> list[Any]:
        await world.prepare(body, "storing")
        world.runs.set("r1", state="generating")
        answers = [await world.call("resolve_keys", cursor=None)]
        while (cursor := answers[-1]["cursor"]) is not None:
            answers.append(await world.call("resolve_keys", cursor=cursor))
        return answers

    return asyncio.run(run())


def test_a_run_whose_rows_make_different_documents_goes_on() -> None:
    """One call compares the documents of all chunks."""
    assert resolve(make_csv(200)) == [{"cursor": None}]


def test_two_distant_rows_that_make_one_document_fail_the_run_by_their_numbers() -> None:
    """Which of them would be stored last is left to chance, so nothing is stored."""
    with pytest.raises(Permanent, match=r"the rows 4 and 202 of run r1 make the same document"):
        resolve(b"".join(TWINS))


def test_many_documents_are_compared_in_shards_and_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that reaches its deadline returns the bucket at which the next one goes on, and twins are found there."""
    monkeypatch.setattr(resolve_keys, "SHARD", 20)
    answers = resolve(make_csv(200), timeout=0.0)
    assert len(answers) > 5
    cursors = [answer["cursor"]["bucket"] for answer in answers[:-1]]
    assert cursors == sorted(set(cursors))
    with pytest.raises(Permanent, match="the rows 4 and 202"):
        resolve(b"".join(TWINS), timeout=0.0)


def test_parts_of_an_earlier_release_have_no_keys_and_are_passed_over() -> None:
    """A run that was generated before the keys were staged is stored as it was then."""
    world = World()

    async def run() -> Any:
        await world.prepare(b"".join(TWINS), "storing")
        world.runs.set("r1", state="generating")
        for path in [path for path, _ in await world.staging.list("runs/r1/generated") if path.endswith("json")]:
            answer = (await world.staging.need(path)).replace(b'"keys":"', b'"gone":"')
            await world.staging.put(path, answer)
        return await world.call("resolve_keys", cursor=None)

    assert asyncio.run(run()) == {"cursor": None}


def test_a_document_of_seven_distant_rows_is_counted_once() -> None:
    """The text counts documents, not pairs of rows."""
    rows = make_csv(200).splitlines(keepends=True)
    far = [row for number in range(7) for row in (*rows[1 + number * 20 : 21 + number * 20], rows[199])]
    with pytest.raises(Permanent, match=r"made more than once: at least 1$"):
        resolve(b"".join([rows[0], *far]))
