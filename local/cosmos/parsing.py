"""What requests carry: JSON, numbers, ids and partition keys, read and checked."""

from typing import Any

import orjson

from local.cosmos import hashing
from local.cosmos.errors import CosmosError, bad_request
from local.cosmos.paths import split_path

ID_LIMIT = 1023
ID_FORBIDDEN = frozenset("/\\?#")
WRONG_KEY = (
    "Partition key provided either doesn't correspond to definition in the collection or doesn't match partition key "
    "field values specified in the document."
)
MISSING_ID = "The input content is invalid because the required properties - 'id; ' - are missing"


def parse(body: bytes) -> Any:
    """The JSON of a body; raises 400."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise bad_request(f"The request body is not valid JSON: {error}") from None


def whole(text: str) -> int | None:
    """A whole number of at most nine digits; None for anything else."""
    return int(text) if len(text) <= 9 and text.isascii() and text.isdecimal() else None


def is_path(path: Any) -> bool:
    """Whether a value is a path that names a property, such as `/a/b`."""
    try:
        return isinstance(path, str) and split_path(path) != ()
    except ValueError:
        return False


def check_id(id_: Any) -> str:
    """The id of a document; raises 400."""
    if id_ is None:
        raise bad_request(MISSING_ID)
    if not isinstance(id_, str) or not id_:
        raise bad_request("The input name is invalid: 'id' has to be a string with at least one character.")
    if len(id_) > ID_LIMIT // 4 and len(id_.encode()) > ID_LIMIT:
        raise bad_name(id_, f"less than '{ID_LIMIT + 1}' characters.")
    if not ID_FORBIDDEN.isdisjoint(id_):
        raise bad_name(id_, "without the characters '/', '\\', '?', '#'.")
    return id_


def bad_name(name: str, rule: str) -> CosmosError:
    """The error for a name that breaks a rule."""
    return bad_request(f"The input name '{name[:300]}' is invalid. Ensure to provide a unique non-empty string {rule}")


def read_key(text: str) -> tuple[bytes, int]:
    """The canonical partition key from the form that clients send, such as `["a"]`, and its levels; raises 400."""
    if text[:2] == '["' and text[-2:] == '"]' and text.count('"') == 2 and "\\" not in text:
        return b"\x08%b\xff" % text[2:-2].encode(), 1  # nearly all keys: one string without escapes
    try:
        values = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise bad_request(f"The partition key is not a JSON array: {text[:100]}") from None
    if not isinstance(values, list):
        raise bad_request(WRONG_KEY, 1001)
    levels = values or [hashing.UNDEFINED_VALUE]
    try:
        return b"".join(map(hashing.canonical, levels)), len(levels)
    except TypeError as error:
        raise bad_request(f"The partition key is invalid: {error}.") from None
