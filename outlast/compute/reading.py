"""Runs `read_data_from_db` of a report in a child process of its own, so that one that blocks stops nobody else.

The child opens its own client of the database and ends after the call.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import orjson

from outlast.compute.child import Child, Ended, Late
from outlast.compute.wire import Frame
from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent, Transient
from outlast.json_numbers import find_number, is_not_finite
from outlast.models import Json
from outlast.report import Report

MOST_BYTES = 16 * 1024 * 1024
"""Bytes as JSON. The process that generates keeps the parsed value, which takes about five times as much memory."""


NOTHING = Frame({}, [])


class ReadingStopped(Exception):
    """The report read for too long and was stopped. `where` is the line at which that was, if known."""

    def __init__(self, where: str = "") -> None:
        super().__init__(where)
        self.where = where


class Read(NamedTuple):
    """What a report has read, as JSON, and the records that it has logged."""

    data: bytes
    logs: list[Json]


class DatabaseReading(Protocol):
    async def read(self, report: Report[Any], parameters: Json, seconds: float) -> Read:
        """What the report reads. Raises ReadingStopped after these seconds, Permanent for a value that cannot be kept,
        and Transient for whatever the report raises."""
        ...


@dataclass(frozen=True, slots=True)
class ReadingChild:
    """Implements DatabaseReading. `app` is the app's folder; the rest is what `Cosmos` needs."""

    app: Path
    endpoint: str
    key: str
    database: str

    async def read(self, report: Report[Any], parameters: Json, seconds: float) -> Read:
        """See DatabaseReading."""
        child = Child(self.app)
        account = {"endpoint": self.endpoint, "key": self.key, "database": self.database}
        header = {"kind": "read", "report": report.name, "parameters": parameters, "account": account}
        try:
            frame = await child.load(report.name, reads=True) or NOTHING
            if "error" not in frame.header:
                frame = await child.ask(header, [], seconds)
        except Late as error:
            raise ReadingStopped(error.where) from None
        except Ended as error:
            raise Transient(f"read_data_from_db of {report.name} ended its process: {error}") from None
        finally:
            await child.close()
        if text := frame.header.get("error"):
            raise Permanent(text) if frame.header["permanent"] else Transient(text)
        return Read(bytes(frame.payloads[0]), frame.header["logs"])


def read_now(report: Report[Any], header: Json) -> bytes:
    """Read, in the child."""
    return asyncio.run(_read_with_client(report, header))


async def _read_with_client(report: Report[Any], header: Json) -> bytes:
    cosmos = Cosmos(**header["account"])
    try:
        return await read_encoded(report, header["parameters"], cosmos)
    finally:
        with suppress(Exception):  # the value is read, and the process ends
            await cosmos.close()


async def read_encoded(report: Report[Any], parameters: Json, cosmos: Cosmos) -> bytes:
    """What the report reads, as JSON. Raises as DatabaseReading does."""
    typed = report.parameters.model_validate(parameters)
    try:
        found = await report.read_data_from_db(await cosmos.database(), typed)
    except (Permanent, Transient):
        raise
    except Exception as error:
        text = f"read_data_from_db of {report.name} raised {type(error).__name__}: {error}"
        raise Transient(text) from error
    return _encoded(found, report)


def _encoded(reference: Any, report: Report[Any]) -> bytes:
    """The value as JSON. Raises Permanent when JSON cannot express it or it is too large."""
    try:
        encoded = orjson.dumps(reference)
    except TypeError as error:
        raise Permanent(f"read_data_from_db of {report.name} returned what is no JSON: {error}") from None
    if (path := find_number(reference, is_not_finite)) is not None:
        raise Permanent(
            f"read_data_from_db of {report.name} returned a NaN or an infinity{f' at {path}' if path else ''}, which "
            "JSON cannot say; leave it out, or return None in its place"
        )
    if len(encoded) > MOST_BYTES:
        raise Permanent(
            f"read_data_from_db of {report.name} returned {len(encoded):,} bytes as JSON and at most {MOST_BYTES:,} "
            "are allowed; return only the records and fields that generate_report needs"
        )
    return encoded
