"""The grammar of operands: constants, names, calls, literals and subqueries, with what follows a dot or a bracket."""

import re
from abc import ABC, abstractmethod

from local.cosmos.query.errors import query_error, unsupported
from local.cosmos.query.lexer import Token, number_value, string_value
from local.cosmos.query.syntax import (
    ArrayLiteral,
    Call,
    Expression,
    Literal,
    Member,
    Name,
    ObjectLiteral,
    Parameter,
    Query,
    Subquery,
)
from local.cosmos.query.token_reader import TokenReader
from local.cosmos.query.values import UNDEFINED

CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None, "UNDEFINED": UNDEFINED}
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """SELECT FROM WHERE ORDER BY GROUP AND OR NOT IN BETWEEN LIKE AS TOP VALUE DISTINCT OFFSET LIMIT ASC DESC JOIN
        EXISTS ARRAY ESCAPE""",
    )
)
NESTING_LIMIT = 64  # nested rules, far below the interpreter's recursion limit
TOO_DEEP = "The query is nested too deeply."


class OperandParser(TokenReader, ABC):
    """A method for each form of an operand."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.depth = 0  # of nested rules

    @abstractmethod
    def body(self, *, nested: bool) -> Query:
        """A query from SELECT to its last clause."""

    @abstractmethod
    def expression(self) -> Expression:
        """A whole expression."""

    def deeper(self) -> None:
        """Enters a nested rule; raises 400 for one too many."""
        self.depth += 1
        if self.depth > NESTING_LIMIT:
            raise query_error(TOO_DEEP, self.here.start, self.here.end)

    def primary(self) -> Expression:
        """An operand alone."""
        token = self.here
        if token.kind in {"number", "string", "parameter"}:
            return self._atom(self.next())
        if token.kind == "name":
            return self._named(token)
        if self.accept("("):
            if self.here.keyword == "SELECT":
                return self._subquery("")
            node = self.expression()
            self.expect(")")
            return node
        if self.accept("["):
            return ArrayLiteral(tuple(self._listed("]")))
        if self.accept("{"):
            return self._object()
        raise self.wrong()

    def postfix(self, node: Expression) -> Expression:
        """An operand with the properties and elements that are taken of it."""
        while True:
            if self.accept("."):
                if self.here.kind != "name":
                    raise self.wrong()
                node = Member(node, Literal(self.next().text))
            elif self.accept("["):
                node = Member(node, self.expression())
                self.expect("]")
            else:
                return node

    @staticmethod
    def _atom(token: Token) -> Expression:
        if token.kind == "parameter":
            return Parameter(token.text, token.start)
        if token.kind == "string":
            return Literal(string_value(token))
        return Literal(number_value(token))

    def _named(self, token: Token) -> Expression:
        word = token.keyword
        after = self.tokens[self.at + 1]
        called = after.kind == "op" and after.text == "("
        if word in {"EXISTS", "ARRAY"} and called:
            self.at += 2
            return self._subquery(word)
        if called and (word not in RESERVED or word in {"LEFT", "RIGHT"}):
            self.at += 2
            arguments = tuple(self._listed(")"))
            return Call(word, arguments, token.start, token.end)
        if word == "UDF" and after.text == ".":
            raise unsupported("a user defined function")
        if word in RESERVED and word != "VALUE":
            raise self.wrong()
        self.at += 1
        if word in CONSTANTS:
            return Literal(CONSTANTS[word])
        return Name(token.text, token.start, token.end)

    def _listed(self, end: str) -> list[Expression]:
        found: list[Expression] = []
        if self.accept(end):
            return found
        while True:
            found.append(self.expression())
            if not self.accept(","):
                break
        self.expect(end)
        return found

    def _subquery(self, kind: str) -> Expression:
        """The query behind an open parenthesis, with the closing one."""
        self.deeper()
        node = Subquery(kind, self.body(nested=True))
        self.depth -= 1
        self.expect(")")
        return node

    def _object(self) -> Expression:
        items: list[tuple[str, Expression]] = []
        while not self.is_op("}"):
            token = self.next()
            if token.kind not in {"string", "name"}:
                self.at -= 1
                raise self.wrong()
            self.expect(":")
            items.append((string_value(token) if token.kind == "string" else token.text, self.expression()))
            if not self.accept(","):
                break
        self.expect("}")
        return ObjectLiteral(tuple(items))
