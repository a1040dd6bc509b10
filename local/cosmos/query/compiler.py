"""Expressions as Python closures: a document in, a value out."""

import operator
from collections.abc import Callable
from typing import Any

from local.cosmos.query.errors import SEMANTIC, UNKNOWN_FUNCTION, UNRESOLVED, query_error, unsupported
from local.cosmos.query.functions import FUNCTIONS, LACKING
from local.cosmos.query.string_functions import like
from local.cosmos.query.syntax import (
    AGGREGATES,
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
    Ternary,
    Unary,
    has_aggregate,
)
from local.cosmos.query.values import UNDEFINED, equal, number, rank, same, tidy

Evaluate = Callable[[Any], Any]
ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
SIGNS: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos}
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


class Compiler:
    """Compiles the expressions of one query with its parameters."""

    def __init__(self, alias: str, parameters: dict[str, Any]) -> None:
        self._alias = alias
        self._parameters = parameters
        self.aggregates: list[tuple[str, Evaluate, bool]] = []  # name, argument, whether that is a constant
        self._over_groups = False

    def compile(self, node: Expression) -> Evaluate:
        """A function of the document."""
        return _COMPILERS[type(node)](self, node)

    def compile_aggregated(self, node: Expression) -> Evaluate:
        """A function of the list of finished aggregates."""
        self._over_groups = True
        compiled = self.compile(node)
        self._over_groups = False
        return compiled

    def constant(self, node: Expression) -> Any:
        """The value of a literal or a parameter."""
        return self.compile(node)(None)

    def literal(self, node: Literal) -> Evaluate:
        """A value written out."""
        value = node.value
        return lambda document: value

    def parameter(self, node: Parameter) -> Evaluate:
        """A value given with the query."""
        if node.name not in self._parameters:
            raise query_error(f"The parameter '{node.name}' has no value.", node.start, node.start + len(node.name))
        value = self._parameters[node.name]
        return lambda document: value

    def name(self, node: Name) -> Evaluate:
        """The document itself."""
        if node.name != self._alias:
            message = f"Identifier '{node.name}' could not be resolved."
            raise query_error(message, node.start, node.end, UNRESOLVED)
        if self._over_groups:
            message = (
                f"The reference '{node.name}' is invalid in the select list because it is not in an aggregate function."
            )
            raise query_error(message, node.start, node.end, SEMANTIC)
        return lambda document: document

    def member(self, node: Member) -> Evaluate:
        """A property or an element."""
        base = self.compile(node.base)
        if isinstance(node.key, Literal) and isinstance(node.key.value, str):
            name = node.key.value
            if isinstance(node.base, Name):
                return lambda document: document.get(name, UNDEFINED)
            return lambda document: _member(base(document), name)
        key = self.compile(node.key)
        return lambda document: _member(base(document), key(document))

    def call(self, node: Call) -> Evaluate:
        """A function."""
        if node.name in AGGREGATES:
            return self._aggregate(node)
        if node.name in LACKING:
            raise unsupported(f"the function {node.name}")
        known = FUNCTIONS.get(node.name)
        if known is None:
            message = f"'{node.name}' is not a recognized built-in function name."
            raise query_error(message, node.start, node.end, UNKNOWN_FUNCTION)
        fewest, most, function = known
        if len(node.arguments) < fewest or (most is not None and len(node.arguments) > most):
            message = f"The {node.name} function requires {fewest} argument(s)."
            raise query_error(message, node.start, node.end, SEMANTIC)
        arguments = [self.compile(argument) for argument in node.arguments]
        if len(arguments) == 1:
            only = arguments[0]
            return lambda document: function(only(document))
        return lambda document: function(*[argument(document) for argument in arguments])

    def _aggregate(self, node: Call) -> Evaluate:
        if not self._over_groups or any(has_aggregate(argument) for argument in node.arguments):
            raise query_error(f"The aggregate {node.name} cannot stand here.", node.start, node.end, SEMANTIC)
        if len(node.arguments) != 1:
            raise query_error(f"The {node.name} function requires 1 argument(s).", node.start, node.end, SEMANTIC)
        self._over_groups = False
        argument = self.compile(node.arguments[0])
        self._over_groups = True
        at = len(self.aggregates)
        self.aggregates.append((node.name, argument, isinstance(node.arguments[0], Literal | Parameter)))
        return lambda values: values[at]

    def unary(self, node: Unary) -> Evaluate:
        """NOT and signs."""
        operand = self.compile(node.operand)
        if node.op == "NOT":
            return lambda document: _negated(operand(document))
        sign = SIGNS.get(node.op)
        if sign is None:
            return lambda document: _bits("^", int(value), -1) if number(value := operand(document)) else UNDEFINED
        return lambda document: tidy(sign(value)) if number(value := operand(document)) else UNDEFINED

    def binary(self, node: Binary) -> Evaluate:
        """Two operands."""
        left, right, op = self.compile(node.left), self.compile(node.right), node.op
        if op == "AND":
            return lambda document: _and(left(document), right, document)
        if op == "OR":
            return lambda document: _or(left(document), right, document)
        if op == "??":
            return lambda document: right(document) if (value := left(document)) is UNDEFINED else value
        if op == "=":
            return lambda document: equal(left(document), right(document))
        if op == "!=":
            return lambda document: _negated(equal(left(document), right(document)))
        if op == "LIKE":
            return lambda document: like(left(document), right(document))
        if op in ORDERED:
            test = ORDERED[op]
            return lambda document: ordered(test, left(document), right(document))
        return lambda document: _calculate(op, left(document), right(document))

    def ternary(self, node: Ternary) -> Evaluate:
        """test ? yes : no."""
        test, yes, no = self.compile(node.test), self.compile(node.yes), self.compile(node.no)
        return lambda document: yes(document) if test(document) is True else no(document)

    def in_(self, node: In) -> Evaluate:
        """IN."""
        value = self.compile(node.value)
        options = [self.compile(option) for option in node.options]

        def test(document: Any) -> Any:
            wanted = value(document)
            if wanted is UNDEFINED:
                return UNDEFINED
            return any(same(wanted, option(document)) for option in options)

        return test

    def between(self, node: Between) -> Evaluate:
        """BETWEEN."""
        value, low, high = self.compile(node.value), self.compile(node.low), self.compile(node.high)

        def test(document: Any) -> Any:
            found = value(document)
            above = ordered(operator.ge, found, low(document))
            return _and(above, lambda inner: ordered(operator.le, found, high(inner)), document)

        return test

    def object(self, node: ObjectLiteral) -> Evaluate:
        """An object; what is undefined is left out."""
        items = [(name, self.compile(value)) for name, value in node.items]
        return lambda document: {name: found for name, value in items if (found := value(document)) is not UNDEFINED}

    def array(self, node: ArrayLiteral) -> Evaluate:
        """An array; what is undefined is left out."""
        items = [self.compile(value) for value in node.items]
        return lambda document: [found for value in items if (found := value(document)) is not UNDEFINED]


