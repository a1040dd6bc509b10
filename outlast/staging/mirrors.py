"""What a mirror report has in its container: a header document names the manifests that say so.

The header is that of a snapshot report. Its current run is the one that was completed last; the previous ones have
begun to write since then and failed, so what they wanted to write is in the container or not. Only one run of a report
is at work at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from outlast.cosmos.snapshots.header import HEADERS, Generation, Header, Snapshots, header_id
from outlast.errors import Permanent
from outlast.report import Report
from outlast.runs.record import RunRecord
from outlast.staging.manifests import Manifest, Manifests
from outlast.staging.paths import resolved_path
from outlast.staging.store import Staging

NOBODY = Generation("", "")
"""Stands in the header for the current run while no run is completed."""


@dataclass(frozen=True, slots=True)
class Base:
    """What a run is compared with. `based`: the first manifest is that of a completed run."""

    manifests: list[Manifest]
    based: bool

    @property
    def documents(self) -> int:
        """The most documents of a manifest."""
        return max((manifest.documents for manifest in self.manifests), default=0)


@dataclass(frozen=True, slots=True)
class Mirrors:
    snapshots: Snapshots
    staging: Staging
    now: Callable[[], datetime]
    _begun: set[tuple[str, str]] = field(default_factory=set)

    def manifests(self, report: Report[Any]) -> Manifests:
        return Manifests(self.staging, report.name)

    async def base(self, record: RunRecord, report: Report[Any]) -> Base:
        """What the run is compared with; the first call decides. Raises Permanent where a manifest is missing."""
        path = resolved_path(record.id, "base.json")
        if (data := await self.staging.get(path)) is None:
            found = await self._named(record, report)
            base = {"manifests": [manifest.to_dict() for manifest in found.manifests], "based": found.based}
            await self.staging.put_if_absent(path, orjson.dumps(base))
            data = await self.staging.need(path)
        read = orjson.loads(data)
        return Base([Manifest.from_dict(one) for one in read["manifests"]], read["based"])

    async def begin(self, record: RunRecord, report: Report[Any]) -> None:
        """Note in the header that the run may write from now on. A process does so once for a run."""
        if (record.id, record.request.accepted) in self._begun:
            return
        generation = Generation(record.id, record.request.accepted)

        def begun(before: Header | None) -> Header | None:
            header = before or self._first(report, record.id)
            return None if header.holds(record.id) else replace(header, previous=(*header.previous, generation))

        await self.snapshots.change(report, begun)
        self._begun.add((record.id, record.request.accepted))

    async def publish(self, record: RunRecord, report: Report[Any], documents: int) -> None:
        """Make the run's manifest the only one."""
        generation = Generation(record.id, record.request.accepted)

        def published(before: Header | None) -> Header | None:
            if before is not None and before.current.run == record.id:
                return None
            return replace(before or self._first(report, record.id), **self._stamp(generation, documents))

        await self.snapshots.change(report, published)
        await self.manifests(report).keep_only(record.id)

    async def _named(self, record: RunRecord, report: Report[Any]) -> Base:
        """The manifests that the header names. The header is written, because what is only read may be a replica's that
        is behind, and its manifests those of an earlier run."""

        def looked_at(before: Header | None) -> Header:
            return replace(before or self._first(report, record.id), reader=record.id)

        header = await self.snapshots.change(report, looked_at) or self._first(report, record.id)
        runs = [one.run for one in (header.current, *header.previous) if one.run not in ("", record.id)]
        found = [await self._manifest(report, run) for run in runs]
        return Base(found, based=header.current.run in runs)

    async def _manifest(self, report: Report[Any], run: str) -> Manifest:
        found = await self.manifests(report).find(run)
        if found is None:
            raise Permanent(
                f"the manifest of run {run} of the report {report.name} is missing in the staging location, so it is "
                f"not known what is in {report.container}; to write everything anew, delete the document "
                f"{header_id(report)} under the partition key {HEADERS}; what is gone from the input then stays"
            )
        return found

    def _first(self, report: Report[Any], run: str) -> Header:
        return Header(report.name, NOBODY, 0, "", (), reader=run)

    def _stamp(self, generation: Generation, documents: int) -> dict[str, Any]:
        now = self.now().astimezone(UTC).isoformat(timespec="milliseconds")
        return {"current": generation, "documents": documents, "published": now, "previous": ()}
