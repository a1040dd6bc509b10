"""The grammar of expressions, from the loosest to the tightest binding."""

from abc import ABC

from local.cosmos.query.errors import query_error, unsupported
from local.cosmos.query.operand_parser import TOO_DEEP, OperandParser
from local.cosmos.query.syntax import Between, Binary, Call, Expression, In, Ternary, Unary, depth, joined

LEVELS = {  # binary operators; a higher number binds tighter
    "|": 0, "^": 1, "&": 2, "<<": 3, ">>": 3, ">>>": 3, "||": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
COMPARISONS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
DEPTH_LIMIT = 150  # levels of the tree; a path through a document of 128 levels fits


class ExpressionParser(OperandParser, ABC):
    """A method for each rule of the grammar of operators."""

    def expression(self) -> Expression:
        """A whole expression: `test ? yes : no` and everything that binds tighter."""
        start = self.here.start
        self.deeper()
        left = self._coalesce()
        if self.accept("?"):
            yes = self.expression()
            self.expect(":")
            left = Ternary(left, yes, self.expression())
        self.depth -= 1
        if self.depth == 0 and depth(left) > DEPTH_LIMIT:
            raise query_error(TOO_DEEP, start, self.tokens[self.at - 1].end)
        return left

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
        return Call("LIKE", (left, pattern, self.primary()), token.start, token.end)

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
            self.deeper()
            node = Unary(op, self._unary())
            self.depth -= 1
            return node
        return self.postfix(self.primary())
