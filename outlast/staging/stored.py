"""What storing a chunk has staged: its rejects, and a mark when all of it is in the database."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from outlast.models import Json, Payload, Totals
from outlast.staging.paths import content_name, stored_path
from outlast.staging.rejects import Reject, each_row_once, encode_rejects
from outlast.staging.store import Staging


@dataclass(frozen=True, slots=True)
class StoredChunk(Payload):
    """`stored/{chunk}.json`: all of the chunk is in the database.

    `refused` counts documents and `rejected` rows that the database refused, `unchanged` documents that were not
    sent or were not there to be deleted, `lost` documents that were left out for others; None in a mark of an earlier
    release. `totals` are those of all calls.
    """

    documents: int
    refused: int
    rejected: int
    totals: Json | None = None
    unchanged: int = 0
    lost: int | None = None

    def since(self, before: Totals) -> Totals:
        """What the call that ended the chunk counted, when `before` is what the calls before it counted."""
        counted = self.totals or Totals(documents=self.documents, rejected=self.rejected).to_dict()
        return since(before, counted)


def since(before: Totals, counted: Json) -> Totals:
    """What was counted since the totals were `before`."""
    earlier = before.to_dict()
    return Totals.from_dict({name: max(0, value - earlier.get(name, 0)) for name, value in counted.items()})


@dataclass(frozen=True, slots=True)
class Stored:
    """The files of one chunk of a run."""

    staging: Staging
    run: str
    chunk: int

    async def find(self) -> StoredChunk | None:
        """The mark of a stored chunk, None when documents of it may be missing in the database."""
        data = await self.staging.get(stored_path(self.run, self.chunk))
        return None if data is None else StoredChunk.from_dict(orjson.loads(data))

    async def need(self) -> StoredChunk:
        """The mark of a chunk that is stored; raises Permanent when there is none."""
        return StoredChunk.from_dict(orjson.loads(await self.staging.need(stored_path(self.run, self.chunk))))

    async def keep(self, stored: StoredChunk) -> None:
        await self.staging.put(stored_path(self.run, self.chunk), orjson.dumps(stored.to_dict()))

    async def find_cursor(self) -> Json | None:
        """The cursor of a call that did not end the chunk, perhaps in an earlier attempt; None without such a call."""
        data = await self.staging.get(stored_path(self.run, self.chunk, "cursor.json"))
        return None if data is None else orjson.loads(data)

    async def keep_cursor(self, cursor: Json) -> None:
        """Every cursor is true for ever: what is acknowledged before it stays so. A late call may put an older one."""
        await self.staging.put(stored_path(self.run, self.chunk, "cursor.json"), orjson.dumps(cursor))

    async def begin(self, attempt: int, call: int) -> bool:
        """Mark that a call begins. Returns False when a call of this number has begun before, in any attempt."""
        return await mark_begun(self.staging, stored_path(self.run, self.chunk, f"{call:06}.begun.json"), attempt)

    async def keep_rejects(self, call: int, rejects: bytes) -> str:
        """Stage the rejects of one call and return the name of the file.

        The name depends on the content: a late double of the call stops elsewhere and leaves another file, which no
        cursor names.
        """
        name = f"{call:06}.{content_name(rejects, 'rejects.csv')}"
        await self.staging.put(stored_path(self.run, self.chunk, name), rejects)
        return name

    async def keep_unchanged(self, call: int, rows: Sequence[int]) -> str:
        """Stage the rows of the unchanged documents of one call, a number for each document; return the file's name."""
        data = orjson.dumps(rows)
        name = f"{call:06}.{content_name(data, 'unchanged.json')}"
        await self.staging.put(stored_path(self.run, self.chunk, name), data)
        return name

    async def unchanged_rows(self, names: Sequence[str]) -> Counter[int]:
        """How many documents of each row were unchanged, in all calls."""
        files = [await self.staging.need(stored_path(self.run, self.chunk, name)) for name in names]
        return Counter(row for data in files for row in orjson.loads(data))

    async def rejects(self) -> list[Reject]:
        """The rows that the database has refused."""
        data = await self.staging.get(stored_path(self.run, self.chunk, "rejects.csv"))
        return each_row_once([] if data is None else [data])

    async def list_rejects(self, names: Sequence[str]) -> list[int]:
        """Join the rejects of all calls and return their rows. A row whose documents lie apart is listed once.

        A list that an earlier attempt has staged is replaced, also by an empty one.
        """
        path = stored_path(self.run, self.chunk, "rejects.csv")
        if not names and await self.staging.size(path) is None:
            return []
        files = [await self.staging.need(stored_path(self.run, self.chunk, name)) for name in names]
        listed = each_row_once(files)
        await self.staging.put(path, encode_rejects(listed))
        return [reject.row for reject in listed]


async def mark_begun(staging: Staging, path: str, attempt: int) -> bool:
    """Mark at this path that a call begins. Returns False when it has begun before, in any attempt."""
    return await staging.put_if_absent(path, orjson.dumps({"attempt": attempt}))
