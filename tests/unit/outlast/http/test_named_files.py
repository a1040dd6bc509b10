"""Several files as one input: which they are, from the request to the rejects."""

import asyncio
import gzip
from typing import Any

import azure.functions as func
import orjson
import pytest

from outlast.http.named_files import MOST_FILES
from outlast.http.problem import Problem
from outlast.http.show_rejects import ShowRejects
from outlast.http.start_request import read_start_request
from outlast.staging.store import Staging
from outlast.wanted import wanted_of
from tests.fakes.http import ask
from tests.fakes.reports import Sale, Sales
from tests.fakes.world import World, work_here

FILES = {
    "2013/b.csv.gz": gzip.compress(b"shop;amount;id\ny;2;b1\ny;x;b2\ny;3;b3\n"),
    "2013/a.csv": b"id,shop,amount\na1,x,1\nraise,raise,1\n",
    "2013/c.jsonl": b'{"id":"c1","shop":"z","amount":4}\n',
    "2013/.hidden.csv": b"no",
    "2013/new.csv.part": b"no",
    "2013/deep/d.csv": b"id,shop,amount\nd1,x,1\n",
    "2014/a.csv": b"id,shop,amount\n",
}


def request(**asked: Any) -> func.HttpRequest:
    return ask("reports/sales", orjson.dumps(asked), "application/json")


def named(asked: Any, files: dict[str, bytes] | None = None) -> list[str]:
    """The paths that a request names."""

    async def run() -> list[str]:
        inputs = Staging("memory:///")
        for path, data in (FILES if files is None else files).items():
            await inputs.put(path, data)
        found = await read_start_request(request(input=asked), Sales(), inputs, work_here)
        assert found.several
        return [path for path, _ in orjson.loads(found.body or b"")]

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("asked", "paths"),
    [
        ("2013/*.csv*", ["2013/a.csv", "2013/b.csv.gz"]),
        ("2013/?.jsonl", ["2013/c.jsonl"]),
        ("*/a.csv", ["2013/a.csv", "2014/a.csv"]),
        ("2013/", ["2013/a.csv", "2013/b.csv.gz", "2013/c.jsonl", "2013/deep/d.csv"]),
        (["2014/a.csv", "2013/a.csv"], ["2013/a.csv", "2014/a.csv"]),
        (["2013/deep/"], ["2013/deep/d.csv"]),
        (["2014/", "2013/deep/", "2013/a.csv"], ["2013/a.csv", "2013/deep/d.csv", "2014/a.csv"]),
        (["2013/*.jsonl", "2013/a.csv"], ["2013/a.csv", "2013/c.jsonl"]),
    ],
)
def test_files_are_a_list_a_folder_or_a_pattern(asked: Any, paths: list[str]) -> None:
    """Files are in order of their paths, without those that are hidden or being written."""
    assert named(asked) == paths


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("2015/*.csv", "names no file"),
        (["2015/", "2016/"], "names no file"),
        (["2013//"], "must be a path below the inputs location"),
        ("20*/", "names no file"),
        (["2013/a.csv", "2013/x.csv"], "2013/x.csv is not in the inputs location"),
        ("../*.csv", "must be a path below the inputs location"),
        ([], "must be a path"),
        (["2013/a.csv", 7], "must be a path"),
    ],
)
def test_names_that_cannot_be_used_are_refused(asked: Any, says: str) -> None:
    """The refusal names the input."""
    with pytest.raises(Problem) as caught:
        named(asked)
    assert (caught.value.status, caught.value.body["field"]) == (400, "input")
    assert says in str(caught.value.body["detail"])


def test_too_many_files_are_refused() -> None:
    """A pattern names at most a thousand files."""
    with pytest.raises(Problem, match=r"names 1,001 files, and at most 1,000 are one input"):
        named("many/*", {f"many/{n}.csv": b"" for n in range(MOST_FILES + 1)})


