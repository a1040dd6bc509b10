"""Which runs of an app are at work: one document, so that no two instances give the same seat away."""

from collections.abc import Callable
from dataclasses import dataclass

from outlast.models import Json
from outlast.runs.app_documents import AppDocuments, name_of

Taken = tuple[str, ...]
"""The ids of the runs that have a seat."""


@dataclass(frozen=True, slots=True)
class Seats:
    """`most` seats of one owner. A seat is held from the admission of a run until its work has ended."""

    documents: AppDocuments
    owner: str
    most: int

    async def taken(self) -> Taken:
        return await self._change(lambda taken: taken)

    async def take(self, run: str) -> Taken:
        """Give the run a seat if one is free; return which are taken then."""
        return await self._change(lambda taken: taken if run in taken else (*taken, run)[: self.most])

    async def add(self, run: str) -> None:
        """Note a run that is at work without a seat, even where all are taken: its former owner admitted it."""
        await self._change(lambda taken: taken if run in taken else (*taken, run))

    async def leave(self, run: str) -> Taken:
        """Free the seat of a run; return which are taken then."""
        return await self._change(lambda taken: tuple(one for one in taken if one != run))

    async def _change(self, edit: Callable[[Taken], Taken]) -> Taken:
        """Apply `edit` to the newest list, again after each change that came between; return the list then."""

        def edited(members: Json) -> Json:
            return {"owner": self.owner, "seats": list(edit(tuple(members.get("seats", ()))))}

        return tuple((await self.documents.change(name_of("seats", self.owner), edited))["seats"])
