"""Which documents of a chunk are staged and not sent."""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.part_windows import NONE, PartWindow, read_window, read_windows
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.paths import resolved_path
from outlast.staging.resolved import LOST, SAME, SUMMARY, Heads, Resolved

Places = Mapping[int, Set[int]]
"""By part, the offsets of documents."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The documents of a chunk that are not sent. `unchanged` counts those that the database has as they are, `rows`
    are the rows that have no other document, and `of_rows` counts the documents of each row that are not sent.
    `corrected` are the rows that were corrected since the chunk was generated. `corrects`: the chunk is such a
    correction itself, so another one may have stored a document of a row."""

    places: Places = field(default_factory=dict)
    unchanged: int = 0
    rows: Sequence[int] = ()
    of_rows: Mapping[int, int] = field(default_factory=dict)
    corrected: Set[int] = frozenset()
    corrects: bool = False

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
    unchanged = await resolved.records(SAME, heads[SAME], chunk) if same else []
    count = Counter([row for _, _, _, row, _ in (*lost, *unchanged)])
    made = {row: documents for _, _, _, row, documents in unchanged}
    rows = [row for row, documents in made.items() if count[row] == documents]
    places = defaultdict[int, set[int]](set)
    for _, part, offset, _, _ in (*lost, *unchanged):
        places[part].add(offset)
    left_out = LeftOut(dict(places), len(unchanged), rows, count)
    if not record.status.corrections:
        return left_out
    of = (await files.chunks(record)).chunks[chunk]
    later = await Corrections(files).later(record, of)
    return replace(left_out, corrected=later, corrects=bool(of.correction))


async def _heads(files: InputFiles, record: RunRecord, resolved: Resolved) -> Mapping[str, Heads]:
    """By kind, the heads of all tables: each process reads them once for all chunks."""

    async def load() -> tuple[Mapping[str, Heads], int]:
        summary = await resolved.summary()
        heads = {kind: await resolved.heads(kind, summary) for kind in (LOST, SAME)}
        return heads, sum(len(head) for of_kind in heads.values() for head in of_kind.values())

    return await files.parsed.loaded(resolved_path(resolved.run, SUMMARY), record.request.accepted, load)
