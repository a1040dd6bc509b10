"""Many clients at the same time."""

import asyncio
import random
from email.utils import formatdate
from pathlib import Path

import aiohttp
import orjson
import pytest

from local.cosmos import EMULATOR_KEY
from tests.contract.cosmos_emulator.clients import Raw
from tests.unit.local.cosmos.emulating import new_server

BATCH = {
    "x-ms-cosmos-is-batch-request": "true",
    "x-ms-cosmos-batch-atomic": "true",
    "x-ms-documentdb-partitionkey": '["a"]',
}
PATH = "/dbs/d/colls/c/docs"
DEFINITION = {"id": "c", "partitionKey": {"paths": ["/pk"], "kind": "Hash", "version": 2}}


@pytest.mark.parametrize("kept", [False, True], ids=["in memory", "in SQLite"])
def test_batches_of_concurrent_writers_are_all_or_nothing(tmp_path: Path, kept: bool) -> None:
    """When several writers create the same ids at once, one of them creates all and the others none."""

    async def run() -> None:
        async with (
            new_server(data_dir=tmp_path if kept else None, throttled=False) as server,
            aiohttp.ClientSession(server.url) as session,
        ):
            raw = Raw(server.url, EMULATOR_KEY)

            async def post(path: str, body: object, headers: dict[str, str]) -> tuple[int, list[dict[str, int]]]:
                date = formatdate(usegmt=True)
                signed = {"x-ms-date": date, "Authorization": raw.sign("POST", path, date)}
                async with session.post(path, data=orjson.dumps(body), headers={**headers, **signed}) as response:
                    return response.status, orjson.loads(await response.read())

            async def write(writer: int, round_: int) -> bool:
                ids = [f"{round_}-{at}" for at in range(5)]
                random.Random(writer).shuffle(ids)
                body = [
                    {"operationType": "Create", "resourceBody": {"id": id_, "pk": "a", "by": writer}} for id_ in ids
                ]
                return (await post(PATH, body, BATCH))[0] == 200

            await post("/dbs", {"id": "d"}, {})
            await post("/dbs/d/colls", DEFINITION, {})
            for round_ in range(10):
                won = await asyncio.gather(*[write(writer, round_) for writer in range(8)])
                assert sum(won) == 1
                group = server.emulator.account.container("d", "c").partitions[0].groups[b"\x08a\xff"]
                written = [orjson.loads(group[f"{round_}-{at}"].body)["by"] for at in range(5)]
                assert written == [won.index(True)] * 5

    asyncio.run(run())
