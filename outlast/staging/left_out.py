"""Which documents of a chunk are staged and not sent."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from outlast.runs.record import RunRecord
from outlast.staging.corrections import Corrections
from outlast.staging.input import InputFiles
from outlast.staging.part_windows import PartWindow, none, read_window, read_windows
from outlast.staging.parts import Generated, PartAnswer
from outlast.staging.resolved import LOST, SAME, Resolved

Places = Set[tuple[int, int]]
"""Parts, and offsets of documents in them."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The documents of a chunk that are not sent. `unchanged` counts those that the database has as they are, `rows`
    are the rows that have no other document, and `of_rows` counts the documents of each row that are not sent.

    `corrected` are the rows that were corrected since the chunk was generated. `corrects`: the chunk is such a
    correction itself, so another one may have stored a document of a row.
    """

    places: Places = frozenset()
    unchanged: int = 0
    rows: Sequence[int] = ()
    of_rows: Mapping[int, int] = field(default_factory=dict)
    corrected: Set[int] = frozenset()
    corrects: bool = False

    async def window(self, generated: Generated, part: int, path: str, offset: int, mode: str = "upsert") -> PartWindow:
        """The documents of a part's file from `offset` on that are sent."""
        window = await read_window(generated, path, offset, mode, self._of(part))
        return window.without(self.corrected) if self.corrected else window

    async def windows(
        self, generated: Generated, part: int, answer: PartAnswer, mode: str = "upsert"
    ) -> AsyncIterator[PartWindow]:
        """All documents of a part that are sent."""
        async for window in read_windows(generated, part, answer, mode, self._of(part)):
            yield window.without(self.corrected) if self.corrected else window

    def _of(self, part: int) -> Callable[[int], bool]:
        return (lambda at: (part, at) in self.places) if self.places else none


async def left_out_of(files: InputFiles, record: RunRecord, chunk: int) -> LeftOut:
    """What is not sent: other rows have made it, too, or the row was corrected, or the database has it as it is."""
    resolved = Resolved(files.staging, record.resolved_folder, await files.stored_chunks(record))
    summary = await resolved.summary()
    lost, same = await resolved.of(LOST, summary, chunk), await resolved.of(SAME, summary, chunk)
    count, made = Counter(one.row for one in (*lost, *same)), {one.row: one.other for one in same}
    rows = [row for row, documents in made.items() if count[row] == documents]
    left_out = LeftOut({(one.part, one.offset) for one in (*lost, *same)}, len(same), rows, count)
    if not record.status.corrections:
        return left_out
    of = (await files.chunks(record)).chunks[chunk]
    return replace(left_out, corrected=await Corrections(files).later(record, of), corrects=bool(of.correction))
