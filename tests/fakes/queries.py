"""A database that answers queries from memory, page by page, and may split or throttle between two pages."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from outlast.cosmos.queries import END, BadQuery, HashRange, Page, Query, cut_range


@dataclass(slots=True)
class FakeQueries:
    """`documents` are those of all containers, each with its hash. `before_page` may change the world, or raise.

    `splits` are bounds at which partitions are split so far; `waits` are the answers with 429 that come next.
    """

    documents: dict[str, list[tuple[str, Any]]] = field(default_factory=dict)
    most: int = 3
    charge: float = 5.0
    provisioned: float = 1000.0
    splits: set[str] = field(default_factory=set)
    waits: list[float] = field(default_factory=list)
    before_page: Callable[[], None] = lambda: None
    pages: int = 0

    async def check(self, query: Query) -> None:
        if "ORDER BY" in query.sql:
            raise BadQuery("leave out ORDER BY")

    async def ranges(self, container: str, pieces: int) -> list[HashRange]:
        return cut_range("", END, pieces)

    async def throughput(self, container: str) -> float:
        return self.provisioned

    async def page(self, query: Query, one: HashRange) -> Page:
        self.pages += 1
        self.before_page()
        if self.waits:
            return Page([], [one], 0.0, self.waits.pop())
        bounds = [one.low, *sorted(at for at in self.splits if one.low < at < one.high), one.high]
        if len(bounds) > 2:
            return Page([], [HashRange(*pair, one.token) for pair in pairwise(bounds)])
        after = int(one.token or -1)
        found = [
            (number, document)
            for number, (hash_, document) in enumerate(self.documents.get(query.container, []))
            if one.low <= hash_ < one.high and number > after
        ]
        left = [HashRange(one.low, one.high, str(found[self.most - 1][0]))] if len(found) > self.most else []
        return Page([document for _, document in found[: self.most]], left, self.charge)
