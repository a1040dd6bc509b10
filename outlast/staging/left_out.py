"""Which documents of a chunk are staged and not sent."""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from outlast.models import Totals
from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.part_windows import NONE, PartWindow, read_window, read_windows
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import resolved_path
from outlast.staging.record_columns import RecordColumns, whole_rows
from outlast.staging.resolved import LOST, SAME, SUMMARY, Heads, Resolved

Places = Mapping[int, Sequence[int]]
"""By part, the offsets of documents in their order."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The documents of a chunk that are not sent. `unchanged` counts those that the database has as they are, `rows`
    are the rows that have no other document, and `made_by` has the row of each document that is not sent.
    `corrected` are the rows that were corrected since the chunk was generated. `corrects`: the chunk is such a
    correction itself, so another one may have stored a document of a row."""

    places: Places = field(default_factory=dict)
    unchanged: int = 0
    rows: Sequence[int] = ()
    made_by: Sequence[int] = ()
    corrected: Set[int] = frozenset()
    corrects: bool = False

    def is_all(self, part: int, answer: PartAnswer) -> bool:
        """Whether no document of a part is sent."""
        return 0 < len(self.places.get(part, NONE)) == Totals.from_dict(answer.totals).documents

    async def window(self, generated: Generated, part: int, path: str, offset: int, mode: str = "upsert") -> PartWindow:
        """The documents of a part's file from `offset` on that are sent."""
        window = await read_window(generated, path, offset, mode, self.places.get(part, NONE))
        return window.without(self.corrected) if self.corrected else window

    async def windows(
        self, generated: Generated, part: int, answer: PartAnswer, mode: str = "upsert"
    ) -> AsyncIterator[PartWindow]:
        """All documents of a part that are sent."""
        async for window in read_windows(generated, part, answer, mode, self.places.get(part, NONE)):
            yield window.without(self.corrected) if self.corrected else window


async def left_out_of(files: InputFiles, record: RunRecord, chunk: int, *, same: bool = True) -> LeftOut:
    """What is not sent: other rows have made it, too, or the row was corrected, or the database has it as it is; the
    last only with `same`."""
    resolved = Resolved(files.staging, record.resolved_folder, await files.stored_chunks(record))
    heads = await _heads(files, record, resolved)
    lost = await resolved.records(LOST, heads[LOST], chunk)
    kept = await resolved.records(SAME, heads[SAME], chunk) if same else b""
    unchanged, both = RecordColumns.of(kept), RecordColumns.of(lost + kept)
    left_out = LeftOut(_places(both), len(unchanged), whole_rows(unchanged, both.rows), both.rows)
    if not record.status.corrections:
        return left_out
    of = (await files.chunks(record)).chunks[chunk]
    later = await Corrections(files).later(record, of)
    return replace(left_out, corrected=later, corrects=bool(of.correction))


def _places(records: RecordColumns) -> Places:
    places = defaultdict[int, list[int]](list)
    for part, offset in zip(records.parts, records.offsets, strict=True):
        places[part].append(offset)
    return {part: sorted(offsets) for part, offsets in places.items()}


async def _heads(files: InputFiles, record: RunRecord, resolved: Resolved) -> Mapping[str, Heads]:
    """By kind, the heads of all tables: each process reads them once for all chunks."""

    async def load() -> tuple[Mapping[str, Heads], int]:
        summary = await resolved.summary()
        heads = {kind: await resolved.heads(kind, summary) for kind in (LOST, SAME)}
        return heads, sum(len(head) for of_kind in heads.values() for head in of_kind.values())

    return await files.parsed.loaded(resolved_path(resolved.run, SUMMARY), record.request.accepted, load)
