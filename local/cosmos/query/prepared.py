"""A query over the documents of one partition, page by page."""

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import orjson

from local.cosmos.errors import bad_request
from local.cosmos.query.aggregates import Aggregate
from local.cosmos.query.body import ResumeFilter
from local.cosmos.query.compiler import Compiler
from local.cosmos.query.computed import Computed
from local.cosmos.query.errors import query_error
from local.cosmos.query.index_use import IndexUse
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
from local.cosmos.query.syntax import Parameter, Query
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
        compiler = Compiler(query.alias, parameters, computed)
        self.query = query
        self.resume = resume
        self.identity: tuple[str, bytes] = ("", b"")  # text and parameters, the key of sorted rows in the cache
        self.where = compiler.compile(query.where) if query.where is not None else None
        self.index = IndexUse(query.alias, policy) if policy is not None else None
        self._found = self._compile_found(compiler)
        self.top = self._count(compiler, query.top)
        self.offset = self._count(compiler, query.offset) or 0
        self.limit = self._count(compiler, query.limit)
        self.order = [compiler.compile(order.expression) for order in query.order_by]
        self.project = self._projection(compiler)
        self.aggregates = compiler.aggregates

    @staticmethod
    def _count(compiler: Compiler, node: Any) -> int | None:
        if node is None:
            return None
        value = compiler.constant(node)
        if type(value) is not int or value < 0:
            message = "TOP, OFFSET and LIMIT take a whole number that is not negative."
            start, end = (node.start, node.start + len(node.name)) if isinstance(node, Parameter) else (0, 0)
            raise query_error(message, start, end)
        return value

    def _compile_found(self, compiler: Compiler) -> Evaluate:
        """Whether the index finds a document that does not match, as a function."""
        if self.index is None or self.query.where is None:
            return _never
        served = self.index.served(self.query.where)
        if served is self.query.where:
            return _never
        return (lambda document: True) if served is None else compiler.compile(served)

    def _projection(self, compiler: Compiler) -> Evaluate | None:
        """The select list as a function; None for `*`."""
        query = self.query
        if query.items is None:
            return None
        compile_one = compiler.compile_aggregated if query.aggregated else compiler.compile
        if query.value:
            return compile_one(query.items[0].expression)
        items = [(item.alias, compile_one(item.expression)) for item in query.items]
        return lambda document: {name: v for name, value in items if (v := value(document)) is not UNDEFINED}

    @property
    def continues_by(self) -> str:
        """The key that a token needs: the number of the last row where rows are sorted or distinct, or else of the last
        document."""
        return "number" if self.order or self.query.distinct else "after"

    @property
    def most(self) -> int | None:
        """The most rows that TOP and LIMIT allow, or None."""
        limits = [count for count in (self.top, self.limit) if count is not None]
        return min(limits) if limits else None

    def matches(self, source: Source) -> tuple[bool, Any]:
        """Whether a document fulfils the condition, and the parsed document where that had to be parsed."""
        if self.where is None:
            return True, None
        document = orjson.loads(source.text())
        return self.where(document) is True, document

    def _load(self, source: Source, page: Page) -> tuple[bool, Any]:
        """As `matches`. The page counts a document that was loaded and does not match."""
        matched, document = self.matches(source)
        if not matched and self._found(document) is True:
            page.load(source.size)
        return matched, document

    def row(self, source: Source, document: Any) -> bytes | None:
        """A row of the answer; None where the projection is undefined."""
        if self.project is None:
            return source.text()
        value = self.project(orjson.loads(source.text()) if document is None else document)
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
        if self.query.aggregated:
            self._aggregate(sources(0), page)
            return None
        if self.continues_by == "number":
            return self._sorted(remembered(lambda: self._rows(sources(0))), token, page)
        return self._streamed(sources, token, page)

    def _streamed(self, sources: Callable[[int], Iterable[Source]], token: Token, page: Page) -> Token | None:
        after, skip, left = token.get("after") or 0, token.get("skip", self.offset), token.get("left", self.most)
        for source in sources(after):
            if page.full or left == 0:
                return None if left == 0 else {"after": after, "skip": skip, "left": left}
            after = source.number
            page.scanned += 1
            matched, document = self._load(source, page)
            if not matched:
                continue
            page.load(source.size)
            row = self.row(source, document)
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
        rows = rows[self.offset :][: self.most]
        start = resume(rows, token, ascending)
        for at in range(start, len(rows)):
            if page.full:
                keys, number, _, _ = rows[at - 1]
                return {"keys": [shorten(key) for key in keys], "number": number}
            page.load(rows[at][2])
            page.add(rows[at][3])
        return None

    def _rows(self, sources: Iterable[Source]) -> SortedRows:
        """All rows, sorted. Of equal rows DISTINCT keeps the first in this order."""
        rows: list[Row] = []
        rejects = Page(0, 0)
        for source in sources:
            matched, document = self._load(source, rejects)
            if not matched:
                continue
            document = orjson.loads(source.text()) if document is None else document
            row = self.row(source, document)
            if row is None:
                continue
            rows.append(([to_portable(key(document)) for key in self.order], source.number, source.size, row))
        for at in reversed(range(len(self.order))):
            descending = not self.query.order_by[at].ascending
            rows.sort(key=lambda entry: sort_key(from_portable(entry[0][at])), reverse=descending)
        seen: set[Hashable] = set()
        rows = [entry for entry in rows if _is_new(entry[3], seen)] if self.query.distinct else rows
        return SortedRows(rows, rejects.loaded, rejects.read)

    def _aggregate(self, sources: Iterable[Source], page: Page) -> None:
        running = [Aggregate(name) for name, _, _ in self.aggregates]
        constant = all(is_constant for _, _, is_constant in self.aggregates)
        index_only = constant and self._found is _never and self.index is not None and self.index.exists
        for source in sources:
            matched, document = self._load(source, page)
            if not matched:
                continue
            if not index_only:
                page.load(source.size)
            if document is None and not constant:
                document = orjson.loads(source.text())
            for aggregate, (_, argument, _) in zip(running, self.aggregates, strict=True):
                aggregate.add(argument(document))
        assert self.project is not None
        value = self.project([aggregate.result() for aggregate in running])
        if value is not UNDEFINED and self.most != 0 and not self.offset:
            page.add(orjson.dumps(value))


def _is_new(row: bytes, seen: set[Hashable]) -> bool:
    """Whether no equal row was seen: 1 equals 1.0, and the order of properties does not matter."""
    before = len(seen)
    seen.add(sort_key(orjson.loads(row)))
    return len(seen) > before
