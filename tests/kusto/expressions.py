"""Parses scalar expressions into functions of a row."""

import ast
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.kusto import functions
from tests.kusto.tokens import NotKusto, Tokens

Row = dict[str, Any]
Expression = Callable[[Row], Any]
COMPARISONS = ("==", "!=", "=~", "<", "<=", ">", ">=")
TEXTS: dict[str, Callable[[str, str], bool]] = {
    "startswith": lambda value, part: value.lower().startswith(part.lower()),
    "contains": lambda value, part: part.lower() in value.lower(),
}


class Expressions:
    """Parses expressions. `now` is the time that `now()` and `ago()` mean; `constants` are scalar `let`s."""

    def __init__(self, tokens: Tokens, now: datetime, constants: dict[str, Any]) -> None:
        self._tokens = tokens
        self._now = now
        self.constants = constants

    def parse(self) -> Expression:
        left = self._conjunction()
        while self._tokens.takes("or"):
            left = _either(left, self._conjunction())
        return left

    def list(self) -> list[Expression]:
        """Parse `(a, b, …)`."""
        self._tokens.need("(")
        found: list[Expression] = []
        while not self._tokens.takes(")"):
            found.append(self.parse())
            self._tokens.takes(",")
        return found

    def _conjunction(self) -> Expression:
        left = self._comparison()
        while self._tokens.takes("and"):
            left = _both(left, self._comparison())
        return left

    def _comparison(self) -> Expression:
        left = self._sum()
        if mark := self._tokens.takes(*COMPARISONS):
            return _compared(mark, left, self._sum())
        if word := self._tokens.takes(*TEXTS):
            return _text(word, left, self._sum())
        if mark := self._tokens.takes("in", "!in"):
            return _among(left, self.list(), wanted=mark == "in")
        return left

    def _sum(self) -> Expression:
        left = self._product()
        while mark := self._tokens.takes("+", "-"):
            left = _calculated(mark, left, self._product())
        return left

    def _product(self) -> Expression:
        left = self._member()
        while mark := self._tokens.takes("*", "/"):
            left = _calculated(mark, left, self._member())
        return left

    def _member(self) -> Expression:
        left = self._atom()
        while mark := self._tokens.takes(".", "["):
            if mark == ".":
                left = _member(left, _constant(self._tokens.name()))
            else:
                left = _member(left, self.parse())
                self._tokens.need("]")
        return left

    def _atom(self) -> Expression:
        if self._tokens.takes("("):
            inner = self.parse()
            self._tokens.need(")")
            return inner
        token = self._tokens.take()
        if token.kind == "number":
            return _constant(float(token.text) if "." in token.text else int(token.text))
        if token.kind == "timespan":
            return _constant(functions.timespan(token.text))
        if token.kind == "text":
            return _constant(ast.literal_eval(token.text))
        if token.kind == "name":
            return self._call(token.text) if self._tokens.peek().text == "(" else self._named(token.text)
        raise NotKusto(f"an expression is wanted, not {token.text!r}")

    def _named(self, name: str) -> Expression:
        return _constant(self.constants[name]) if name in self.constants else _column(name)

    def _call(self, name: str) -> Expression:
        given = self.list()
        if name == "now":
            return _constant(self._now)
        if name == "ago":
            return lambda row: self._now - given[0](row)
        if name not in functions.FUNCTIONS:
            raise NotKusto(f"the function {name}")
        function = functions.FUNCTIONS[name]
        return lambda row: function(*(one(row) for one in given))


def _constant(value: Any) -> Expression:
    return lambda _: value


def _column(name: str) -> Expression:
    def read(row: Row) -> Any:
        if name not in row:
            raise NotKusto(f"the column {name}, beside {sorted(row)}")
        return row[name]

    return read


def _either(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row) or right(row))


def _both(left: Expression, right: Expression) -> Expression:
    return lambda row: bool(left(row) and right(row))


def _compared(mark: str, left: Expression, right: Expression) -> Expression:
    return lambda row: functions.compared(mark, left(row), right(row))


def _calculated(mark: str, left: Expression, right: Expression) -> Expression:
    return lambda row: functions.calculated(mark, left(row), right(row))


def _text(word: str, left: Expression, right: Expression) -> Expression:
    return lambda row: TEXTS[word](functions.tostring(left(row)), right(row))


def _among(left: Expression, listed: list[Expression], *, wanted: bool) -> Expression:
    return lambda row: (left(row) in [one(row) for one in listed]) is wanted


def _member(left: Expression, key: Expression) -> Expression:
    return lambda row: functions.member(left(row), key(row))
