"""One start for each `Idempotency-Key`: the run that a key means, and whether a request repeats the accepted one.

Source: IETF draft "The Idempotency-Key HTTP Header Field", section 2: another payload under a used key is a 422.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson

from outlast.errors import Transient
from outlast.http.problem import Problem, bad_request
from outlast.http.start_request import StartRequest
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.paths import body_path
from outlast.staging.store import Staging

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
LOOKS = 4
LOOK_SECONDS = 0.5
"""Between two looks for the orchestration of a run that another request recorded and should be starting now."""


@dataclass(frozen=True, slots=True)
class StartOnce:
    """Stages, records and starts a run, each once however often it is asked for."""

    runs: Runs
    staging: Staging
    launcher: Launcher
    sleep: Callable[[float], Awaitable[None]]

    async def accept(self, record: RunRecord, body: bytes | None, client: Any) -> None:
        """Stage the body, then record the run, then start it: each needs the one before."""
        if body is not None:
            await self.staging.put(body_path(record.id, record.request.body), body)
        if await self.runs.create(record):
            await self._start(client, record)
        elif not await self.is_repeat(record, client):
            raise Transient(f"the record of run {record.id} was there and is gone; post again")

    async def is_repeat(self, record: RunRecord, client: Any) -> bool:
        """Return whether the run was accepted before; raise Problem when that was another request."""
        before = await self.runs.find(record.id)
        if before is None:
            return False
        refuse_another(before, record.request.fingerprint)
        await self._start_unless_started(client, before)
        return True

    async def _start_unless_started(self, client: Any, record: RunRecord) -> None:
        """Start a recorded run whose recorder died before it started the run."""
        if record.status.state != "accepted":
            return
        for _ in range(LOOKS):
            if await _is_there(client, record.id):
                return
            await self.sleep(LOOK_SECONDS)
        await self._start(client, record)

    async def _start(self, client: Any, record: RunRecord) -> None:
        """Start the orchestration; one that is there already is as good."""
        try:
            await self.launcher.start_run(client, record)
        except Exception as error:  # the SDK raises nothing narrower
            if not await _is_there(client, record.id):
                text = f"run {record.id} was recorded, but its orchestration did not start; post again"
                raise Transient(text) from error


def read_key(request: func.HttpRequest) -> str | None:
    """The caller's key, or None. Raises a Problem for a key of the wrong length or characters."""
    key: str | None = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise bad_request(f"{HEADER} must be 1 to {LONGEST_KEY} printable ASCII characters", HEADER)
    return key


def fingerprint(report: str, asked: StartRequest) -> str:
    """A hash of all that the caller asked for."""
    source = [asked.reference, asked.reference_etag] if asked.body is None else asked.digest
    parts = [
        report,
        asked.parameters.model_dump(mode="json"),
        asked.options.model_dump(mode="json"),
        asked.format.name,
        asked.gzipped,
        source,
    ]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def refuse_another(record: RunRecord, asked: str | None) -> None:
    """Raise Problem unless the record is that of this request."""
    if record.request.fingerprint != asked:
        detail = f"{HEADER} was used for run {record.id} with another request; take a new key, or repeat that one"
        raise Problem(422, "Unprocessable Content", detail, HEADER, run=record.id)


async def _is_there(client: Any, run: str) -> bool:
    try:
        return bool(await client.get_status(run))
    except Exception:  # noqa: BLE001  # the SDK raises nothing narrower; the start then shows what is wrong
        return False
