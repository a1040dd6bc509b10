"""The emulator's core as a transport. It sends the bulk request's own text without sockets, in the loop's time."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson

from local.cosmos import EMULATOR_KEY
from local.cosmos.auth import Authorizer
from local.cosmos.emulator import Emulator
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from outlast.cosmos.bulk.partition_map import PartitionMap
from outlast.cosmos.bulk.request import body_of, headers_for, results_of
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Route, Target, results_for
from outlast.key_paths import KeyPaths

EPOCH = 1_767_225_600.0
DATABASE = "d"
TOKEN = {"authorization": "type%3Daad%26ver%3D1.0%26sig%3Dx", "x-ms-version": "2020-07-15"}
PARTITIONS = "x-ms-local-partitions"


class InProcess:
    """`trace` records what was sent when and what came back; `latency` is the most seconds that each direction
    takes."""

    def __init__(self, random: Random, latency: float = 0.01) -> None:
        loop = asyncio.get_running_loop()
        self.emulator = Emulator(clock=lambda: EPOCH + loop.time())
        self._gateway = Gateway(self.emulator, Authorizer(EMULATOR_KEY, self.emulator.clock, accept_aad=True))
        self.trace: list[tuple[float, str, int, list[int]]] = []
        self._random = random
        self._latency = latency
        self._maps: dict[str, PartitionMap] = {}
        self._ask("POST", "/dbs", {"id": DATABASE})

    def create_container(self, name: str, throughput: int, splits: int = 0, version: int = 2) -> None:
        body = {"id": name, "partitionKey": {"paths": ["/shop"], "kind": "Hash", "version": version}}
        self._ask("POST", f"/dbs/{DATABASE}/colls", body, {"x-ms-offer-throughput": str(throughput)})
        for _ in range(splits):
            self.split(name)

    def split(self, name: str) -> None:
        """Divide one of the ranges."""
        container = self.emulator.account.container(DATABASE, name)
        self.emulator.split(container, self._random.choice(container.partitions).id)

    def documents(self, name: str) -> dict[str, dict[str, Any]]:
        """Return all documents by id."""
        answer = self._ask(
            "POST",
            f"/dbs/{DATABASE}/colls/{name}/docs",
            {"query": "SELECT * FROM c"},
            {
                "x-ms-documentdb-isquery": "true",
                "content-type": "application/query+json",
                "x-ms-documentdb-query-enablecrosspartition": "true",
                "x-ms-max-item-count": "-1",
            },
        )
        return {each["id"]: each for each in orjson.loads(answer.body)["Documents"]}

    def count(self, name: str) -> int:
        return sum(len(partition) for partition in self.emulator.account.container(DATABASE, name).partitions)

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        known = self._maps.get(container)
        if known is not None and known is not stale:
            return known
        path = f"/dbs/{DATABASE}/colls/{container}"
        answers = [await self._travel("GET", path), await self._travel("GET", f"{path}/pkranges")]
        for answer in answers:
            if answer.reset:
                return Result(CONNECTION_LOST)
            if answer.status != 200:
                return _whole(answer)
        properties, ranges = (orjson.loads(answer.body) for answer in answers)
        self._maps[container] = PartitionMap.read(properties, ranges["PartitionKeyRanges"], None)
        return self._maps[container]

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        """Every container has the key of its report."""

    async def throughput(self, container: str) -> float:
        return float(self.emulator.account.container(DATABASE, container).throughput.value)

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        began = asyncio.get_running_loop().time()
        body = body_of(documents).encode()
        path = f"/dbs/{DATABASE}/colls/{container}/docs"
        answer = await self._travel("POST", path, body, {**headers_for(target.batch), "prefer": "return=minimal"})
        results = self._results(answer, documents)
        self.trace.append((began, target.batch, len(documents), [result.status for result in results]))
        return results

    def _results(self, answer: Response, documents: Sequence[StagedDocument]) -> list[Result]:
        if answer.reset:
            return [Result(CONNECTION_LOST)] * len(documents)
        if answer.status >= 400:
            return [_whole(answer)] * len(documents)
        return results_for(documents, results_of(orjson.loads(answer.body)))

    async def _travel(
        self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> Response:
        await asyncio.sleep(self._random.random() * self._latency)
        answer = self._gateway.answer(Request(method, path, {**TOKEN, **(headers or {})}, body))
        await asyncio.sleep(self._random.random() * self._latency + answer.delay)
        return answer

    def _ask(self, method: str, path: str, body: Any, headers: dict[str, str] | None = None) -> Response:
        answer = self._gateway.answer(Request(method, path, {**TOKEN, **(headers or {})}, orjson.dumps(body)))
        if answer.status >= 400:
            raise AssertionError(answer.body.decode())
        return answer


def _whole(answer: Response) -> Result:
    wait = float(answer.headers.get("x-ms-retry-after-ms", 0)) / 1000
    return Result(answer.status, int(answer.headers.get("x-ms-substatus", 0)), 0.0, wait, answer.body.decode())
