"""The app's adapters to the database over the emulator's core. Each request is a boundary, and its answer may be
lost."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any

import orjson

from local.cosmos import EMULATOR_KEY
from local.cosmos.auth import Authorizer
from local.cosmos.emulator import Emulator
from local.cosmos.gateway import Gateway
from local.cosmos.messages import Request, Response
from outlast.cosmos.bulk.limits import Limits
from outlast.cosmos.bulk.request import body_of, results_of
from outlast.cosmos.bulk.staged_document import StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, Result, Route, Target, results_for
from outlast.cosmos.conditional import Conflict, change
from outlast.cosmos.snapshots.header import (
    HEADER,
    HEADERS,
    RUN,
    Edit,
    Header,
    Removed,
    header_document,
    header_id,
    read_header,
)
from outlast.errors import Transient
from outlast.key_paths import KeyPaths, each_path
from outlast.models import Json
from outlast.planning.there import kind_of
from outlast.report import Report
from outlast.runs import app_documents
from outlast.runs.listing import Listing
from outlast.runs.record import RunRecord
from outlast.runs.stale import Stale
from outlast.runs.store import need
from tests.simulation.scheduler import START, Scheduler

AAD = "type%3daad%26ver%3d1.0%26sig%3dtoken"
DATE, MIDNIGHT = "Thu, 01 Jan 2026 00:00:00 GMT", 1767225600.0


LONGEST_LAG = timedelta(seconds=3)


class Database:
    """`losses` is the chance that an answer is lost, half of them after the write; `busy` is the chance of a 503; `lag`
    is the chance that a record is read from a replica that is up to 3 seconds behind."""

    def __init__(self, scheduler: Scheduler, losses: float, busy: float, lag: float = 0.0) -> None:
        self.scheduler, self.losses, self.busy, self.lag = scheduler, losses, busy, lag
        self.writes = 0
        self._records: dict[str, list[tuple[datetime, RunRecord | None]]] = {}
        self.emulator = Emulator(clock=lambda: scheduler.now.timestamp(), throttled=False)
        self._gateway = Gateway(self.emulator, Authorizer(EMULATOR_KEY, lambda: MIDNIGHT, accept_aad=True))

    def create(self, containers: dict[str, KeyPaths]) -> None:
        self._answer("POST", "/dbs", {"id": "d"}, {})
        for name, key in containers.items():
            paths = each_path(key)
            kind = "MultiHash" if len(paths) > 1 else "Hash"
            definition = {"id": name, "partitionKey": {"paths": paths, "kind": kind, "version": 2}}
            assert self._answer("POST", "/dbs/d/colls", definition, {}).status == 201

    def fill(self, container: str, documents: Sequence[Json]) -> None:
        """Put documents into a container, an hour before anything else."""
        now, self.scheduler.now = self.scheduler.now, START - timedelta(hours=1)
        for document in documents:
            key = orjson.dumps([document["shop"]]).decode()
            path = f"/dbs/d/colls/{container}/docs"
            assert self._answer("POST", path, document, {"x-ms-documentdb-partitionkey": key}).status == 201
        self.scheduler.now = now

    async def ask(
        self, method: str, container: str, key: Any = None, id_: str = "", body: Any = None, **headers: str
    ) -> Response:
        """Send one request; raise Transient if its answer is lost."""
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

    def replica(self, run: str, newest: RunRecord | None) -> RunRecord | None:
        """Return the record as some replica has it: the newest, or a version that was replaced less than 3 seconds
        ago."""
        versions = self._records.get(run, [])
        late = [
            before for (_, before), (replaced, _) in pairwise(versions) if self.scheduler.now - replaced < LONGEST_LAG
        ]
        return self.scheduler.dice.choice(late) if late and self.scheduler.chance("stale read", self.lag) else newest

    def documents(self, container: str) -> list[dict[str, Any]]:
        """Return every document that is in the container now."""
        return [orjson.loads(body) for body in self.bodies(container)]

    def bodies(self, container: str) -> list[bytes]:
        partitions = self.emulator.account.container("d", container).partitions
        return [record.body for partition in partitions for record in partition.scan()]

    def times(self, container: str) -> dict[str, int]:
        """Return the time of the last write of every document by id."""
        partitions = self.emulator.account.container("d", container).partitions
        return {orjson.loads(record.body)["id"]: record.ts for one in partitions for record in one.scan()}

    def _note(self, document: Json) -> None:
        """Keep the version of a record, for the reads that are behind."""
        if "accepted" in document:
            record = RunRecord.from_document(document)
            self._records.setdefault(record.id, [(START, None)]).append((self.scheduler.now, record))

    def _answer(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Response:
        signed = {"x-ms-date": DATE, "authorization": AAD, **headers}
        self.writes += method != "GET"
        data = b"" if body is None else orjson.dumps(body)
        response = self._gateway.answer(Request(method, path, signed, data))
        if path.startswith("/dbs/d/colls/runs/docs") and method != "GET" and response.status in (200, 201):
            self._note(orjson.loads(response.body))
        return response


@lru_cache(maxsize=1024)
def _record_in(body: bytes) -> RunRecord | None:
    """Return the record, if the document is one. Every record is looked at after each write, of which few change it."""
    document = orjson.loads(body)
    return RunRecord.from_document({"_etag": "", **document}) if "accepted" in document else None


class CoreRuns:
    """Implements `Runs`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def create(self, record: RunRecord) -> bool:
        body = record.stamped(self._stamp()).to_document()
        response = await self.database.ask("POST", "runs", record.id, body=body)
        return response.status == 201

    async def find(self, run: str) -> RunRecord | None:
        response = await self.database.ask("GET", "runs", run, run)
        found = RunRecord.from_document(orjson.loads(response.body)) if response.status == 200 else None
        return self.database.replica(run, found)

    async def change(self, run: str, edit: Callable[[RunRecord], RunRecord], *, confirm: bool = False) -> RunRecord:
        async def write(before: RunRecord, after: RunRecord) -> RunRecord:
            body = after.stamped(self._stamp()).to_document()
            response = await self.database.ask("PUT", "runs", run, run, body, if_match=before.etag or "")
            if response.status != 200:
                raise Conflict
            return RunRecord.from_document(orjson.loads(response.body))

        return await change(read=lambda: need(self, run), edit=edit, write=write, confirm=confirm)

    async def newest(self, asked: Listing) -> list[RunRecord]:
        return self.all()[: asked.most]

    async def open_runs(self) -> list[RunRecord]:
        await self.database.scheduler.meet("QUERY runs")
        self.database.scheduler.reach("database", "identity")
        replica = [self.database.replica(record.id, record) for record in self.all()]
        return [record for record in replica if record and record.open]

    async def queued(self, owner: str, most: int) -> list[RunRecord]:
        waiting = [record for record in await self.open_runs() if record.status.state == "queued"]
        return sorted(waiting, key=lambda record: (record.request.accepted, record.id))[:most]

    async def of_others(self, owner: str) -> dict[str, int]:
        return dict(Counter(one.status.owner for one in await self.open_runs() if one.status.owner != owner))

    async def ended(self, owner: str, before: str, most: int) -> list[RunRecord]:
        closed = [one for one in self.all() if not one.open and one.status.owner == owner]
        found = [one for one in closed if (one.status.updated or "") <= before and one.status.removed is None]
        return sorted(found, key=lambda record: record.status.updated or "")[:most]

    async def delete(self, record: RunRecord) -> None:
        response = await self.database.ask("DELETE", "runs", record.id, record.id, if_match=record.etag or "")
        if response.status == 412:
            raise Stale(f"run {record.id}'s record has changed since it was read")

    def all(self) -> list[RunRecord]:
        return [record for body in self.database.bodies("runs") if (record := _record_in(body)) is not None]

    def _stamp(self) -> str:
        return self.database.scheduler.now.isoformat(timespec="milliseconds")


