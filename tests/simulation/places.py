"""Staging in memory without threads, the mail service and the durable client for simulations."""

import json
from datetime import datetime
from typing import Any

from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus
from azure.durable_functions.models.PurgeHistoryResult import PurgeHistoryResult

from outlast.errors import Permanent, Transient
from outlast.mail import Email
from outlast.staging.store import Staging
from tests.fakes.http import FakeClient
from tests.simulation.engine import Engine
from tests.simulation.scheduler import Scheduler


class MemoryStaging(Staging):
    """Each put is a boundary, before and after it, and its answer may be lost."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__("memory:///")
        self.scheduler = scheduler
        self.files: dict[str, bytes] = {}

    async def put(self, path: str, data: bytes | bytearray) -> None:
        await self.scheduler.meet("put")
        self._reach()
        self.files[path] = bytes(data)
        self._answer()
        await self.scheduler.meet("put done")

    async def put_if_absent(self, path: str, data: bytes) -> bool:
        await self.scheduler.meet("put if absent")
        self._reach()
        first = self.files.setdefault(path, data) is data
        self._answer()
        return first

    async def list(self, folder: str) -> list[tuple[str, datetime]]:
        await self.scheduler.meet("list")
        self._reach()
        return [(path, self.scheduler.now) for path in self.files if path.startswith(f"{folder}/")]

    async def delete(self, path: str) -> None:
        await self.scheduler.meet("delete file")
        self._reach()
        self.files.pop(path, None)
        self._answer()

    def _answer(self) -> None:
        if self.scheduler.forgets():
            raise OSError("the staging location gave no answer")

    async def get(self, path: str) -> bytes | None:
        self._reach()
        return self.files.get(path)

    async def get_range(self, path: str, start: int, length: int, version: str | None = None) -> bytes:
        self._reach()
        if path not in self.files:
            raise Permanent(f"the file {path} is missing")
        return self.files[path][start : start + length]

    async def etag(self, path: str) -> str | None:
        self._reach()
        return "e" if path in self.files else None

    async def size(self, path: str) -> int | None:
        self._reach()
        return len(self.files[path]) if path in self.files else None

    def _reach(self) -> None:
        self.scheduler.reach("storage", "identity")


class Post:
    """A mail service. `losses` is the chance that the answer is lost after an email was accepted; `failures` is the
    chance that an email is refused."""

    missing = None

    def __init__(self, scheduler: Scheduler, losses: float, failures: float) -> None:
        self.scheduler, self.losses, self.failures = scheduler, losses, failures
        self.emails: list[Email] = []
        self.unsure: set[str] = set()

    async def send(self, email: Email) -> None:
        await self.scheduler.meet("mail")
        if self.scheduler.chance("mail refused", self.failures):
            raise Transient("the mail service answered 503")
        self.emails.append(email)
        self.unsure.add(email.key)
        if self.scheduler.chance("mail's answer lost", self.losses):
            raise Transient("the mail service gave no answer")
        await self.scheduler.meet("mail answered")


class Receiver:
    """A program that takes events. `losses` and `failures` are as those of the mail service."""

    configured = True

    def __init__(self, scheduler: Scheduler, losses: float, failures: float) -> None:
        self.scheduler, self.losses, self.failures = scheduler, losses, failures
        self.keys: list[str] = []

    async def post(self, key: str, body: bytes) -> bool:
        await self.scheduler.meet("webhook")
        if self.scheduler.chance("event refused", self.failures):
            raise Transient("the webhook answered 503")
        self.keys.append(key)
        if self.scheduler.chance("webhook's answer lost", self.losses):
            raise Transient("the webhook gave no answer")
        await self.scheduler.meet("webhook answered")
        return True


class Client(FakeClient):
    """The durable client over the engine."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine

    async def start_new(
        self, orchestration_function_name: str, instance_id: str = "", client_input: Any = None, version: Any = None
    ) -> str:
        await self.engine.scheduler.meet(f"start {instance_id}")
        self.engine.start(orchestration_function_name, instance_id, client_input)
        await self.engine.scheduler.meet(f"started {instance_id}")
        return instance_id

    async def get_status(self, instance_id: str, *_: Any, **__: Any) -> DurableOrchestrationStatus:
        await self.engine.scheduler.meet("status")
        found = self.engine.instances.get(instance_id)
        if found is None or found.updated is None:
            return DurableOrchestrationStatus()
        updated = found.updated.strftime("%Y-%m-%dT%H:%M:%SZ")
        about = {"instanceId": found.id, "createdTime": updated, "lastUpdatedTime": updated}
        about |= {"runtimeStatus": found.status, "input": json.dumps(found.input)}
        return DurableOrchestrationStatus.from_json(about | {"customStatus": found.custom, "output": found.output})

    async def raise_event(self, instance_id: str, event_name: str, event_data: Any = None, *_: Any, **__: Any) -> None:
        await self.engine.scheduler.meet(f"raise {event_name}")
        self.engine.raise_event(instance_id, event_name, event_data)

    async def purge_instance_history(self, instance_id: str) -> PurgeHistoryResult:
        if instance_id not in self.engine.instances:
            return PurgeHistoryResult(instancesDeleted=0)
        await self.engine.scheduler.meet(f"purge {instance_id}")
        self.engine.purge(instance_id)
        await self.engine.scheduler.meet(f"purged {instance_id}")
        return PurgeHistoryResult(instancesDeleted=1)

    async def terminate(self, instance_id: str, reason: str) -> None:
        self.engine.terminate(instance_id, reason)