def test_several_files_are_one_run() -> None:
    """Files of any format and dialect are read in order, and a reject names its file and the row in it."""
    world = World()

    async def run() -> Any:
        for path, data in FILES.items():
            await world.inputs.put(path, data)
        asked = await read_start_request(request(input="2013/*"), Sales(), world.inputs, work_here)
        fields: dict[str, Any] = {
            "several": asked.several,
            "reading": asked.reading.said(),
            "wanted": wanted_of(Sale).to_dict(),
        }
        return await world.run(asked.body or b"", tolerated_rejects=9, **fields)

    ended = asyncio.run(run())
    assert ended.status == "Completed", ended.output
    documents = {key: one["amount"] for (_, key), one in world.transport.documents("sales").items()}
    assert documents == {"a1.0": 1, "b1.0": 2, "b3.0": 3, "c1.0": 4}
    assert [one["path"] for one in ended.output["files"]] == ["2013/a.csv", "2013/b.csv.gz", "2013/c.jsonl"]
    assert (ended.output["rows_read"], ended.output["rows_rejected"]) == (6, 2)
    rejects = asyncio.run(rejects_of(world))
    assert rejects[0].startswith(b'3,,error,"2013/a.csv, row 3: LookupError: no such shop",raise,raise,1')
    assert rejects[1].startswith(b'6,amount,float_parsing,"2013/b.csv.gz, row 3: Input should be a valid number')
    assert rejects[1].endswith(b",b2,y,x")


def test_rejects_of_duplicates_and_of_the_database_name_their_files() -> None:
    """So do those that are found when all rows are generated; a duplicate also names the file of the row that won."""
    world = World()
    world.transport.poison = {"b1.0": 400}

    async def run() -> Any:
        await world.inputs.put("a.csv", b"id,shop,amount\na1,x,1\na2,x,1\n")
        await world.inputs.put("b.csv", b"shop,amount,id\nx,2,b1\nx,5,a2\n")
        body = orjson.dumps([[path, await world.inputs.etag(path)] for path in ("a.csv", "b.csv")])
        return await world.run(body, several=True, tolerated_rejects=9, wanted=wanted_of(Sale).to_dict())

    assert asyncio.run(run()).status == "Completed"
    shown = ShowRejects(world.runs, world.files, world.clock).show_rejects(ask("runs/r1/rejects", run="r1"))
    duplicate, refused = asyncio.run(shown).get_body().splitlines()[1:]
    assert duplicate == (
        b'3,id,duplicate,"a.csv, row 3: b.csv, row 3 has the same id and partition key, and the later row wins: a2.0",'
        b"a2,x,1"
    )
    assert refused.startswith(b'5,,database_400,"b.csv, row 2: ')
    assert refused.endswith(b",b1,x,2")


async def rejects_of(world: World) -> list[bytes]:
    """The lines of all rejects."""
    paths = [path for path, _ in await world.staging.list("runs/r1/generated") if path.endswith("rejects.csv")]
    found = [await world.staging.need(path) for path in sorted(paths)]
    return b"".join(found).splitlines()


def test_a_file_without_the_columns_fails_the_run_before_anything_is_stored() -> None:
    """Each file has its own header, which must have the columns that are needed."""
    world = World()

    async def run() -> Any:
        await world.inputs.put("a.csv", b"id,shop,amount\na1,x,1\n")
        await world.inputs.put("b.csv", b"id,shop,price\na1,x,1\n")
        body = orjson.dumps([[path, await world.inputs.etag(path)] for path in ("a.csv", "b.csv")])
        return await world.run(body, several=True, wanted=wanted_of(Sale).to_dict())

    ended = asyncio.run(run())
    assert ended.status == "Failed"
    assert "file 2 (b.csv): The header lacks the column amount" in ended.output


def test_several_files_are_read_in_several_calls() -> None:
    """A call that reaches its deadline leaves the other files to the next one, and rows are numbered as in one call."""
    lists = []
    for timeout in (1000.0, 5.0):
        world = World(timeout=timeout)
        world.clock.tick = 1.0
        lists.append(asyncio.run(read_all(world)))
    assert lists[0] == lists[1]
    assert [(chunk.file, chunk.first_row) for chunk in lists[0].chunks] == [(n, 1 + 4 * n + 1) for n in range(6)]


async def read_all(world: World) -> Any:
    """The chunk list of six files of three rows."""
    for n in range(6):
        data = b"id,shop,amount\n" + b"".join(b"s%d%d,x,1\n" % (n, row) for row in range(3))
        await world.inputs.put(f"{n}.csv", gzip.compress(data, mtime=0) if n % 2 else data)
    body = orjson.dumps([[f"{n}.csv", await world.inputs.etag(f"{n}.csv")] for n in range(6)])
    await world.accept(body, state="reading", several=True, wanted=wanted_of(Sale).to_dict())
    answer = await world.call("read_input_file", cursor=None)
    while answer["cursor"] is not None:
        answer = await world.call("read_input_file", cursor=answer["cursor"])
    return await world.files.chunks(world.runs.records["r1"])
