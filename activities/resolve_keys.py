"""Decides which row's document is stored where several rows make the same one, for one shard of keys over all chunks.

Rows of different chunks are stored by different lanes, so which of them came last would be left to chance.
"""

from dataclasses import dataclass

from outlast.calls import ChunkAnswer, ChunkCall
from outlast.models import Json, Totals, shards_of
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.document_keys import BUCKETS, find_losers
from outlast.staging.key_files import KeyFiles, RunKeys
from outlast.staging.parsed import InThread
from outlast.staging.resolved import Resolved, Stretch


@dataclass(frozen=True, slots=True)
class ResolveKeys:
    """`in_thread` runs work that keeps a CPU busy beside the event loop."""

    gate: Gate
    key_files: KeyFiles
    in_thread: InThread

    async def resolve_keys(self, given: Json) -> Json:
        """Input: ChunkCall, its chunk the number of the shard. Returns a ChunkAnswer without totals.

        A repeat that finds the shard decided decides nothing. A call that has not listed the keys of all parts before
        its deadline returns a cursor.
        """
        call = ChunkCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "resolving")
        keys = await self.key_files.of(record, fence, deadline)
        if keys is None:
            return ChunkAnswer({}, Totals().to_dict()).to_dict()
        stretch = stretch_of(call.chunk, max(1, shards_of(keys.documents)))
        resolved = Resolved(self.key_files.files.staging, record.resolved_folder, keys.chunks)
        if await resolved.find_count(stretch) is None:
            await self._decide(record, keys, stretch, resolved)
        return ChunkAnswer(None, Totals().to_dict()).to_dict()

    async def _decide(self, record: RunRecord, keys: RunKeys, stretch: Stretch, resolved: Resolved) -> None:
        pieces = await self.key_files.read(record, keys, stretch)
        losers = await self.in_thread(lambda: find_losers(pieces, record.request.duplicates))
        anywhere = record.request.grouped or record.status.corrections
        await resolved.keep(stretch, keys.find(losers, pieces) if anywhere else keys.place(losers))


def stretch_of(shard: int, shards: int) -> Stretch:
    """The buckets of a shard; none behind the last shard."""
    return min(BUCKETS, shard * BUCKETS // shards), min(BUCKETS, (shard + 1) * BUCKETS // shards)
