"""The timer function `take_incoming`: starts a report for each file that arrives in `incoming/{report}/`.

A file is copied, its run is recorded and started, and then it is removed: a function that dies in between finds the
file again, and the same run, because the run's id comes from the file's path and ETag.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import azure.functions as func
import orjson
from obstore.exceptions import BaseError
from pydantic import ValidationError

from outlast.deadline import Deadlines
from outlast.errors import OutlastError, Transient
from outlast.http.problem import Problem, bad_request, from_validation
from outlast.http.start_request import MAX_REFERENCE, Reference, StartRequest, named_file
from outlast.inputs.byte_order_mark import without_marks
from outlast.report import Report
from outlast.run_options import Options
from outlast.sources.keyed_starts import KeyedStarts
from outlast.sources.refusals import Refusals, Refused
from outlast.staging.incoming_paths import (
    INCOMING,
    Arrival,
    accepted_path,
    arrival_of,
    is_left_alone,
    options_path,
)
from outlast.staging.parsed import InThread
from outlast.staging.store import Staging

QUIET = timedelta(seconds=30)
"""A file that has changed later than so long ago may still be written."""


@dataclass(frozen=True, slots=True)
class ArrivalReader:
    """Checks files that have arrived as the start endpoint checks a reference. `in_thread` keeps a CPU busy."""

    inputs: Staging
    reports: Mapping[str, Report[Any]]
    in_thread: InThread

    def report_of(self, arrival: Arrival) -> Report[Any]:
        """Raises Problem where there is none."""
        if arrival.report in self.reports:
            return self.reports[arrival.report]
        if not arrival.report:
            raise bad_request("put the file into a folder that is named like its report, such as incoming/sales/", "")
        known = ", ".join(sorted(self.reports))
        raise Problem(404, "Not Found", f"there is no report {arrival.report}; there are: {known}", "report")

    async def read(self, arrival: Arrival, report: Report[Any]) -> StartRequest:
        """The request that the file and the options beside it make. Raises Problem."""
        return await named_file(await self._said(arrival), arrival.path, report, self.inputs, self.in_thread)

    async def _said(self, arrival: Arrival) -> Reference:
        path = options_path(arrival.path)
        data = await self.inputs.get_range(path, 0, MAX_REFERENCE) if await self.inputs.size(path) else b"{}"
        try:
            said = orjson.loads(without_marks(data))
            return Reference.model_validate({"input": arrival.path, **said})
        except (orjson.JSONDecodeError, TypeError):
            text = f'{path} must have a JSON object such as {{"options": {{"delimiter": ";"}}, "parameters": {{}}}}'
            raise bad_request(text, "options") from None
        except ValidationError as error:
            problem = from_validation(error, [*Options.model_fields, "parameters"])
            raise bad_request(f"{path}: {problem}", "options") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """Looks at the files of an inputs location that have arrived."""

    reader: ArrivalReader
    starts: KeyedStarts
    refusals: Refusals
    now: Callable[[], datetime]
    deadlines: Deadlines
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Somebody may call the function while the timer does. Two looks start no run twice, but send two emails."""

    async def take_incoming(self, timer: func.TimerRequest, client: Any) -> None:
        """Take or refuse each file that is complete. What is left when time is up is left for the next minute."""
        async with self.alone:
            await self._look(client)

    async def _look(self, client: Any) -> None:
        deadline, refused = self.deadlines.start(), list[Refused]()
        for path in await self._complete():
            if deadline.passed():
                break
            try:
                if (why := await self._take(arrival_of(path), client)) is not None:
                    refused.append(why)
            except (OutlastError, BaseError, OSError) as error:  # one file must not keep the others
                logging.getLogger("outlast").warning("%s is not taken yet: %s", path, error)
        await self.refusals.keep(refused)
        for one in refused:
            await self._remove(one.arrival, one.version)

    async def _complete(self) -> list[str]:
        """The files that nobody has changed for a while, with their options."""
        changed = dict(await self.reader.inputs.list(INCOMING))
        before = self.now() - QUIET
        quiet = {path for path, at in changed.items() if at <= before}
        return sorted(
            path
            for path in quiet
            if not is_left_alone(path) and (options_path(path) in quiet or options_path(path) not in changed)
        )

    async def _take(self, arrival: Arrival, client: Any) -> Refused | None:
        """Start the run of a file and remove what has arrived; or say why not.

        A problem that is not the file's own, such as another run of a mirror report, is for the next look.
        """
        version = await self.reader.inputs.etag(arrival.path)
        if version is None:
            return None
        try:
            await self._start(arrival, version, client)
        except Problem as problem:
            if problem.status == 409:
                raise Transient(str(problem)) from None
            return Refused(arrival, version, str(problem))
        await self._remove(arrival, version)
        return None

    async def _start(self, arrival: Arrival, version: str, client: Any) -> None:
        report = self.reader.report_of(arrival)
        run = await self.starts.run_of(report, f"incoming {arrival.path} {version}")
        if await self.starts.find(run, client) is not None:
            return
        asked = await self.reader.read(arrival, report)
        path = accepted_path(arrival, run)
        accepted = await self._accept(arrival, path, version)

        async def moved() -> StartRequest:
            return replace(asked, reference=path, reference_etag=accepted)

        await self.starts.start(report, run, moved, client)

    async def _accept(self, arrival: Arrival, path: str, version: str) -> str:
        """Copy a file and its options to where its run reads it, unless they are there; return the copy's ETag.

        Raises Transient where it is not this version any more, or the storage is still copying.
        """
        inputs = self.reader.inputs
        size = await inputs.size(arrival.path)
        await inputs.copy(arrival.path, path)
        if await inputs.size(options_path(arrival.path)) is not None:
            await inputs.copy(options_path(arrival.path), options_path(path))
        accepted = await inputs.etag(path)
        if accepted is None or await inputs.size(path) != size or await inputs.etag(arrival.path) != version:
            raise Transient(f"{arrival.path} is being written, copied or taken by another look")
        return accepted

    async def _remove(self, arrival: Arrival, version: str) -> None:
        """Remove what has arrived, unless another version came meanwhile. The file itself goes last: as long as it is
        there, the next look finds its run."""
        inputs = self.reader.inputs
        if await inputs.etag(arrival.path) == version:
            await inputs.delete(options_path(arrival.path))
            await inputs.delete(arrival.path)
