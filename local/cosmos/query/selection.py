"""Subqueries, and the sources of JOIN: what they yield for the sources around them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, Self

from local.cosmos.query.errors import unsupported
from local.cosmos.query.grouping import Compiled, Grouping
from local.cosmos.query.limits import Limits
from local.cosmos.query.operators import Evaluate
from local.cosmos.query.syntax import Expression, Name, Query, Source
from local.cosmos.query.values import UNDEFINED, sort_key

Binding = dict[str, Any]  # the value of each source by its alias
Expand = Callable[[Binding], Iterable[Binding]]
Rows = Callable[[Binding], Iterator[Any]]


class Compiler(Protocol):
    """What selections need of the compiler of expressions, which in turn compiles subqueries by them."""

    names: set[str]
    groups: list[Evaluate]
    aggregates: list[Compiled]

    def compile(self, node: Expression) -> Evaluate:
        """An expression as a function of a binding."""

    def compile_grouped(self, node: Expression) -> Evaluate:
        """An expression as a function of the results of a group."""

    def constant(self, node: Expression) -> Any:
        """The value of a literal or a parameter."""

    def group_by(self, query: Query) -> None:
        """Compiles the items of GROUP BY."""

    def inner(self) -> Self:
        """A compiler for a subquery."""


def compile_sources(sources: list[Source], compiler: Compiler) -> Expand:
    """A function that extends a binding by every combination of the sources' values. The compiler knows their aliases
    from then on."""
    compiled: list[tuple[str, Rows]] = []
    for source in sources:
        compiled.append((source.alias, _compile_source(source, compiler)))
        compiler.names.add(source.alias)

    def expand(binding: Binding) -> Iterable[Binding]:
        bindings: Iterable[Binding] = [binding]
        for alias, rows in compiled:
            bindings = [{**outer, alias: row} for outer in bindings for row in rows(outer)]
        return bindings

    return expand


def _compile_source(source: Source, compiler: Compiler) -> Rows:
    if isinstance(source.of, Query):
        rows = compile_selection(source.of, compiler)
        return _elements_of(rows) if source.each else rows
    value = compiler.compile(source.of)
    if source.each:
        return lambda binding: iter(found if isinstance(found := value(binding), list) else ())
    return lambda binding: iter(() if (found := value(binding)) is UNDEFINED else (found,))


def _elements_of(rows: Rows) -> Rows:
    return lambda binding: (element for row in rows(binding) if isinstance(row, list) for element in row)


def compile_selection(query: Query, outer: Compiler) -> Rows:
    """A subquery as a function that yields its rows."""
    if query.order_by:
        raise unsupported("ORDER BY in a subquery")
    compiler = outer.inner()
    expand = compile_sources(query.sources, compiler)
    where = compiler.compile(query.where) if query.where is not None else None
    project = compile_projection(query, compiler)
    top, offset, limit = Limits.of(query, compiler.constant)
    grouped = query.aggregated or bool(query.group_by)

    def rows(binding: Binding) -> Iterator[Any]:
        bindings = (one for one in expand(binding) if where is None or where(one) is True)
        found: Iterable[Any] = bindings
        if grouped:
            groups = Grouping(compiler.groups, compiler.aggregates)
            for one in bindings:
                groups.add(one)
            found = groups.results()
        values: Iterator[Any] = (value for one in found if (value := project(one)) is not UNDEFINED)
        values = _distinct(values) if query.distinct else values
        return islice(islice(values, top), offset, offset + limit if limit is not None else None)

    return rows


def compile_projection(query: Query, compiler: Compiler) -> Callable[[Any], Any]:
    """The select list as a function of a binding, or of the results of a group."""
    compiler.group_by(query)
    if query.items is None:
        return compiler.compile(Name(query.sources[-1].alias, 0, 0))
    grouped = query.aggregated or bool(query.group_by)
    compile_one = compiler.compile_grouped if grouped else compiler.compile
    if query.value:
        return compile_one(query.items[0].expression)
    items = [(item.alias, compile_one(item.expression)) for item in query.items]
    return lambda binding: {name: v for name, value in items if (v := value(binding)) is not UNDEFINED}


def _distinct(values: Iterable[Any]) -> Iterator[Any]:
    seen = set()
    for value in values:
        key = sort_key(value)
        if key not in seen:
            seen.add(key)
            yield value
