"""The grammar of queries: SELECT … FROM … WHERE … ORDER BY … OFFSET … LIMIT …."""

from functools import lru_cache

from local.cosmos.query.errors import SEMANTIC, query_error, unsupported
from local.cosmos.query.expression_parser import ExpressionParser
from local.cosmos.query.operand_parser import RESERVED
from local.cosmos.query.syntax import (
    ROOT,
    Expression,
    Group,
    Item,
    Literal,
    Member,
    Name,
    Order,
    Query,
    Source,
    Subquery,
    has_aggregate,
)

TEXT_LIMIT = 512 * 1024


@lru_cache(maxsize=256)
def parse_query(text: str) -> Query:
    """The tree of a query. It is cached and shared, so callers must not change it."""
    if len(text) > TEXT_LIMIT:
        raise query_error(f"The query is longer than {TEXT_LIMIT // 1024} KB.")
    return QueryParser(text).query()


@lru_cache(maxsize=256)
def parse_condition(text: str) -> Query:
    """The tree of a patch condition: a query without SELECT."""
    parser = QueryParser(text)
    query = Query()
    parser.source(query)
    parser.where(query)
    parser.finish()
    return query


class QueryParser(ExpressionParser):
    """A method for each clause."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nested = False  # whether the query that is read has a subquery

    def query(self) -> Query:
        """The whole text."""
        query = self.body(nested=False)
        self.finish()
        return query

    def body(self, *, nested: bool) -> Query:
        """A query from SELECT to its last clause. One that is nested may name the sources around it."""
        query, outer = Query(), self._nested
        self._nested = nested
        self._select(query)
        if self.here.keyword == "FROM" or query.items is None:
            self.source(query, nested=nested)
        else:
            query.alias = query.source_text = ""
        self.where(query)
        self._group_by(query)
        self._order_by(query)
        self._offset_limit(query)
        query.aggregated = any(has_aggregate(item.expression) for item in query.items or [])
        if query.aggregated and not query.group_by:
            query.order_by.clear()  # an aggregate without GROUP BY has one row
        query.nested = self._nested or bool(query.sources)
        self._nested = outer or nested
        return query

    def source(self, query: Query, *, nested: bool = False) -> None:
        """FROM source [JOIN source …]. The first source of a query that is not nested is in the container."""
        if not self.accept_word("FROM"):
            raise self.wrong()
        start = self.here.start
        first = self._source(query)
        if nested:
            query.alias, query.sources = "", [first]
        elif isinstance(first.of, Query):
            raise unsupported("a subquery in FROM")
        elif isinstance(first.of, Name) and not first.each:
            query.alias = first.alias
        else:
            query.alias, query.sources = ROOT, [Source(first.alias, _from_root(first.of), first.each)]
        while self.accept_word("JOIN"):
            query.sources.append(self._source(query))
        query.source_text = self.text[start : self.tokens[self.at - 1].end]

    def _source(self, query: Query) -> Source:
        """alias IN array, or path [AS] alias. A subquery in the place of a path stands for each of its rows, which IN
        then takes for arrays."""
        each = self.here.kind == "name" and self.tokens[self.at + 1].keyword == "IN"
        alias = self._identifier() if each else ""
        self.at += each
        of = self.postfix(self.primary() if self.is_op("(") else Name(self._identifier(), *self._last_position()))
        if not each:
            named = self.accept_word("AS") or (self.here.kind == "name" and self.here.keyword not in RESERVED)
            alias = self._identifier() if named else _alias(of, 1)
        if isinstance(of, Subquery):
            return Source(alias, of.query, each)
        return Source(alias, of, each)

    def _last_position(self) -> tuple[int, int]:
        token = self.tokens[self.at - 1]
        return token.start, token.end

    def where(self, query: Query) -> None:
        """WHERE condition."""
        if self.accept_word("WHERE"):
            start = self.here.start
            query.where = self.expression()
            query.where_text = self._text_from(start)
            if has_aggregate(query.where):
                message = "Cannot perform an aggregate function in a WHERE clause."
                raise query_error(message, start, start + len(query.where_text), SEMANTIC)

    def finish(self) -> None:
        """Raises 400 where text follows."""
        if self.here.kind != "end":
            raise self.wrong()

    def _select(self, query: Query) -> None:
        if not self.accept_word("SELECT"):
            raise self.wrong()
        query.distinct = self.accept_word("DISTINCT")
        if self.accept_word("TOP"):
            query.top = self._count()
        if self.accept("*"):
            return
        query.value = self.here.keyword == "VALUE" and not self._is_member_of_value()
        self.at += query.value
        query.items = [self._item(query.value, 1)]
        while not query.value and self.accept(","):
            query.items.append(self._item(False, 1 + sum(item.alias.startswith("$") for item in query.items)))

    def _is_member_of_value(self) -> bool:
        """Whether VALUE is the alias of the source instead of a keyword, as in `SELECT value.x FROM value`."""
        after = self.tokens[self.at + 1]
        return after.text in {".", ","} or after.keyword == "FROM"

    def _item(self, value: bool, number: int) -> Item:
        start = self.here.start
        expression = self.expression()
        text = self._text_from(start)
        named = not value and (
            self.accept_word("AS") or (self.here.kind == "name" and self.here.keyword not in RESERVED)
        )
        return Item(expression, self._identifier() if named else _alias(expression, number), text, named)

    def _group_by(self, query: Query) -> None:
        if not self.accept_word("GROUP"):
            return
        if not self.accept_word("BY"):
            raise self.wrong()
        query.group_by.append(self._group())
        while self.accept(","):
            query.group_by.append(self._group())

    def _group(self) -> Group:
        start = self.here.start
        return Group(self.expression(), self._text_from(start))

    def _order_by(self, query: Query) -> None:
        if not self.accept_word("ORDER"):
            return
        if not self.accept_word("BY"):
            raise self.wrong()
        if self.here.keyword == "RANK":
            raise unsupported("ORDER BY RANK")
        query.order_by.append(self._order())
        while self.accept(","):
            query.order_by.append(self._order())

    def _order(self) -> Order:
        start = self.here.start
        expression = self.expression()
        text = self._text_from(start)
        descending = self.accept_word("DESC")
        if not descending:
            self.accept_word("ASC")
        return Order(expression, not descending, text, start)

    def _offset_limit(self, query: Query) -> None:
        if self.accept_word("OFFSET"):
            query.offset = self._count()
            if not self.accept_word("LIMIT"):
                raise self.wrong()
            query.limit = self._count()
        elif self.here.keyword == "LIMIT":
            raise self.wrong()

    def _count(self) -> Expression:
        token = self.here
        if token.kind == "number" and not token.text.isdecimal():
            raise self.wrong()
        if token.kind not in {"number", "parameter"}:
            raise self.wrong()
        return self._atom(self.next())

    def _identifier(self) -> str:
        if self.here.kind != "name" or self.here.keyword in RESERVED - {"VALUE"}:
            raise self.wrong()
        return self.next().text

    def _text_from(self, start: int) -> str:
        return self.text[start : self.tokens[self.at - 1].end]


def _alias(expression: Expression, number: int) -> str:
    """The name that the service gives to an item without AS."""
    if isinstance(expression, Name):
        return expression.name
    if isinstance(expression, Member) and isinstance(expression.key, Literal) and isinstance(expression.key.value, str):
        return expression.key.value
    return f"${number}"


def _from_root(path: Expression) -> Expression:
    """A path whose first name is the container's, as a path of the document."""
    if isinstance(path, Member):
        return Member(_from_root(path.base), path.key)
    return Name(ROOT, path.start, path.end) if isinstance(path, Name) else path