class CoreAppDocuments:
    """`AppDocuments`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def change(self, name: str, edit: app_documents.Edit) -> Json:
        async def read() -> Json:
            response = await self.database.ask("GET", "runs", name, name)
            found: Json = orjson.loads(response.body) if response.status == 200 else {"members": {}}
            return found

        async def write(before: Json, after: Json) -> Json:
            document, etag = {"id": name, "members": after["members"]}, before.get("_etag")
            if etag is None:
                response = await self.database.ask("POST", "runs", name, body=document)
            else:
                response = await self.database.ask("PUT", "runs", name, name, document, if_match=etag)
            if response.status not in (200, 201):
                raise Conflict
            written: Json = orjson.loads(response.body)
            return written

        changed = await change(
            read=read, edit=lambda before: {**before, "members": edit(before["members"])}, write=write
        )
        members: Json = changed["members"]
        return members


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

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        """Every container has the key of its report."""

    async def throughput(self, container: str) -> float:
        return math.inf

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        operations = orjson.loads(body_of(documents))
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
        return results_for(documents, results_of(orjson.loads(response.body)))


class CoreThere:
    """Implements `There`."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def policy(self, container: str) -> dict[str, Any] | None:
        return None

    async def kinds(self, container: str, documents: Sequence[StagedDocument]) -> list[str]:
        await self.database.scheduler.meet("READ documents")
        self.database.scheduler.reach("database", "identity")
        found = {document["id"]: document for document in self.database.documents(container)}
        return [kind_of(document.parsed(), found.get(document.parsed()["id"])) for document in documents]


class CoreSnapshots:
    """Implements `Snapshots`."""

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

    async def count(self, report: Report[Any]) -> tuple[int, float]:
        await self.database.scheduler.meet("QUERY count")
        return sum(HEADER not in one for one in self.database.documents(report.container)), 1.0

    async def remove(self, report: Report[Any], run: str, limits: Limits) -> Removed:
        await self.database.scheduler.meet("QUERY generation")
        self.database.scheduler.reach("database", "identity")
        key = str(report.partition_key)[1:]
        found = [(d[key], d["id"]) for d in self.database.documents(report.container) if d.get(RUN) == run][:5]
        for value, name in found:
            await self.database.ask("DELETE", report.container, value, name)
        return Removed(len(found), len(found))
