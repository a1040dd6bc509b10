"""A query over the documents of one partition, page by page."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import orjson

from local.cosmos.errors import bad_request
from local.cosmos.query.aggregates import Aggregate
from local.cosmos.query.body import ResumeFilter
from local.cosmos.query.compiler import Compiler
from local.cosmos.query.computed import Computed
from local.cosmos.query.errors import SEMANTIC, query_error
from local.cosmos.query.grouping import Grouping
from local.cosmos.query.index_use import IndexUse
from local.cosmos.query.limits import Limits
from local.cosmos.query.operators import Evaluate
from local.cosmos.query.rows import (
    INVALID_TOKEN,
    Page,
    Remembered,
    Row,
    SortedRows,
    Source,
    Token,
    from_portable,
    resume,
    shorten,
    to_portable,
)
from local.cosmos.query.selection import compile_projection, compile_sources
from local.cosmos.query.syntax import ROOT, Query
from local.cosmos.query.values import UNDEFINED, sort_key


def _never(document: Any) -> bool:
    """The index finds no document that does not match."""
    return False


class PreparedQuery:
    """A query compiled with its parameters."""

    def __init__(
        self,
        query: Query,
        parameters: dict[str, Any],
        resume: ResumeFilter | None = None,
        policy: dict[str, Any] | None = None,
        computed: Computed | None = None,
    ) -> None:
        """`policy` is the indexing policy. Without it, the index counts as finding exactly what matches. `computed` are
        the computed properties of the container."""
        if resume is not None and not query.order_by:
            raise bad_request("A resumeFilter is for queries with ORDER BY.")
        compiler = Compiler(query.alias, parameters, computed, nested=query.nested)
        self.query = query
        self.resume = resume
        self.identity: tuple[str, bytes] = ("", b"")  # text and parameters, the key of sorted rows in the cache
        self._expand = compile_sources(query.sources, compiler) if query.nested else None
        self.where = compiler.compile(query.where) if query.where is not None else None
        self.index = IndexUse(query.alias, policy) if policy is not None else None
        self._found = self._compile_found(compiler)
        self.limits = Limits.of(query, compiler.constant)
        self.order = [compiler.compile(order.expression) for order in query.order_by]
        self.project = self._projection(compiler)
        self.groups = compiler.groups
        self.aggregates = compiler.aggregates

    def _compile_found(self, compiler: Compiler) -> Evaluate:
        """Whether the index finds a document that does not match, as a function."""
        if self.index is None or self.query.where is None:
            return _never
        if self.query.nested:
            return lambda document: True
        served = self.index.served(self.query.where)
        if served is self.query.where:
            return _never
        return (lambda document: True) if served is None else compiler.compile(served)

    def _projection(self, compiler: Compiler) -> Evaluate | None:
        """The select list as a function; None for `*` of whole documents."""
        query = self.query
        if query.items is None and (len(query.sources) > 1 or (query.sources and query.alias != ROOT)):
            raise query_error("'SELECT *' is only valid with a single input set.", code=SEMANTIC)
        if query.group_by and (query.items is None or query.order_by):
            raise query_error("GROUP BY needs a select list, and has no ORDER BY.", code=SEMANTIC)
        return None if query.items is None and not query.sources else compile_projection(query, compiler)

    @property
    def continues_by(self) -> str:
        """The key that a token needs: the number of the last row where rows are sorted or distinct, or else of the last
        document."""
        return "number" if self.order or self.query.distinct or self.query.group_by else "after"

    def _bindings(self, source: Source, page: Page) -> Sequence[Any]:
        """What the other clauses see of a document that fulfils the condition: the document, or a binding for each
        combination of its sources. None stands for a document that need not be parsed. The page counts a document that
        was loaded and does not match."""
        if self.where is None and self._expand is None:
            return (None,)
        document = orjson.loads(source.text())
        if self._expand is None:
            found: Sequence[Any] = (document,) if self.where is None or self.where(document) is True else ()
        else:
            bindings = self._expand({self.query.alias: document})
            found = [one for one in bindings if self.where is None or self.where(one) is True]
        if not found and self._found(document) is True:
            page.load(source.size)
        return found

    def row(self, source: Source, binding: Any) -> bytes | None:
        """A row of the answer; None where the projection is undefined."""
        if self.project is None:
            return source.text()
        value = self.project(orjson.loads(source.text()) if binding is None else binding)
        return None if value is UNDEFINED else orjson.dumps(value)

    def run(
        self,
        sources: Callable[[int], Iterable[Source]],
        token: Token,
        page: Page,
        remembered: Remembered = lambda make: make(),
    ) -> Token | None:
        """Fills a page from a token on. Returns the next token, or None at the end. `remembered` may keep sorted rows
        for the next page."""
        if token and self.continues_by not in token:
            raise bad_request(INVALID_TOKEN)
        if self.query.group_by:
            return self._sorted(remembered(lambda: self._grouped(sources(0))), token, page)
        if self.query.aggregated:
            self._aggregate(sources(0), page)
            return None
        if self.continues_by == "number":
            return self._sorted(remembered(lambda: self._rows(sources(0))), token, page)
        return self._streamed(sources, token, page)

    def _streamed(self, sources: Callable[[int], Iterable[Source]], token: Token, page: Page) -> Token | None:
        after, limits = token.get("after") or 0, self.limits
        skip, left = token.get("skip", limits.offset), token.get("left", limits.most)
        for source in sources(after):
            if page.full or left == 0:
                return None if left == 0 else {"after": after, "skip": skip, "left": left}
            after = source.number
            page.scanned += 1
            bindings = self._bindings(source, page)
            if bindings:
                page.load(source.size)
            for binding in bindings:  # a page ends with a document
                row = self.row(source, binding) if left != 0 else None
                if row is None:
                    continue
                if skip:
                    skip -= 1
                    continue
                page.add(row)
                left = left - 1 if left is not None else None
        return None

    def _sorted(self, found: SortedRows, token: Token, page: Page) -> Token | None:
        rows = found.rows
        if not token:
            page.load(found.rejected_size, found.rejected)
        ascending = [order.ascending for order in self.query.order_by]
        rows = self.resume.rest(rows, ascending) if self.resume is not None else rows
        rows = rows[self.limits.offset :][: self.limits.most]
        start = resume(rows, token, ascending)
        for at in range(start, len(rows)):
            if page.full:
                keys, number, _, _ = rows[at - 1]
                nth = sum(row[1] == number for row in rows[:at]) if self.query.sources else 1
                return {"keys": [shorten(key) for key in keys], "number": number, "nth": nth}
            page.load(rows[at][2])
            page.add(rows[at][3])
        return None

    def _rows(self, sources: Iterable[Source]) -> SortedRows:
        """All rows, sorted. Of equal rows DISTINCT keeps the first in this order."""
        rows: list[Row] = []
        rejects = Page(0, 0)
        for source in sources:
            size = source.size
            for binding in self._bindings(source, rejects):
                binding = orjson.loads(source.text()) if binding is None else binding
                row = self.row(source, binding)
                if row is None:
                    continue
                rows.append(([to_portable(key(binding)) for key in self.order], source.number, size, row))
                size = 0  # a document is loaded once
        for at in reversed(range(len(self.order))):
            descending = not self.query.order_by[at].ascending
            rows.sort(key=lambda entry: sort_key(from_portable(entry[0][at])), reverse=descending)
        return SortedRows(_distinct(rows) if self.query.distinct else rows, rejects.loaded, rejects.read)

    def _grouped(self, sources: Iterable[Source]) -> SortedRows:
        """A row for each group, by the order of their first documents. The number of a row is that of the group."""
        assert self.project is not None
        groups, loaded = Grouping(self.groups, self.aggregates), Page(0, 0)
        for source in sources:
            bindings = self._bindings(source, loaded)
            if bindings:
                loaded.load(source.size)
            for binding in bindings:
                groups.add(orjson.loads(source.text()) if binding is None else binding)
        values = [value for one in groups.results() if (value := self.project(one)) is not UNDEFINED]
        rows: list[Row] = [([], at + 1, 0, orjson.dumps(value)) for at, value in enumerate(values)]
        return SortedRows(_distinct(rows) if self.query.distinct else rows, loaded.loaded, loaded.read)

    def _aggregate(self, sources: Iterable[Source], page: Page) -> None:
        running = [Aggregate(name) for name, _, _ in self.aggregates]
        constant = all(is_constant for _, _, is_constant in self.aggregates)
        index_only = constant and self._found is _never and self.index is not None and self.index.exists
        for source in sources:
            bindings = self._bindings(source, page)
            if bindings and not index_only:
                page.load(source.size)
            for binding in bindings:
                if binding is None and not constant:
                    binding = orjson.loads(source.text())
                for aggregate, (_, argument, _) in zip(running, self.aggregates, strict=True):
                    aggregate.add(argument(binding))
        assert self.project is not None
        value = self.project([aggregate.result() for aggregate in running])
        if value is not UNDEFINED and self.limits.most != 0 and not self.limits.offset:
            page.add(orjson.dumps(value))


def _distinct(rows: list[Row]) -> list[Row]:
    """The first of equal rows: 1 equals 1.0, and the order of properties does not matter."""
    seen: dict[Hashable, Row] = {}
    for row in rows:
        seen.setdefault(sort_key(orjson.loads(row[3])), row)
    return list(seen.values())