def _member(base: Any, key: Any) -> Any:
    if isinstance(base, dict) and isinstance(key, str):
        return base.get(key, UNDEFINED)
    if isinstance(base, list) and number(key) and 0 <= key < len(base) and float(key).is_integer():
        return base[int(key)]
    return UNDEFINED


def ordered(test: Callable[[Any, Any], bool], left: Any, right: Any) -> Any:
    """< and its kin: undefined between types."""
    if left is UNDEFINED or right is UNDEFINED or rank(left) != rank(right):
        return UNDEFINED
    if isinstance(left, list | dict):
        return UNDEFINED
    if left is None:
        return test(0, 0)
    return test(left, right)


def _negated(value: Any) -> Any:
    return (not value) if isinstance(value, bool) else UNDEFINED


def _and(left: Any, right: Evaluate, document: Any) -> Any:
    if left is False:
        return False
    value = right(document)
    if value is False:
        return False
    return True if left is True and value is True else UNDEFINED


def _or(left: Any, right: Evaluate, document: Any) -> Any:
    if left is True:
        return True
    value = right(document)
    if value is True:
        return True
    return False if left is False and value is False else UNDEFINED


def _calculate(op: str, left: Any, right: Any) -> Any:
    if op == "||":
        return left + right if isinstance(left, str) and isinstance(right, str) else UNDEFINED
    if not number(left) or not number(right):
        return UNDEFINED
    try:
        if op == "%":
            return tidy(left - right * int(left / right))
        if op in ARITHMETIC:
            return tidy(ARITHMETIC[op](left, right))
        return _bits(op, int(left), int(right))
    except (ZeroDivisionError, OverflowError, ValueError):
        return UNDEFINED


def _bits(op: str, left: int, right: int) -> int:
    """The operators on 32-bit numbers."""
    if op == ">>>":
        return (left & 0xFFFFFFFF) >> (right & 31)
    result = {
        "|": left | right,
        "&": left & right,
        "^": left ^ right,
        "<<": left << (right & 31),
        ">>": left >> (right & 31),
    }[op]
    return ((result + 2**31) & 0xFFFFFFFF) - 2**31


_COMPILERS: dict[type, Callable[[Compiler, Any], Evaluate]] = {
    Literal: Compiler.literal,
    Parameter: Compiler.parameter,
    Name: Compiler.name,
    Member: Compiler.member,
    Call: Compiler.call,
    Unary: Compiler.unary,
    Binary: Compiler.binary,
    Ternary: Compiler.ternary,
    In: Compiler.in_,
    Between: Compiler.between,
    ObjectLiteral: Compiler.object,
    ArrayLiteral: Compiler.array,
}
