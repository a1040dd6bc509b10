"""Which documents of a chunk are staged and not sent."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType
from typing import NamedTuple

from outlast.runs.record import RunRecord
from outlast.staging.input import InputFiles
from outlast.staging.resolved import LOST, SAME, Resolved

Places = Mapping[int, Set[int]]
"""By part, the offsets of documents."""
NOWHERE: Places = MappingProxyType({})
NONE: Mapping[int, int] = MappingProxyType({})


class LeftOut(NamedTuple):
    """The documents of a chunk that are not sent. `unchanged` counts those that the database has as they are, `rows`
    are the rows that have no other document, and `of_rows` counts the documents of each row that are not sent."""

    places: Places = NOWHERE
    unchanged: int = 0
    rows: Sequence[int] = ()
    of_rows: Mapping[int, int] = NONE


async def left_out_of(files: InputFiles, record: RunRecord, chunk: int) -> LeftOut:
    """What is not sent: other rows have made it, too, or the database has it as it is."""
    resolved = Resolved(files.staging, record.parts_folder, await files.stored_chunks(record))
    summary = await resolved.summary()
    lost, same = await resolved.of(LOST, summary, chunk), await resolved.of(SAME, summary, chunk)
    count, made = Counter(one.row for one in (*lost, *same)), {one.row: one.other for one in same}
    rows = [row for row, documents in made.items() if count[row] == documents]
    places = defaultdict[int, set[int]](set)
    for _, part, offset, _, _ in (*lost, *same):
        places[part].add(offset)
    return LeftOut(dict(places), len(same), rows, count)
