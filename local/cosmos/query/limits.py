"""How many rows a query gives: TOP, OFFSET and LIMIT."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

from local.cosmos.query.errors import query_error
from local.cosmos.query.syntax import Expression, Parameter, Query


class Limits(NamedTuple):
    """The numbers of the three clauses; None where a clause is missing."""

    top: int | None
    offset: int
    limit: int | None

    @classmethod
    def of(cls, query: Query, constant: Callable[[Expression], Any]) -> Self:
        """Those of a query. `constant` gives the value of a literal or a parameter."""
        top, offset, limit = (
            None if node is None else _count(node, constant(node)) for node in (query.top, query.offset, query.limit)
        )
        return cls(top, offset or 0, limit)

    @property
    def most(self) -> int | None:
        """The most rows that TOP and LIMIT allow, or None."""
        return min((count for count in (self.top, self.limit) if count is not None), default=None)


def _count(node: Expression, value: Any) -> int:
    if type(value) is not int or value < 0:
        message = "TOP, OFFSET and LIMIT take a whole number that is not negative."
        start, end = (node.start, node.start + len(node.name)) if isinstance(node, Parameter) else (0, 0)
        raise query_error(message, start, end)
    return value
