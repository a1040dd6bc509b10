"""The rules of the service for documents, checked before a document is staged.

Source of the limits: Azure Cosmos DB, "Service quotas". A document has at most 2 MB of UTF-8 JSON and 128 levels, an id
1,023 bytes, a partition key 2,048 bytes.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from math import copysign, isfinite
from typing import Any
from uuid import UUID

import orjson
from pydantic import AnyUrl
from pydantic_core import to_jsonable_python

from outlast.cosmos.bulk.staged_document import StagedDocument, key_text
from outlast.cosmos.partition_key import Key, Levels, effective_of
from outlast.json_numbers import LARGEST_EXACT

MAX_BYTES = 2 * 1024 * 1024
MAX_NESTING = 128
MAX_ID_BYTES = 1023
MAX_KEY_BYTES = 2048
_FORBIDDEN = re.compile(r"[/\\?#]")
_TEXTS = (datetime, date, time, UUID)
"""Types that the encoder writes as text."""
_MORE_TEXTS = (Decimal, Enum, timedelta, AnyUrl, IPv4Address, IPv6Address, set, frozenset)
"""Types that are written as pydantic writes them in JSON mode."""
_KEYS = (str, int, float, type(None))
"""Types of a partition key in JSON."""
_OBJECTS, _LISTS = (dict, Mapping), (list, tuple)
_NESTED = (dict, *_LISTS, Mapping)
"""Types with members. `Mapping` is asked last, because that takes long."""
_PLAIN = (str, int, float, *_TEXTS)
_SOUND = frozenset({int, bool, type(None), *_TEXTS})
"""Types whose every value the encoder can write. Together with text and floats they are most values of documents, and
to look at these first saves a tenth of the time for a row."""
Columns = tuple[bytes, bytes, bytes]
"""Those of a staged document behind its row. A plain tuple, because one is made for each document of a run."""


class DocumentRefused(ValueError):
    """A document breaks a rule of the service. `code` is the short name of the rule, `field` the path of the value."""

    def __init__(self, code: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.field = field


def staged(document: Any, partition_key_path: Sequence[str], row: int) -> StagedDocument:
    """Check one document whose partition key has one level, and encode it. Raises DocumentRefused."""
    return staged_under(document, (partition_key_path,), row)


def staged_under(document: Any, partition_key: Sequence[Sequence[str]], row: int) -> StagedDocument:
    """The same with a partition key of several levels."""
    return StagedDocument(row, *columns_of(document, partition_key))


def columns_of(document: Any, partition_key: Sequence[Sequence[str]]) -> Columns:
    """Check one document and encode it: its partition key, the hash of that, and its body. Raises DocumentRefused.

    `partition_key` has the names of the members on the way to each level of the key.
    """
    if not isinstance(document, _OBJECTS):
        raise DocumentRefused("json", f"a document must be a dictionary, not {type(document).__name__}")
    _check_id(document.get("id"))
    _check_value(document, "", 1)
    text = encoded(document)
    if len(text) > MAX_BYTES:
        raise DocumentRefused("too_large", f"the document has {len(text):,} bytes and {MAX_BYTES:,} are allowed")
    levels = tuple([_partition_key(document, path) for path in partition_key])
    if len(levels) > 1 and sum(len(level.encode()) for level in levels if isinstance(level, str)) > MAX_KEY_BYTES:
        raise DocumentRefused("partition_key", f"the partition key is longer than {MAX_KEY_BYTES:,} bytes")
    key, effective = _address(levels)
    return key, effective, text


def _address(levels: Levels) -> tuple[bytes, bytes]:
    """The columns of the partition key and of its hash."""
    if len(levels) == 1 and isinstance(levels[0], str):
        return _text_address(levels[0])
    return key_text(levels), effective_of(levels).encode()


@lru_cache(maxsize=1024)
def _text_address(key: str) -> tuple[bytes, bytes]:
    """The same for a text, since many documents share one. In a cache 1, 1.0 and True would be one key."""
    return key_text((key,)), effective_of((key,)).encode()


def encoded(document: Any) -> bytes:
    """A checked document, or a value of one, as it is staged. Raises DocumentRefused.

    A slice is a copy. The bytes that orjson returns keep its buffer of several KB alive.
    """
    try:
        return orjson.dumps(document, default=_jsonable, option=orjson.OPT_APPEND_NEWLINE)[:-1]
    except (TypeError, ValueError) as error:
        raise DocumentRefused("json", f"the document is no JSON: {error}") from None


def _check_id(key: Any) -> None:
    if not isinstance(key, str) or not key:
        raise DocumentRefused("id", "the document's id must be text that is not empty", "id")
    if _FORBIDDEN.search(key):
        raise DocumentRefused("id", "the document's id must not contain / \\ ? #", "id")
    if key[-1] in " \t\r\n":
        raise DocumentRefused("id", "the document's id must not end in a blank or a line end", "id")
    if key in (".", ".."):
        raise DocumentRefused("id", "the document's id must not be . or .., which a URL cannot name", "id")
    if _is_longer(key, MAX_ID_BYTES):
        raise DocumentRefused("id", f"the document's id is longer than {MAX_ID_BYTES:,} bytes", "id")


def _is_longer(text: str, most: int) -> bool:
    """Whether the text has more bytes than `most`. A character has four at most."""
    return len(text) * 4 > most and len(text.encode("utf-8", "surrogatepass")) > most


def _check_value(value: Any, path: str, depth: int) -> None:
    """Refuse what the encoder would change or pass silently: it writes NaN as null, and any depth."""
    if not isinstance(value, _NESTED):
        _check_scalar(value, path, depth)
        return
    if depth > MAX_NESTING:
        raise DocumentRefused("nesting", f"the document is nested deeper than {MAX_NESTING} levels", path[:80])
    for name, member in enumerate(value) if isinstance(value, _LISTS) else value.items():
        kind = type(member)
        if kind in _SOUND or (kind is str and len(member) <= MAX_BYTES) or (kind is float and isfinite(member)):
            continue
        _check_value(member, f"{path}.{name}" if path else str(name), depth + 1)


def _check_scalar(value: Any, path: str, depth: int) -> None:
    if isinstance(value, float) and not isfinite(value):
        raise DocumentRefused("json", f"{path} is {value}, which JSON cannot say", path)
    if isinstance(value, str) and len(value) > MAX_BYTES:  # before the encoder takes eight bytes a character for it
        text = f"{path} has {len(value):,} characters; {MAX_BYTES:,} bytes are allowed"
        raise DocumentRefused("too_large", text, path)
    if isinstance(value, _MORE_TEXTS):
        _check_value(_jsonable(value), path, depth)
    elif value is not None and not isinstance(value, _PLAIN):
        raise DocumentRefused("json", f"{path} is a {type(value).__name__}, which JSON cannot say", path)


def _jsonable(value: Any) -> Any:
    """The value as pydantic writes it in JSON mode. A set becomes a list in an order that each repeat has."""
    found = to_jsonable_python(value)
    return sorted(found, key=orjson.dumps) if isinstance(value, set | frozenset) else found


def _partition_key(document: Mapping[str, Any], path: Sequence[str]) -> Key:
    value: Any = document
    for name in path:
        if not isinstance(value, _OBJECTS) or name not in value:
            text = f"the document lacks its partition key /{'/'.join(path)}"
            raise DocumentRefused("partition_key", text, ".".join(path))
        value = value[name]
    if type(value) is str and len(value) * 4 <= MAX_KEY_BYTES:
        return value  # most keys
    return _checked_key(value, ".".join(path))


def _checked_key(value: Any, field: str) -> Key:
    if not isinstance(value, _KEYS) and isinstance(value, (*_TEXTS, *_MORE_TEXTS)):
        value = orjson.loads(orjson.dumps(value, default=_jsonable))
    if not isinstance(value, _KEYS):
        text = f"the partition key must be a plain value, not a {type(value).__name__}"
        raise DocumentRefused("partition_key", text, field)
    if isinstance(value, str) and _is_longer(value, MAX_KEY_BYTES):
        raise DocumentRefused("partition_key", f"the partition key is longer than {MAX_KEY_BYTES:,} bytes", field)
    return value if isinstance(value, str | bool) or value is None else _one_number(value)


def _one_number(number: int | float) -> int | float:
    """The number as the database compares it. It keeps doubles, so 5 and 5.0 are one partition key."""
    double = float(number)
    whole = double.is_integer() and abs(double) <= LARGEST_EXACT
    return int(double) if whole and (double or copysign(1, double) > 0) else double
