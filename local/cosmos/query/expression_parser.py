"""The grammar of expressions, from the loosest to the tightest binding."""

import re
from abc import ABC, abstractmethod

from local.cosmos.query.errors import query_error, unsupported
from local.cosmos.query.lexer import Token, number_value, string_value
from local.cosmos.query.syntax import (
    ArrayLiteral,
    Between,
    Binary,
    Call,
    Expression,
    In,
    Literal,
    Member,
    Name,
    ObjectLiteral,
    Parameter,
    Query,
    Subquery,
    Ternary,
    Unary,
    depth,
    joined,
)
from local.cosmos.query.token_reader import TokenReader
from local.cosmos.query.values import UNDEFINED

LEVELS = {  # binary operators; a higher number binds tighter
    "|": 0, "^": 1, "&": 2, "<<": 3, ">>": 3, ">>>": 3, "||": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None, "UNDEFINED": UNDEFINED}
RESERVED = frozenset(
    re.findall(
        r"\w+",
        """SELECT FROM WHERE ORDER BY GROUP AND OR NOT IN BETWEEN LIKE AS TOP VALUE DISTINCT OFFSET LIMIT ASC DESC JOIN
        EXISTS ARRAY ESCAPE""",
    )
)
NESTING_LIMIT = 64  # nested rules, far below the interpreter's recursion limit
DEPTH_LIMIT = 150  # levels of the tree; a path through a document of 128 levels fits
TOO_DEEP = "The query is nested too deeply."


class ExpressionParser(TokenReader, ABC):
    """A method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0

    @abstractmethod
    def body(self, *, nested: bool) -> Query:
        """A query from SELECT to its last clause."""

    def expression(self) -> Expression:
        """A whole expression: `test ? yes : no` and everything that binds tighter."""
        start = self.here.start
        self._deeper()
        left = self._coalesce()
        if self.accept("?"):
            yes = self.expression()
            self.expect(":")
            left = Ternary(left, yes, self.expression())
        self._depth -= 1
        if self._depth == 0 and depth(left) > DEPTH_LIMIT:
            raise query_error(TOO_DEEP, start, self.tokens[self.at - 1].end)
        return left

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > NESTING_LIMIT:
            raise query_error(TOO_DEEP, self.here.start, self.here.end)

    def _coalesce(self) -> Expression:
        left = self._or()
        while self.accept("??"):
            left = Binary("??", left, self._or())
        return left

    def _or(self) -> Expression:
        operands = [self._and()]
        while self.accept_word("OR"):
            operands.append(self._and())
        return joined("OR", operands)

    def _and(self) -> Expression:
        operands = [self._not()]
        while self.accept_word("AND"):
            operands.append(self._not())
        return joined("AND", operands)

    def _not(self) -> Expression:
        negations = 0
        while self.accept_word("NOT"):
            negations += 1
        node = self._comparison()
        for _ in range(negations):
            node = Unary("NOT", node)
        return node

    def _comparison(self) -> Expression:
        left = self._binary(0)
        while True:
            if self.here.kind == "op" and self.here.text in COMPARISONS:
                op = self.next().text
                left = Binary("!=" if op == "<>" else op, left, self._binary(0))
                continue
            tested = self._predicate(left)
            if tested is None:
                return left
            left = tested

    def _predicate(self, left: Expression) -> Expression | None:
        """[NOT] IN, BETWEEN or LIKE after an operand."""
        negated = self.here.keyword == "NOT" and self.tokens[self.at + 1].keyword in {"IN", "BETWEEN", "LIKE"}
        self.at += negated
        if self.accept_word("IN"):
            node: Expression = In(left, self._options())
        elif self.accept_word("BETWEEN"):
            low = self._binary(0)
            if not self.accept_word("AND"):
                raise self.wrong()
            node = Between(left, low, self._binary(0))
        elif self.accept_word("LIKE"):
            node = self._like(left)
        else:
            return None
        return Unary("NOT", node) if negated else node

    def _like(self, left: Expression) -> Expression:
        token, pattern = self.here, self._binary(0)
        if not self.accept_word("ESCAPE"):
            return Binary("LIKE", left, pattern)
        return Call("LIKE", (left, pattern, self._primary()), token.start, token.end)

    def _options(self) -> tuple[Expression, ...]:
        self.expect("(")
        if self.here.keyword == "SELECT":
            raise unsupported("a subquery")
        options = [self.expression()]
        while self.accept(","):
            options.append(self.expression())
        self.expect(")")
        return tuple(options)

    def _binary(self, level: int) -> Expression:
        """Binary operators of a level or tighter, by precedence climbing: one call for each operand, not one for each
        level."""
        left = self._unary()
        while self.here.kind == "op" and LEVELS.get(self.here.text, -1) >= level:
            op = self.next().text
            left = Binary(op, left, self._binary(LEVELS[op] + 1))
        return left

    def _unary(self) -> Expression:
        if self.is_op("-", "+", "~"):
            op = self.next().text
            self._deeper()
            node = Unary(op, self._unary())
            self._depth -= 1
            return node
        return self._postfix(self._primary())

    def _postfix(self, node: Expression) -> Expression:
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

    def _primary(self) -> Expression:
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
        self._deeper()
        node = Subquery(kind, self.body(nested=True))
        self._depth -= 1
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
