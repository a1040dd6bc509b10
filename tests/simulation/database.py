"""The app's ways into the database, over the emulator's core: each request is a boundary, its answer may be lost."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from local.cosmos import EMULATOR_KEY
from local.cosmos.auth import Authorizer
from local.cosmos.emulator import Emulator
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Route, Target
from outlast.cosmos.conditional import Conflict, change
from outlast.cosmos.snapshots.header import HEADERS, RUN, Edit, Header, header_document, header_id, read_header
from outlast.errors import Transient
from outlast.report import Report
from outlast.runs.record import ENDED, RunRecord
from outlast.runs.store import Listing, need
from tests.simulation.scheduler import Scheduler

AAD = "type%3daad%26ver%3d1.0%26sig%3dtoken"
DATE, MIDNIGHT = "Thu, 01 Jan 2026 00:00:00 GMT", 1767225600.0


class Database:
    """`losses`: the chance that an answer is lost, half of them after the write; `busy` that of a 503."""

    def __init__(self, scheduler: Scheduler, losses: float, busy: float) -> None:
        self.scheduler, self.losses, self.busy = scheduler, losses, busy
        self.writes = 0
        self.emulator = Emulator(clock=scheduler.clock, throttled=False)
        self._gateway = Gateway(self.emulator, Authorizer(EMULATOR_KEY, lambda: MIDNIGHT, accept_aad=True))

    def create(self, containers: dict[str, str]) -> None:
        self._answer("POST", "/dbs", {"id": "d"}, {})
        for name, key in containers.items():
            definition = {"id": name, "partitionKey": {"paths": [key], "kind": "Hash", "version": 2}}
            assert self._answer("POST", "/dbs/d/colls", definition, {}).status == 201

    async def ask(
        self, method: str, container: str, key: Any = None, id_: str = "", body: Any = None, **headers: str
    ) -> Response:
        """One request; raise Transient where its answer is lost."""
        await self.scheduler.meet(f"{method} {container}")
        self.scheduler.reach("database", "identity")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if "x-ms-documentdb-partitionkeyrangeid" not in named:
            named["x-ms-documentdb-partitionkey"] = orjson.dumps([key]).decode()
        if self.scheduler.chance("request lost", self.losses / 2):
            raise Transient("lost")
        path = f"/dbs/d/colls/{container}/docs{'/' + id_ if id_ else ''}"
        response = self._answer(method, path, body, named)
        if self.scheduler.chance("answer lost", self.losses / 2) or (method != "GET" and self.scheduler.forgets()):
            raise Transient("lost")
        await self.scheduler.meet(f"{method} {container} answered")
        return response

    def documents(self, container: str) -> list[dict[str, Any]]:
        """Everything that is there now."""
        partitions = self.emulator.account.container("d", container).partitions
        return [orjson.loads(record.body) for partition in partitions for record in partition.scan()]

    def _answer(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Response:
        signed = {"x-ms-date": DATE, "authorization": AAD, **headers}
        self.writes += method != "GET"
        data = b"" if body is None else orjson.dumps(body)
        return self._gateway.answer(Request(method, path, signed, data))


class CoreRuns:
    """`Runs`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def create(self, record: RunRecord) -> bool:
        body = record.changed(updated=self._stamp()).to_document()
        return (await self.database.ask("POST", "runs", record.id, body=body)).status == 201

    async def find(self, run: str) -> RunRecord | None:
        response = await self.database.ask("GET", "runs", run, run)
        return RunRecord.from_document(orjson.loads(response.body)) if response.status == 200 else None

    async def change(self, run: str, edit: Callable[[RunRecord], RunRecord]) -> RunRecord:
        async def write(before: RunRecord, after: RunRecord) -> RunRecord:
            body = after.changed(updated=self._stamp()).to_document()
            response = await self.database.ask("PUT", "runs", run, run, body, if_match=before.etag or "")
            if response.status != 200:
                raise Conflict
            return RunRecord.from_document(orjson.loads(response.body))

        return await change(read=lambda: need(self, run), edit=edit, write=write)

    async def newest(self, asked: Listing) -> list[RunRecord]:
        return self.all()[: asked.most]

    async def open_runs(self) -> list[RunRecord]:
        await self.database.scheduler.meet("QUERY runs")
        self.database.scheduler.reach("database", "identity")
        return [record for record in self.all() if record.status.state not in ENDED or record.status.pending]

    def all(self) -> list[RunRecord]:
        return [RunRecord.from_document({"_etag": "", **document}) for document in self.database.documents("runs")]

    def _stamp(self) -> str:
        return self.database.scheduler.now.isoformat(timespec="milliseconds")


class OneRange:
    """A `Route` for containers of one partition."""

    def targets(self, documents: Sequence[StagedDocument]) -> list[Target]:
        return [Target("0", "0")] * len(documents)


class CoreTransport:
    """A `Transport` that sends bulk requests to the one partition of a container."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        return OneRange()

    async def check_partition_key(self, container: str, path: str) -> None:
        """Every container has the key of its report."""

    async def throughput(self, container: str) -> float:
        return math.inf

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        operations = [
            {
                "operationType": "Upsert",
                "partitionKey": f"[{document.partition_key.decode()}]",
                "resourceBody": document.parsed(),
            }
            for document in documents
        ]
        headers = {
            "x_ms_cosmos_is_batch_request": "true",
            "x_ms_cosmos_batch_continue_on_error": "true",
            "x_ms_documentdb_partitionkeyrangeid": "0",
        }
        if self.database.scheduler.chance("503", self.database.busy):
            return [Result(503)] * len(documents)
        try:
            response = await self.database.ask("POST", container, body=operations, **headers)
        except Transient:
            return [Result(CONNECTION_LOST)] * len(documents)
        return [Result(answer["statusCode"], charge=answer["requestCharge"]) for answer in orjson.loads(response.body)]


class CoreSnapshots:
    """`Snapshots`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def header(self, report: Report[Any]) -> Header | None:
        response = await self.database.ask("GET", report.container, HEADERS, header_id(report))
        return read_header(orjson.loads(response.body)) if response.status == 200 else None

    async def change(self, report: Report[Any], edit: Edit) -> Header | None:
        async def write(before: Header | None, after: Header) -> Header:
            body = header_document(report, after)
            if before is None:
                response = await self.database.ask("POST", report.container, HEADERS, body=body)
            else:
                name, etag = header_id(report), before.etag or ""
                response = await self.database.ask("PUT", report.container, HEADERS, name, body, if_match=etag)
            if response.status not in (200, 201):
                raise Conflict
            return read_header(orjson.loads(response.body))

        return await change(read=lambda: self.header(report), edit=edit, write=write)

    async def remove(self, report: Report[Any], run: str) -> int:
        await self.database.scheduler.meet("QUERY generation")
        self.database.scheduler.reach("database", "identity")
        key = report.partition_key[1:]
        found = [(d[key], d["id"]) for d in self.database.documents(report.container) if d.get(RUN) == run][:5]
        for value, name in found:
            await self.database.ask("DELETE", report.container, value, name)
        return len(found)
