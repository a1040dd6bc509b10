"""One start for each `Idempotency-Key`: the run that a key means, and whether a request repeats the accepted one.

Source: IETF draft "The Idempotency-Key HTTP Header Field", section 2: another payload under a used key is a 422.
"""

import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func
import orjson
from obstore.exceptions import BaseError

from outlast.cosmos.snapshots.header import Snapshots
from outlast.errors import Permanent, Transient
from outlast.http.problem import Problem, bad_request
from outlast.http.start_request import StartRequest
from outlast.models import MIRROR, Json
from outlast.report import Report
from outlast.runs.ids import run_of_key, run_of_key_without_secret
from outlast.runs.launcher import Launcher
from outlast.runs.record import RunRecord
from outlast.runs.store import Runs
from outlast.staging.paths import body_path, starting_path
from outlast.staging.store import Staging

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
LOOKS = 4
LOOK_SECONDS = 0.5
"""Seconds between two looks for the orchestration of a run that another request recorded and should be starting now."""

NOT_STARTED = ("queued", "accepted")
"""States of a run whose orchestration may be still to come."""
OPTIONS_WITHOUT_SECRET = {"filename", "tolerated_rejects", "tolerated_reject_percent", "max_parallel", "ru_share"}
"""The options of the release before the app had a secret."""
Meant = Mapping[str, str | None]
"""By the id of a run: the fingerprint that its record has if it is that of the request."""


@dataclass(frozen=True, slots=True)
class StartOnce:
    """Stages, records and starts a run, each once however often it is asked for. `secret` returns the app's secret."""

    runs: Runs
    staging: Staging
    launcher: Launcher
    sleep: Callable[[float], Awaitable[None]]
    secret: Callable[[], Awaitable[str]]

    async def meant_by(self, key: str, report: str, asked: StartRequest) -> Meant:
        """The ids that the run of a key can have, the id of a new run first."""
        return {
            run_of_key(report, key, await self.secret()): fingerprint(report, asked),
            run_of_key_without_secret(report, key): fingerprint_with_defaults(report, asked),
        }

    async def accept(self, record: RunRecord, body: bytes | None, client: Any) -> None:
        """Stage the body, then record the run, then start it: each needs the one before.

        A body whose run is surely not recorded is removed. `remove_unrecorded` finds what a kill or a lost answer
        leaves.
        """
        if body is not None:
            await self.staging.put(starting_path(record.id, record.request.body), b"")
            await self.staging.put(body_path(record.id, record.request.body), body)
        if await self._create(record):
            await self._start(client, record)
        elif not await self.find_repeated({record.id: record.request.fingerprint}, client):
            raise Transient(f"the record of run {record.id} was there and is gone; post again")

    async def _create(self, record: RunRecord) -> bool:
        """Record the run; return whether the record is ours. Permanent means that no record was written."""
        try:
            created = await self.runs.create(record)
        except Permanent:
            await self._unstage(record)
            raise
        if not created:
            before = await self.runs.find(record.id)
            if before is not None and before.request.body != record.request.body:
                await self._unstage(record)
        return created

    async def _unstage(self, record: RunRecord) -> None:
        """Remove the body, then the file that names it. A removal that fails is made up for by `remove_unrecorded`."""
        if record.request.reference is not None:
            return
        try:
            await self.staging.delete(body_path(record.id, record.request.body))
            await self.staging.delete(starting_path(record.id, record.request.body))
        except (BaseError, OSError, Transient) as error:
            logging.getLogger("outlast").warning("run %s: its body is not removed yet: %s", record.id, error)

    async def find_repeated(self, meant: Meant, client: Any) -> RunRecord | None:
        """The record of the run that was accepted before; raise Problem when that was another request."""
        for run, asked in meant.items():
            before = await self.runs.find(run)
            if before is not None:
                refuse_another(before, asked)
                await self._start_unless_started(client, before)
                return before
        return None

    async def _start_unless_started(self, client: Any, record: RunRecord) -> None:
        """Start a recorded run whose recorder died before it started the run."""
        if record.status.state not in NOT_STARTED:
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
    """A hash of all that the caller asked for. How the answer is to look is no part of it.

    Values that are the default are left out, so that a release with one more option or parameter knows the requests of
    the release before.
    """
    parameters = asked.parameters.model_dump(mode="json", exclude_defaults=True)
    options = asked.options.model_dump(mode="json", exclude={"durable_urls"}, exclude_defaults=True)
    return _hash(report, asked, parameters, options)


def fingerprint_with_defaults(report: str, asked: StartRequest) -> str:
    """The fingerprint that this request has in the record of a run that was accepted before the app had a secret."""
    options = asked.options.model_dump(mode="json", include=OPTIONS_WITHOUT_SECRET)
    return _hash(report, asked, asked.parameters.model_dump(mode="json"), options)


def _hash(report: str, asked: StartRequest, parameters: Json, options: Json) -> str:
    source = [asked.reference, asked.reference_etag] if asked.reference is not None else asked.digest
    gzipped = asked.reading.compression == "gzip"
    parts = [report, parameters, options, asked.reading.format, gzipped, source]
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def refuse_another(record: RunRecord, asked: str | None) -> None:
    """Raise Problem unless the record is that of this request."""
    if record.request.fingerprint != asked:
        detail = f"{HEADER} was used for run {record.id} with another request; take a new key, or repeat that one"
        raise Problem(422, "Unprocessable Content", detail, HEADER, run=record.id)


async def refuse_published(snapshots: Snapshots, report: Report[Any], run: str) -> None:
    """Raise Problem where the header names the id of this new run: its record was removed, its documents were not. The
    new run would change a generation while it is read, or a mirror report's documents that nothing would be compared
    with, because a run is not compared with itself."""
    header = await snapshots.header(report) if report.mode in ("snapshot", MIRROR) else None
    if header is not None and header.holds(run):
        detail = f"{HEADER} was used for run {run}, which was removed and whose documents are kept; take a new key"
        raise Problem(409, "Conflict", detail, HEADER, run=run)


async def was_purged(client: Any, record: RunRecord) -> bool:
    """Whether the run was started and its orchestration is gone. Without an answer of the host it is not."""
    if record.status.state in NOT_STARTED:
        return False
    try:
        return not await client.get_status(record.id)
    except Exception:  # noqa: BLE001  # the SDK raises nothing narrower; the caller polls and sees
        return False


async def _is_there(client: Any, run: str) -> bool:
    try:
        return bool(await client.get_status(run))
    except Exception:  # noqa: BLE001  # the SDK raises nothing narrower; the start then shows what is wrong
        return False
