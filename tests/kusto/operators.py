"""Parses a query into a function of tables, and runs it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tests.kusto.aggregates import Rows, aggregate
from tests.kusto.expressions import Expression, Expressions, Row
from tests.kusto.tokens import NotKusto, Tokens

Tables = Mapping[str, Rows]
Column = tuple[str, Callable[[Rows], Any]]


def run(query: str, tables: Tables, now: datetime) -> Rows:
    """Return the rows of a query over tables, at a time."""
    return _Query(query, tables, now).run()


class _Query:
    def __init__(self, query: str, tables: Tables, now: datetime) -> None:
        self._tokens = Tokens(query)
        self._tables = dict(tables)
        self._expressions = Expressions(self._tokens, now, {})

    def run(self) -> Rows:
        while self._tokens.takes("let"):
            name = self._tokens.name()
            self._tokens.need("=")
            if self._tokens.peek().text in self._tables:
                self._tables[name] = self._pipeline()
            else:
                self._expressions.constants[name] = self._expressions.parse()({})
            self._tokens.need(";")
        found = self._pipeline()
        if not self._tokens.done:
            raise NotKusto(f"more behind the query: {self._tokens.peek().text!r}")
        return found

    def _pipeline(self) -> Rows:
        name = self._tokens.name()
        if name not in self._tables:
            raise NotKusto(f"the table {name}")
        rows = [dict(row) for row in self._tables[name]]
        while self._tokens.takes("|"):
            rows = self._operator(self._operator_name(), rows)
        return rows

    def _operator_name(self) -> str:
        name = self._tokens.name()
        if name == "mv":
            self._tokens.need("-")
            self._tokens.need("expand")
            return "mv_expand"
        return name

    def _operator(self, name: str, rows: Rows) -> Rows:
        known: dict[str, Callable[[Rows], Rows]] = {
            "where": self._where,
            "extend": self._extend,
            "project": self._project,
            "summarize": self._summarize,
            "order": self._order,
            "join": self._join,
            "mv_expand": self._expand,
        }
        if name not in known:
            raise NotKusto(f"the operator {name}")
        return known[name](rows)

    def _where(self, rows: Rows) -> Rows:
        condition = self._expressions.parse()
        return [row for row in rows if condition(row)]

    def _extend(self, rows: Rows) -> Rows:
        added = self._columns()
        for row in rows:
            row.update({name: expression(row) for name, expression in added})
        return rows

    def _project(self, rows: Rows) -> Rows:
        kept = self._columns()
        return [{name: expression(row) for name, expression in kept} for row in rows]

    def _columns(self) -> list[tuple[str, Expression]]:
        found = [self._column()]
        while self._tokens.takes(","):
            found.append(self._column())
        return found

    def _column(self) -> tuple[str, Expression]:
        """Parse `name = expression`, or the name of a column."""
        name = self._tokens.peek().text
        if self._tokens.peek(1).text == "=":
            self._tokens.name()
            self._tokens.need("=")
        return name, self._expressions.parse()

    def _summarize(self, rows: Rows) -> Rows:
        made = self._aggregates()
        keys = self._columns() if self._tokens.takes("by") else []
        groups: dict[tuple[Any, ...], Rows] = {}
        for row in rows:
            groups.setdefault(tuple(expression(row) for _, expression in keys), []).append(row)
        if not keys:
            groups = {(): rows}
        return [_summary(made, [name for name, _ in keys], key, group) for key, group in groups.items()]

    def _aggregates(self) -> list[Callable[[Rows], Row]]:
        found = [self._aggregate()]
        while self._tokens.takes(","):
            found.append(self._aggregate())
        return found

    def _aggregate(self) -> Callable[[Rows], Row]:
        name = ""
        if self._tokens.peek(1).text == "=":
            name = self._tokens.name()
            self._tokens.need("=")
        function = self._tokens.name()
        if function == "arg_max":
            return self._arg_max()
        value = aggregate(function, self._expressions.list())
        return lambda rows: {name: value(rows)}

    def _arg_max(self) -> Callable[[Rows], Row]:
        self._tokens.need("(")
        wanted = self._columns()
        self._tokens.need(")")
        measure = wanted[0][1]

        def newest(rows: Rows) -> Row:
            row = max(rows, key=measure)
            return {name: expression(row) for name, expression in wanted}

        return newest

    def _order(self, rows: Rows) -> Rows:
        self._tokens.need("by")
        keys = [(self._expressions.parse(), self._tokens.takes("asc", "desc") or "desc")]
        while self._tokens.takes(","):
            keys.append((self._expressions.parse(), self._tokens.takes("asc", "desc") or "desc"))
        for expression, way in reversed(keys):
            rows = sorted(rows, key=_sortable(expression), reverse=way == "desc")
        return rows

    def _join(self, rows: Rows) -> Rows:
        for word in ("kind", "=", "inner"):
            self._tokens.need(word)
        right = self._tables[self._tokens.name()]
        self._tokens.need("on")
        key = self._tokens.name()
        by_key: dict[Any, Rows] = {}
        for row in right:
            by_key.setdefault(row[key], []).append(row)
        return [{**other, **row} for row in rows for other in by_key.get(row[key], [])]

    def _expand(self, rows: Rows) -> Rows:
        name, expression = self._column()
        for word in ("to", "typeof"):
            self._tokens.need(word)
        self._expressions.list()
        return [{**row, name: value} for row in rows for value in expression(row)]


def _summary(made: list[Callable[[Rows], Row]], names: list[str], key: tuple[Any, ...], group: Rows) -> Row:
    row = dict(zip(names, key, strict=True))
    for columns in made:
        row.update(columns(group))
    return row


def _sortable(expression: Expression) -> Callable[[Row], tuple[bool, Any]]:
    def key(row: Row) -> tuple[bool, Any]:
        value = expression(row)
        return (value is not None, value if value is not None else 0)

    return key
