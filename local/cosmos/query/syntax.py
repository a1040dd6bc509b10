"""The tree of a query."""

from dataclasses import dataclass, field
from typing import Any

AGGREGATES = frozenset({"COUNT", "SUM", "MIN", "MAX", "AVG"})
ROOT = "$root"  # no identifier


@dataclass(slots=True, frozen=True)
class Literal:
    """A value in the text, also `undefined`."""

    value: Any


@dataclass(slots=True, frozen=True)
class Parameter:
    """@name."""

    name: str
    start: int = field(compare=False)


@dataclass(slots=True, frozen=True)
class Name:
    """The alias of a source."""

    name: str
    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(slots=True, frozen=True)
class Member:
    """base.key or base[key]."""

    base: "Expression"
    key: "Expression"


@dataclass(slots=True, frozen=True)
class Call:
    name: str
    arguments: "tuple[Expression, ...]"
    start: int = field(compare=False)
    end: int = field(compare=False)


@dataclass(slots=True, frozen=True)
class Unary:
    """NOT, -, +, ~."""

    op: str
    operand: "Expression"


@dataclass(slots=True, frozen=True)
class Binary:
    op: str
    left: "Expression"
    right: "Expression"


@dataclass(slots=True, frozen=True)
class Ternary:
    """test ? yes : no."""

    test: "Expression"
    yes: "Expression"
    no: "Expression"


@dataclass(slots=True, frozen=True)
class In:
    """value IN (options)."""

    value: "Expression"
    options: "tuple[Expression, ...]"


@dataclass(slots=True, frozen=True)
class Between:
    """value BETWEEN low AND high."""

    value: "Expression"
    low: "Expression"
    high: "Expression"


@dataclass(slots=True, frozen=True)
class ObjectLiteral:
    """{"a": 1}."""

    items: "tuple[tuple[str, Expression], ...]"


@dataclass(slots=True, frozen=True)
class ArrayLiteral:
    """[1, 2]."""

    items: "tuple[Expression, ...]"


@dataclass(slots=True, frozen=True)
class Subquery:
    """EXISTS(SELECT …), ARRAY(SELECT …) or (SELECT …), whose kind is empty."""

    kind: str
    query: "Query"


Expression = (
    Literal
    | Parameter
    | Name
    | Member
    | Call
    | Unary
    | Binary
    | Ternary
    | In
    | Between
    | ObjectLiteral
    | ArrayLiteral
    | Subquery
)


@dataclass(slots=True, frozen=True)
class Source:
    """An item of FROM or JOIN: a path or the rows of a subquery; with `each` the elements of such an array."""

    alias: str
    of: "Expression | Query"
    each: bool


@dataclass(slots=True, frozen=True)
class Item:
    """One item of the select list, with its text without AS."""

    expression: Expression
    alias: str
    text: str
    named: bool = False  # with AS


@dataclass(slots=True, frozen=True)
class Order:
    """One item of ORDER BY, with the position of its text."""

    expression: Expression
    ascending: bool
    text: str
    start: int


@dataclass(slots=True, frozen=True)
class Group:
    """One item of GROUP BY, with its text."""

    expression: Expression
    text: str


@dataclass(slots=True)
class Query:
    """A whole query. `items` is None for `SELECT *`, and `alias` is empty without FROM.

    `alias` names the document. It is ROOT where FROM iterates over a part of it, so that no expression but that of the
    source can name the document.
    """

    items: list[Item] | None = None
    value: bool = False
    distinct: bool = False
    top: Expression | None = None
    alias: str = "c"
    source_text: str = "c"
    sources: list[Source] = field(default_factory=list)
    where: Expression | None = None
    where_text: str = ""
    group_by: list[Group] = field(default_factory=list)
    order_by: list[Order] = field(default_factory=list)
    offset: Expression | None = None
    limit: Expression | None = None
    aggregated: bool = False
    nested: bool = False  # has subqueries or sources besides the document


def children(node: Expression) -> tuple[Expression, ...]:
    """The direct subexpressions."""
    match node:
        case Member(base, key):
            return base, key
        case Call(arguments=inner) | ArrayLiteral(items=inner):
            return inner
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return left, right
        case Ternary(test, yes, no):
            return test, yes, no
        case In(value, options):
            return (value, *options)
        case Between(value, low, high):
            return value, low, high
        case ObjectLiteral(items):
            return tuple(inner for _, inner in items)
        case _:
            return ()


def has_aggregate(node: Expression) -> bool:
    """Whether the expression contains COUNT, SUM, MIN, MAX or AVG."""
    if isinstance(node, Call) and node.name in AGGREGATES:
        return True
    return any(has_aggregate(inner) for inner in children(node))


def depth(node: Expression) -> int:
    """The levels of the tree."""
    levels, row = 0, [node]
    while row:
        levels += 1
        row = [inner for outer in row for inner in children(outer)]
    return levels


def property_path(node: Expression, alias: str) -> tuple[str, ...] | None:
    """The path of a plain property such as c.a.b; None for any other expression."""
    parts: list[str] = []
    while isinstance(node, Member):
        if not isinstance(node.key, Literal) or not isinstance(node.key.value, str):
            return None
        parts.append(node.key.value)
        node = node.base
    return tuple(reversed(parts)) if isinstance(node, Name) and node.name == alias else None


def joined(op: str, operands: list[Expression]) -> Expression:
    """AND or OR of many operands as a balanced tree, because clients write a thousand in a row to read many
    documents."""
    while len(operands) > 1:
        pairs = [Binary(op, *operands[at : at + 2]) for at in range(0, len(operands) - 1, 2)]
        operands = pairs + operands[len(pairs) * 2 :]
    return operands[0]
