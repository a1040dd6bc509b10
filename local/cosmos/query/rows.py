"""The rows of a query's answer: their documents, the page they fill, and the start of the next page."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from local.cosmos.errors import bad_request
from local.cosmos.query.values import UNDEFINED, sort_key

Token = dict[str, Any]
Rows = TypeVar("Rows")
Row = tuple[list[Any], int, int, bytes]
"""Values of ORDER BY, number and size of the document, JSON of the row."""


@dataclass(slots=True, frozen=True)
class SortedRows:
    """All rows of a query in order, and the number and bytes of the documents that were loaded and did not match."""

    rows: list[Row]
    rejected: int
    rejected_size: int


Remembered = Callable[[Callable[[], SortedRows]], SortedRows]
REMEMBERED = 4
INVALID_TOKEN = "Invalid Continuation Token"
KEY_CHARACTERS = 300
"""Characters of an order value that a token carries, because clients take headers of 8 KB."""
SCAN_LIMIT = 100_000
"""Documents read for one answer. A longer scan continues with a token, as in the service."""


@dataclass(slots=True)
class Source:
    """A document to query: its number, its size, and a function that gives its JSON with system properties."""

    number: int
    size: int
    text: Callable[[], bytes]


@dataclass(slots=True)
class Page:
    """The rows of one response, and its limits."""

    limit: int
    byte_limit: int
    rows: list[bytes] = field(default_factory=list)
    size: int = 0
    read: int = 0  # bytes of the documents that were loaded, whether they match or not
    loaded: int = 0
    scanned: int = 0

    @property
    def full(self) -> bool:
        """Whether the page takes no other row."""
        return len(self.rows) >= self.limit or self.size >= self.byte_limit or self.scanned >= SCAN_LIMIT

    def load(self, size: int, count: int = 1) -> None:
        """Counts documents that were loaded, by their bytes."""
        self.read += size
        self.loaded += count

    def add(self, row: bytes) -> None:
        self.rows.append(row)
        self.size += len(row) + 1


def to_portable(value: Any) -> list[Any]:
    """A value for JSON: an empty list where it is undefined, otherwise a list of one."""
    return [] if value is UNDEFINED else [value]


def from_portable(portable: list[Any]) -> Any:
    return portable[0] if portable else UNDEFINED


def shorten(portable_value: list[Any]) -> list[Any]:
    """An order value that is short enough for a header. Of objects and arrays only the type is kept."""
    return [
        value[:KEY_CHARACTERS] if isinstance(value, str) else type(value)() if isinstance(value, list | dict) else value
        for value in portable_value
    ]


def resume(rows: list[Row], token: Token, ascending: list[bool]) -> int:
    """The index of the next row: after the row in the token, or where that is deleted, after those that precede it."""
    if "number" not in token:
        return 0
    same = [at for at, (_, number, _, _) in enumerate(rows) if number == token["number"]]
    if same:
        return same[min(token.get("nth") or 1, len(same)) - 1] + 1
    wanted = [sort_key(from_portable(key)) for key in token["keys"]]
    if len(wanted) != len(ascending):
        raise bad_request(INVALID_TOKEN)
    for at, (keys, number, _, _) in enumerate(rows):
        if comes_after(
            [sort_key(from_portable(shorten(key))) for key in keys], number, wanted, token["number"], ascending
        ):
            return at
    return len(rows)


def comes_after(keys: list[Any], number: int, wanted: list[Any], last: float, ascending: list[bool]) -> bool:
    """Whether a row stands behind given values of ORDER BY, or has the same and a document behind `last`."""
    for key, other, up in zip(keys, wanted, ascending, strict=True):
        if key != other:
            return bool(key > other) == up
    return number > last


class RowCache(Generic[Rows]):
    """The sorted rows of the last few requests, so that the next page does not sort again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, Rows] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], Rows]) -> Rows:
        """The rows of a key, made where they are missing. The key has to contain the version of the documents."""
        rows = self._kept.get(key)
        if rows is None:
            rows = self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)
        return rows
