"""Which generated documents of a chunk are not stored: other rows have made them, too, or their row was corrected."""

from collections.abc import Set
from dataclasses import dataclass

from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.part_windows import PartWindow
from outlast.staging.resolved import Resolved


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`places` are parts and offsets of documents in them, `rows` the rows that were corrected since."""

    places: Set[tuple[int, int]]
    rows: Set[int]

    def taken_out(self, window: PartWindow, part: int) -> PartWindow:
        """The window without these documents."""
        corrected = {at for one, at in zip(window.documents, window.begins, strict=True) if one.row in self.rows}
        if not (corrected or self.places):
            return window
        return window.without(lambda offset: offset in corrected or (part, offset) in self.places)


async def left_out_of(files: InputFiles, record: RunRecord, chunk: int) -> LeftOut:
    resolved = Resolved(files.staging, record.resolved_folder, await files.stored_chunks(record))
    lost = await resolved.lost_of(await resolved.summary(), chunk)
    rows: Set[int] = frozenset()
    if record.status.corrections:
        rows = await Corrections(files).later(record, (await files.chunks(record)).chunks[chunk])
    return LeftOut({(one.part, one.offset) for one in lost}, rows)
