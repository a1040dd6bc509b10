"""One start for each `Idempotency-Key`: the run that a key means, and whether a request repeats the accepted one.

Source: IETF draft "The Idempotency-Key HTTP Header Field", section 2: another payload under a used key is a 422.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import azure.functions as func
import orjson

from outlast.errors import Transient
from outlast.http.problem import Problem, bad_request
from outlast.http.start_request import StartRequest
from outlast.runs.record import RunRecord

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
LOOKS = 4
LOOK_SECONDS = 0.5
"""A call that records a run starts it within LOOKS times LOOK_SECONDS. After that time, a repeat starts it instead."""


def read_key(request: func.HttpRequest) -> str | None:
    """The caller's key, or None. Raises a Problem for a key of the wrong length or characters."""
    key: str | None = request.headers.get(HEADER)
    if key is not None and not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise bad_request(f"{HEADER} must be 1 to {LONGEST_KEY} printable ASCII characters", HEADER)
    return key


def run_of(report: str, key: str) -> str:
    """The id of the run that has this key."""
    return hashlib.sha256(orjson.dumps([report, key])).hexdigest()[:32]


def fingerprint(report: str, asked: StartRequest) -> str:
    """A hash of all that the caller asked for."""
    source = [asked.reference, asked.reference_etag] if asked.body is None else hashlib.sha256(asked.body).hexdigest()
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
    """Raise a Problem unless the record was made by the same request."""
    if record.fingerprint != asked:
        detail = f"{HEADER} was used for run {record.id} with another request; use a new key, or repeat that request"
        raise Problem(422, "Unprocessable Content", detail, HEADER, run=record.id)


async def start(client: Any, record: RunRecord) -> None:
    """Start a run's orchestration, unless it exists already."""
    try:
        await client.start_new("import_report", record.id, {"attempt": record.attempt})
    except Exception as error:  # the SDK raises nothing narrower
        if await _is_there(client, record.id):
            return
        raise Transient(f"run {record.id} was recorded, but its orchestration did not start; post again") from error


async def start_unless_started(client: Any, record: RunRecord, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Start a recorded run whose own call has died before it could start it."""
    if record.state != "accepted":
        return
    for _ in range(LOOKS):
        if await _is_there(client, record.id):
            return
        await sleep(LOOK_SECONDS)
    await start(client, record)


async def _is_there(client: Any, run: str) -> bool:
    try:
        return bool(await client.get_status(run))
    except Exception:  # noqa: BLE001  # the SDK raises nothing narrower; the start then shows what is wrong
        return False
