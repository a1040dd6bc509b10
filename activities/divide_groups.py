"""Divides the groups of a grouped report's run into shards by their hashes, for the calls that combine them."""

from dataclasses import dataclass

from outlast.bounded_gather import bounded_gather
from outlast.calls import DivideAnswer, RunCall
from outlast.models import Json
from outlast.runs.fence import Fence, Gate
from outlast.runs.record import RunRecord
from outlast.staging.group_file import OFFSETS
from outlast.staging.input import InputFiles
from outlast.staging.parts import Generated
from outlast.staging.paths import GROUPED, groups_path
from outlast.staging.shards import GroupFile, GroupIndex, divided
from outlast.staging.store import READS_AT_ONCE


@dataclass(frozen=True, slots=True)
class DivideGroups:
    gate: Gate
    files: InputFiles

    async def divide_groups(self, given: Json) -> Json:
        """Input: RunCall. Returns a DivideAnswer. A repeat returns what the first call staged."""
        record, fence, _ = await self.gate.enter(RunCall.from_dict(given), "combining")
        found = await self.files.find_group_index(record.parts_folder)
        if found is None:
            files = await self._group_files(record, fence)
            found = GroupIndex(files, divided(files))
            await self.files.staging.put_if_absent(groups_path(record.parts_folder), found.encoded())
        return DivideAnswer(None, len(found.shards)).to_dict()

    async def _group_files(self, record: RunRecord, fence: Fence) -> list[GroupFile]:
        async def of_chunk(chunk: int) -> list[GroupFile]:
            await fence.check()
            generated = Generated(self.files.staging, record.parts_folder, chunk, GROUPED)
            return [
                GroupFile(chunk, part, answer.documents, await self._offsets(generated, part, answer.documents))
                async for part, answer in generated.parts()
            ]

        chunks = len((await self.files.chunks(record)).chunks)
        return [file for found in await bounded_gather(READS_AT_ONCE, of_chunk, range(chunks)) for file in found]

    async def _offsets(self, generated: Generated, part: int, name: str) -> bytes:
        return await self.files.staging.get_range(generated.path(part, name), 0, OFFSETS.size)
