"""A database whose containers are dictionaries, with the faults that a test scripts."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from outlast.cosmos.bulk.sdk_transport import KeyRoute
from outlast.cosmos.bulk.staged_document import Patch, StagedDocument
from outlast.cosmos.bulk.transport import CONNECTION_LOST, CREATED, DELETED, REPLACED, UNCHANGED, Result, Route, Target
from outlast.cosmos.partition_key import check_partition_key
from outlast.key_paths import KeyPaths, each_path

CHARGE = 5.0
"""Request units that a write costs."""
Documents = dict[tuple[bytes, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What a send returns instead of success. `applied`: the write is done although its answer is lost."""

    status: int
    substatus: int = 0
    retry_after: float = 0.0
    applied: bool = False


def throttle(seconds: float) -> Fault:
    return Fault(429, 3200, seconds)


def lose(applied: bool) -> Fault:
    """Return the fault of a lost answer, with the write applied or not."""
    return Fault(CONNECTION_LOST, applied=applied)


@dataclass(slots=True)
class FakeTransport:
    """A batch is all or nothing, as with `execute_item_batch`.

    `script` holds what the next sends return, one each; None is success. `poison` maps the ids of documents that the
    database always refuses to their status.
    """

    containers: dict[str, Documents] = field(default_factory=dict)
    script: deque[Fault | None] = field(default_factory=deque)
    always: Fault | None = None
    poison: dict[str, int] = field(default_factory=dict)
    sent: list[list[str]] = field(default_factory=list)
    routes: int = 0
    provisioned: float = 1000.0
    now: Callable[[], float] = lambda: 0.0
    times: dict[tuple[bytes, str], float] = field(default_factory=dict)
    partition_key: KeyPaths = "/shop"
    in_flight: int = 0
    most_in_flight: int = 0

    def meet(self, faults: Iterable[Fault | None]) -> None:
        self.script = deque(faults)

    def documents(self, container: str) -> Documents:
        return self.containers.setdefault(container, {})

    async def route(self, container: str, stale: Route | None = None) -> Route | Result:
        self.routes += 1
        return KeyRoute()

    async def check_partition_key(self, container: str, key: KeyPaths) -> None:
        check_partition_key({"id": container, "partitionKey": {"paths": list(each_path(self.partition_key))}}, key)

    async def throughput(self, container: str) -> float:
        return self.provisioned

    async def send(self, container: str, target: Target, documents: Sequence[StagedDocument]) -> list[Result]:
        if (
            not documents
            or sum(document.operations for document in documents) > 100
            or len({document.partition_key for document in documents}) != 1
        ):
            raise AssertionError(f"{len(documents)} documents are no batch of one partition key")
        self.sent.append([document.id for document in documents])
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        fault = self.script.popleft() if self.script else self.always
        if fault is not None and not fault.applied:
            return [_failed(fault)] * len(documents)
        results = self._apply(self.documents(container), documents)
        return results if fault is None else [_failed(fault)] * len(documents)

    def _apply(self, stored: Documents, documents: Sequence[StagedDocument]) -> list[Result]:
        after = dict(stored)
        results = [self._one(after, document) for document in documents]
        bad = next((i for i, result in enumerate(results) if result.status >= 400), None)
        if bad is not None:
            return [results[bad] if i == bad else Result(424) for i in range(len(documents))]
        stored.clear()
        stored.update(after)
        return results

    def _one(self, stored: Documents, document: StagedDocument) -> Result:
        key = (document.partition_key, document.id)
        if status := self.poison.get(document.id):
            return Result(status, message=f"document {document.id} is refused")
        if document.operation in ("Read", "Patch") and key not in stored:
            return Result(404, message="Entity with the specified id does not exist in the system.")
        if document.operation == "Read":
            return Result(200, charge=1.0, content={**stored[key], "_ts": int(self.times[key]), "_etag": '"1"'})
        if document.operation == "Delete":
            return Result(UNCHANGED if stored.pop(key, None) is None else DELETED, charge=CHARGE)
        if document.operation == "Create" and key in stored:
            return Result(409, message="Entity with the specified id already exists in the system.")
        status = REPLACED if key in stored else CREATED
        stored[key] = _patched(stored[key], document) if isinstance(document, Patch) else document.parsed()
        self.times[key] = self.now()
        return Result(status, charge=CHARGE)


def _patched(before: dict[str, Any], patch: Patch) -> dict[str, Any]:
    """The document after the patches, as far as their paths are names."""
    after: dict[str, Any] = deepcopy(before)
    for step in (step for _, steps in patch.patches() for step in steps):
        *above, last = [name.replace("~1", "/").replace("~0", "~") for name in step["path"][1:].split("/")]
        holder = after
        for name in above:
            holder = holder[name]
        holder[last] = step["value"]
    return after


def _failed(fault: Fault) -> Result:
    return Result(fault.status, fault.substatus, 0.0, fault.retry_after, "scripted")
