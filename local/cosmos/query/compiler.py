"""Expressions as Python functions of a document."""

from collections.abc import Callable
from typing import Any

from local.cosmos.query import compiled_operators, operators
from local.cosmos.query.computed import Computed
from local.cosmos.query.errors import SEMANTIC, UNKNOWN_FUNCTION, UNRESOLVED, query_error, unsupported
from local.cosmos.query.functions import FUNCTIONS, LACKING
from local.cosmos.query.grouping import Compiled
from local.cosmos.query.operators import Evaluate
from local.cosmos.query.regex_match import RegexMatch
from local.cosmos.query.selection import compile_selection
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
    Query,
    Subquery,
    Ternary,
    Unary,
    has_aggregate,
)
from local.cosmos.query.values import UNDEFINED


class Compiler:
    """Compiles the expressions of one query with its parameters."""

    def __init__(
        self, alias: str, parameters: dict[str, Any], computed: Computed | None = None, *, nested: bool = False
    ) -> None:
        """Compiled expressions are functions of the document or, with `nested`, of a dictionary with the value of each
        source by its alias."""
        self._alias = alias
        self._nested = nested
        self.names = {alias}
        self.groups: list[Evaluate] = []  # the items of GROUP BY
        self._grouped: list[Expression] = []
        self._parameters = parameters
        self._computed = computed or {}
        self.aggregates: list[Compiled] = []
        self._over_groups = False

    def compile(self, node: Expression) -> Evaluate:
        """The expression as a function of the document."""
        if self._over_groups and node in self._grouped:
            at = self._grouped.index(node)
            return lambda values: values[at]
        return _COMPILERS[type(node)](self, node)

    def compile_grouped(self, node: Expression) -> Evaluate:
        """The expression as a function of the values of a group and the results of its aggregates."""
        self._over_groups = True
        compiled = self.compile(node)
        self._over_groups = False
        return compiled

    def group_by(self, query: Query) -> None:
        """Compiles the items of GROUP BY, which the select list may then use."""
        self.groups = [self.compile(group.expression) for group in query.group_by]
        self._grouped = [group.expression for group in query.group_by]

    def inner(self) -> "Compiler":
        """A compiler for a subquery, which knows the sources around it."""
        compiler = Compiler(self._alias, self._parameters, self._computed, nested=True)
        compiler.names |= self.names
        return compiler

    def constant(self, node: Expression) -> Any:
        """The value of a literal or a parameter."""
        return self.compile(node)(None)

    def literal(self, node: Literal) -> Evaluate:
        value = node.value
        return lambda document: value

    def parameter(self, node: Parameter) -> Evaluate:
        if node.name not in self._parameters:
            raise query_error(f"The parameter '{node.name}' has no value.", node.start, node.start + len(node.name))
        value = self._parameters[node.name]
        return lambda document: value

    def name(self, node: Name) -> Evaluate:
        """The alias of a source. That of the only source is the document itself."""
        if node.name not in self.names:
            message = f"Identifier '{node.name}' could not be resolved."
            raise query_error(message, node.start, node.end, UNRESOLVED)
        if self._over_groups:
            message = (
                f"The reference '{node.name}' is invalid in the select list because it is not in an aggregate function."
            )
            raise query_error(message, node.start, node.end, SEMANTIC)
        name = node.name
        return (lambda binding: binding[name]) if self._nested else (lambda document: document)

    def member(self, node: Member) -> Evaluate:
        """A property or an array element."""
        base = self.compile(node.base)
        if isinstance(node.key, Literal) and isinstance(node.key.value, str):
            name = node.key.value
            if isinstance(node.base, Name) and node.base.name == self._alias and name in self._computed:
                return self._computed_property(self._computed[name], base)
            if isinstance(node.base, Name) and not self._nested:
                return lambda document: document.get(name, UNDEFINED)
            return lambda document: operators.member(base(document), name)
        key = self.compile(node.key)
        return lambda document: operators.member(base(document), key(document))

    @staticmethod
    def _computed_property(query: Query, document: Evaluate) -> Evaluate:
        """The expression of a computed property, over the document."""
        assert query.items is not None
        value = Compiler(query.alias, {}).compile(query.items[0].expression)
        return lambda binding: value(document(binding))

    def call(self, node: Call) -> Evaluate:
        """A function call."""
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
        if function is RegexMatch:
            function = RegexMatch()
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
        at = len(self.groups) + len(self.aggregates)
        self.aggregates.append((node.name, argument, isinstance(node.arguments[0], Literal | Parameter)))
        return lambda values: values[at]

    def unary(self, node: Unary) -> Evaluate:
        """NOT, -, + and ~."""
        return compiled_operators.unary(node.op, self.compile(node.operand))

    def binary(self, node: Binary) -> Evaluate:
        return compiled_operators.binary(node.op, self.compile(node.left), self.compile(node.right))

    def ternary(self, node: Ternary) -> Evaluate:
        test, yes, no = self.compile(node.test), self.compile(node.yes), self.compile(node.no)
        return lambda document: yes(document) if test(document) is True else no(document)

    def in_(self, node: In) -> Evaluate:
        return compiled_operators.is_in(self.compile(node.value), [self.compile(option) for option in node.options])

    def between(self, node: Between) -> Evaluate:
        return compiled_operators.between(self.compile(node.value), self.compile(node.low), self.compile(node.high))

    def object(self, node: ObjectLiteral) -> Evaluate:
        """An object without its undefined values."""
        items = [(name, self.compile(value)) for name, value in node.items]
        return lambda document: {name: found for name, value in items if (found := value(document)) is not UNDEFINED}

    def array(self, node: ArrayLiteral) -> Evaluate:
        """An array without its undefined values."""
        items = [self.compile(value) for value in node.items]
        return lambda document: [found for value in items if (found := value(document)) is not UNDEFINED]

    def subquery(self, node: Subquery) -> Evaluate:
        """EXISTS and ARRAY of a subquery's rows, or its first row."""
        rows, nothing = compile_selection(node.query, self), object()
        if node.kind == "EXISTS":
            return lambda binding: next(rows(binding), nothing) is not nothing
        if node.kind == "ARRAY":
            return lambda binding: list(rows(binding))
        return lambda binding: next(rows(binding), UNDEFINED)


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
    Subquery: Compiler.subquery,
}
