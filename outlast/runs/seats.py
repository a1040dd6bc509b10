"""Which runs of an app are at work: one document, so that no two instances give the same seat away."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from outlast.cosmos.conditional import change
from outlast.cosmos.documents import Documents
from outlast.models import Json

Taken = tuple[str, ...]
"""The ids of the runs that have a seat."""


@dataclass(frozen=True, slots=True)
class Seats:
    """`most` seats of one owner. A seat is held from the admission of a run until its work has ended."""

    documents: Documents
    owner: str
    most: int

    @property
    def name(self) -> str:
        """The document's id: a hash, because an owner's name may hold characters that an id may not."""
        return f"seats-{hashlib.sha256(self.owner.encode()).hexdigest()[:16]}"

    async def taken(self) -> Taken:
        return _taken(await self.documents.read(self.name))

    async def take(self, run: str) -> bool:
        """Return whether the run has a seat now."""
        return run in await self.change(lambda taken: taken if run in taken else (*taken, run)[: self.most])

    async def add(self, run: str) -> None:
        """Note a run that is at work without a seat, even where there are no more: its former owner admitted it."""
        await self.change(lambda taken: taken if run in taken else (*taken, run))

    async def leave(self, run: str) -> None:
        await self.change(lambda taken: tuple(one for one in taken if one != run))

    async def change(self, edit: Callable[[Taken], Taken]) -> Taken:
        """Apply `edit` to the newest list, again after each change that came between; return the list then."""

        def edited(before: Json | None) -> Json | None:
            runs = edit(_taken(before))
            return None if runs == _taken(before) else {"id": self.name, "owner": self.owner, "seats": list(runs)}

        async def write(before: Json | None, after: Json | None) -> Json | None:
            return await self.documents.write(after or {}, before["_etag"] if before else None)

        return _taken(await change(read=lambda: self.documents.read(self.name), edit=edited, write=write))


def _taken(document: Json | None) -> Taken:
    return tuple(document["seats"]) if document else ()
