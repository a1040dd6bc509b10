"""Which part of a condition the index of a container serves. The rest is tested on the documents that it finds."""

from collections.abc import Sequence
from typing import Any

from local.cosmos.indexing import is_indexed, policy_rules
from local.cosmos.query.syntax import (
    Between,
    Binary,
    Call,
    Expression,
    In,
    Member,
    Name,
    Subquery,
    Unary,
    children,
    property_path,
)

COMPARISONS = frozenset({"=", "!=", "<", "<=", ">", ">=", "LIKE"})
ON_A_PATH = frozenset(
    {
        "STARTSWITH",
        "CONTAINS",
        "ENDSWITH",
        "STRINGEQUALS",
        "STRING_EQUALS",
        "REGEXMATCH",
        "LIKE",
        "IS_DEFINED",
        "IS_NULL",
    }
    | {"IS_DEFINED", "IS_NULL", "IS_BOOL", "IS_NUMBER", "IS_STRING", "IS_ARRAY", "IS_OBJECT", "IS_PRIMITIVE"}
)
ON_ELEMENTS = frozenset({"ARRAY_CONTAINS", "ARRAY_CONTAINS_ANY", "ARRAY_CONTAINS_ALL"})


class IndexUse:
    """What a query gets from the index. `used` and `lacking` are the paths that it serves and could serve."""

    def __init__(self, alias: str, policy: dict[str, Any]) -> None:
        self._alias = alias
        self._rules = policy_rules(policy)
        self.exists = policy.get("indexingMode") != "none"
        self.used: list[str] = []
        self.lacking: list[str] = []

    def use(self, path: Sequence[str]) -> None:
        """Notes that a request names a value of the path, as of the partition key."""
        self._note(path, self.used)

    def served(self, node: Expression | None) -> Expression | None:
        """The part of a condition that the index serves; None where it has to read every document.

        Each document that fulfils the condition fulfils this part. A conjunction is served by any of its operands, a
        disjunction only by all of them. A function of a property, and NOT around anything but a comparison, is not
        served.
        """
        if isinstance(node, Binary) and node.op == "AND":
            left, right = self.served(node.left), self.served(node.right)
            if (left, right) == (node.left, node.right):
                return node
            return Binary("AND", left, right) if left is not None and right is not None else left or right
        if isinstance(node, Binary) and node.op == "OR":
            left, right = self.served(node.left), self.served(node.right)
            if (left, right) == (node.left, node.right):
                return node
            return Binary("OR", left, right) if left is not None and right is not None else None
        if node is None or not self._is_served(node):
            return None
        return node

    def _is_served(self, node: Expression) -> bool:
        match node:
            case Binary(op, left, right) if op in COMPARISONS:
                return self._compares(left, right) or (op != "LIKE" and self._compares(right, left))
            case In(value, options):
                return self._compares(value, *options)
            case Between(value, low, high):
                return self._compares(value, low, high)
            case Call(name, (first, *others)) if name in ON_A_PATH:
                return self._compares(first, *others)
            case Call(name, (first, *others)) if name in ON_ELEMENTS:
                return self._compares(first, *others, elements=True)
            case Unary("NOT", Binary() | In() | Between() as inner) if not _is_logical(inner):
                return self._is_served(inner)
            case Member():
                return self._compares(node)
            case _:
                return is_constant(node)

    def _compares(self, value: Expression, *others: Expression, elements: bool = False) -> bool:
        """Whether an indexed property is compared with constants."""
        path = property_path(value, self._alias)
        if not path or not all(map(is_constant, others)):
            return False
        path = (*path, "[]") if elements else path
        indexed = self.exists and (path[0] in {"id", "_ts"} or is_indexed(self._rules, path))
        self._note(path, self.used if indexed else self.lacking)
        return indexed

    @staticmethod
    def _note(path: Sequence[str], known: list[str]) -> None:
        spec = "/" + "/".join(path) + "/?"
        if spec not in known:
            known.append(spec)


def is_constant(node: Expression) -> bool:
    """Whether an expression has the same value for every document."""
    return not isinstance(node, Name | Subquery) and all(map(is_constant, children(node)))


def _is_logical(node: Expression) -> bool:
    return isinstance(node, Binary) and node.op in {"AND", "OR"}
