"""The report's own reading, staged once: every later step, and every repeat of one, sees the same data."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from outlast.cosmos.client import Cosmos
from outlast.errors import Permanent
from outlast.json_numbers import find_number, is_not_finite
from outlast.models import Json, ReferenceAnswer, RunCall
from outlast.report import Report
from outlast.runs.fence import Gate
from outlast.staging.paths import reference_path
from outlast.staging.store import Staging

MOST_BYTES = 16 * 1024 * 1024
"""Bytes as JSON. Every process that generates keeps the parsed value, which takes about five times as much memory."""


@dataclass(frozen=True, slots=True)
class ReadDataFromDb:
    reports: Mapping[str, Report[Any]]
    gate: Gate
    staging: Staging
    cosmos: Cosmos

    async def read_data_from_db(self, given: Json) -> Json:
        """Input: RunCall. Returns a ReferenceAnswer. A repeat leaves what the first call staged."""
        record, _, deadline = await self.gate.enter(RunCall.from_dict(given), "reading")
        path = reference_path(record.id)
        if (staged := await self.staging.get(path)) is None:
            report = self.reports[record.request.report]
            parameters = report.parameters.model_validate(record.request.parameters)
            staged = _encoded(await self._read(report, parameters, deadline.remaining()), report)
            await self.staging.put_if_absent(path, staged)
        return ReferenceAnswer(len(staged)).to_dict()

    async def _read(self, report: Report[Any], parameters: Any, seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                return await report.read_data_from_db(await self.cosmos.database(), parameters)
        except TimeoutError:
            raise Permanent(
                f"read_data_from_db of {report.name} took longer than {seconds:.0f} s, 60 % of functionTimeout; "
                "read less, or raise functionTimeout in host.json"
            ) from None


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
