"""Decides which row's document is stored where several rows make the same one, for one shard of keys over all chunks.

Rows of different chunks are stored by different lanes, so which of them came last would be left to chance. In a mirror
report it also decides which documents are unchanged, and which are gone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from outlast import models
from outlast.calls import ChunkAnswer, ChunkCall
from outlast.models import MIRROR, Json, Totals
from outlast.report import Report, known_report
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.comparing import compare_keys
from outlast.staging.key_files import KeyFiles, RunKeys
from outlast.staging.key_table import BUCKETS
from outlast.staging.manifests import Manifests
from outlast.staging.mirrors import Base, Mirrors
from outlast.staging.parsed import InThread
from outlast.staging.resolved import Resolved, Stretch, buckets_of
from outlast.staging.to_compare import Outcome, ToCompare

NOTHING = Base([], based=False)


@dataclass(frozen=True, slots=True)
class ResolveKeys:
    """`in_thread` runs work that keeps a CPU busy beside the event loop. The keys of one stretch are in memory at a
    time, because one thread compares them."""

    reports: Mapping[str, Report[Any]]
    gate: Gate
    key_files: KeyFiles
    mirrors: Mirrors
    in_thread: InThread
    alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def resolve_keys(self, given: Json) -> Json:
        """Input: ChunkCall, its chunk the number of the shard. Returns a ChunkAnswer without totals.

        A repeat decides nothing that is decided. A call that has not listed the keys of all parts before its deadline
        returns a cursor, and so does one that has not decided about all its buckets.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "resolving")
        keys = await self.key_files.of(record, fence, deadline)
        if keys is None:
            return ChunkAnswer({}, Totals().to_dict()).to_dict()
        deciding = await self._deciding(record, keys)
        for stretch in stretches_of(call.chunk, keys.documents, deciding.base.documents, deciding.at_once):
            waits = self.alone.locked()
            async with self.alone:
                if await deciding.resolved.find(stretch) is not None:
                    continue
                if deadline.passed() and (waits or deciding.decided):
                    return ChunkAnswer({}, Totals().to_dict()).to_dict()
                await fence.check()
                await deciding.decide(stretch)
        return ChunkAnswer(None, Totals().to_dict()).to_dict()

    async def _deciding(self, record: RunRecord, keys: RunKeys) -> "_Deciding":
        resolved = Resolved(self.key_files.files.staging, record.resolved_folder, keys.chunks)
        deciding = _Deciding(record, keys, self.key_files, resolved, self.in_thread)
        if record.request.mode == MIRROR:
            report = known_report(self.reports, record.request.report)
            deciding.base = await self.mirrors.base(record, report)
            deciding.manifests = self.mirrors.manifests(report)
        return deciding


@dataclass(slots=True)
class _Deciding:
    """One call. `manifests` are those of the report where it is a mirror report. `decided` counts the stretches."""

    record: RunRecord
    keys: RunKeys
    key_files: KeyFiles
    resolved: Resolved
    in_thread: InThread
    base: Base = field(default_factory=lambda: NOTHING)
    manifests: Manifests | None = None
    decided: int = 0

    @property
    def at_once(self) -> int:
        """Documents that are compared at once, about: with 20 MB, or twice that with names and manifests."""
        return max(1, models.SHARD // (3 if self.manifests is None else 5))

    async def decide(self, stretch: Stretch) -> None:
        """Compare the documents of some buckets, and stage what comes of it."""
        given, documents = await self._to_compare(stretch), self.keys.documents + self.base.documents
        outcome: Outcome = await self.in_thread(lambda: compare_keys(given, documents))
        if self.manifests is not None:
            await self.manifests.keep(self.record.id, stretch, outcome.manifest)
        await self.resolved.keep(outcome.decided(stretch), outcome.tables, outcome.gone)
        self.decided += 1

    async def _to_compare(self, stretch: Stretch) -> ToCompare:
        pieces, rule = await self.key_files.read(self.record, self.keys, stretch), self.record.request.duplicates
        given = ToCompare(pieces, self.keys.places, self.resolved.table, rule)
        if self.manifests is None:
            return given
        known = [await self.manifests.read(one, stretch) for one in self.base.manifests]
        return given._replace(manifests=known, based=self.base.based)


def stretches_of(shard: int, documents: int, known: int, at_once: int) -> list[Stretch]:
    """The buckets of a shard in stretches of `at_once` documents, new or `known`; none behind the last shard."""
    first, after = buckets_of(shard, documents)
    step = max(1, BUCKETS * at_once // max(at_once, known, documents))
    return [(begin, min(after, begin + step)) for begin in range(first, after, step)]
