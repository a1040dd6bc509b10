"""Operators as functions of a document, made of the functions of their operands."""

import operator
from typing import Any

from local.cosmos.query import operators
from local.cosmos.query.operators import Evaluate
from local.cosmos.query.string_functions import like
from local.cosmos.query.values import UNDEFINED, equal, number, same, tidy


def unary(op: str, operand: Evaluate) -> Evaluate:
    """NOT, -, + and ~."""
    if op == "NOT":
        return lambda document: operators.negated(operand(document))
    sign = operators.SIGNS.get(op)
    if sign is None:
        return lambda document: operators.bits("^", int(value), -1) if number(value := operand(document)) else UNDEFINED
    return lambda document: tidy(sign(value)) if number(value := operand(document)) else UNDEFINED


def binary(op: str, left: Evaluate, right: Evaluate) -> Evaluate:
    if op == "AND":
        return lambda document: operators.and_(left(document), right, document)
    if op == "OR":
        return lambda document: operators.or_(left(document), right, document)
    if op == "??":
        return lambda document: right(document) if (value := left(document)) is UNDEFINED else value
    if op == "=":
        return lambda document: equal(left(document), right(document))
    if op == "!=":
        return lambda document: operators.negated(equal(left(document), right(document)))
    if op == "LIKE":
        return lambda document: like(left(document), right(document))
    if op in operators.ORDERED:
        test = operators.ORDERED[op]
        return lambda document: operators.ordered(test, left(document), right(document))
    return lambda document: operators.calculate(op, left(document), right(document))


def is_in(value: Evaluate, options: list[Evaluate]) -> Evaluate:
    """IN, which is undefined for an undefined value."""

    def test(document: Any) -> Any:
        wanted = value(document)
        if wanted is UNDEFINED:
            return UNDEFINED
        return any(same(wanted, option(document)) for option in options)

    return test


def between(value: Evaluate, low: Evaluate, high: Evaluate) -> Evaluate:
    """BETWEEN, with both ends."""

    def test(document: Any) -> Any:
        found = value(document)
        above = operators.ordered(operator.ge, found, low(document))
        return operators.and_(above, lambda inner: operators.ordered(operator.le, found, high(inner)), document)

    return test
