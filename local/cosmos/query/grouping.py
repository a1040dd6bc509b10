"""Groups of GROUP BY with their aggregates; without GROUP BY, the one group of a query with aggregates."""

from collections.abc import Hashable, Iterator
from typing import Any

from local.cosmos.query.aggregates import Aggregate
from local.cosmos.query.operators import Evaluate
from local.cosmos.query.values import sort_key

Compiled = tuple[str, Evaluate, bool]  # name and argument of an aggregate, and whether the argument is constant


class Grouping:
    """Collects what the clauses see of documents."""

    def __init__(self, keys: list[Evaluate], aggregates: list[Compiled]) -> None:
        self._keys = keys
        self._aggregates = aggregates
        self._groups: dict[Hashable, tuple[list[Any], list[Aggregate]]] = {}
        if not keys:
            self._group([])

    def add(self, binding: Any) -> None:
        """Adds a document, or a combination of it with others of its sources."""
        running = self._group([key(binding) for key in self._keys])
        for aggregate, (_, argument, _) in zip(running, self._aggregates, strict=True):
            aggregate.add(argument(binding))

    def results(self) -> Iterator[list[Any]]:
        """The values of each group and the results of its aggregates, for a projection that was compiled for them."""
        for values, running in self._groups.values():
            yield [*values, *(aggregate.result() for aggregate in running)]

    def _group(self, values: list[Any]) -> list[Aggregate]:
        name = tuple(map(sort_key, values))
        if name not in self._groups:
            self._groups[name] = values, [Aggregate(kind) for kind, _, _ in self._aggregates]
        return self._groups[name][1]
