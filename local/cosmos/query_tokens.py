"""Continuation tokens of queries."""

import json
from dataclasses import dataclass

import orjson

from local.cosmos.errors import bad_request
from local.cosmos.nesting import NESTING_LIMIT, depth
from local.cosmos.partitions import Partition
from local.cosmos.query.rows import INVALID_TOKEN, Token


@dataclass(slots=True)
class Position:
    """The progress of a query over all partitions: everything below `low` is finished, and up to each bound of
    `starts` the documents up to a number. It names bounds instead of range ids, because ranges may split before the
    next page."""

    low: str
    starts: list[tuple[str, int]]

    @classmethod
    def read(cls, token: Token) -> "Position":
        """The position of a continuation token, or the start; raises 400."""
        if not token:
            return cls("", [])
        try:
            return cls(str(token["low"]), [(str(bound), int(after)) for bound, after in token["starts"]])
        except (KeyError, TypeError, ValueError):
            raise bad_request(INVALID_TOKEN) from None

    def after(self, partition: Partition) -> int:
        """The number after which the query continues in a partition."""
        return next((after for bound, after in self.starts if partition.low < bound), 0)

    def at(self, partition: Partition, after: int) -> Token:
        """The token that continues in a partition after a document."""
        later = [[bound, number] for bound, number in self.starts if bound > partition.high]
        return {"low": partition.low, "starts": [[partition.high, after], *later]}


def write_token(token: Token) -> str:
    """The token in ASCII, for a header."""
    return json.dumps(token, separators=(",", ":"))


def read_token(text: str | None) -> Token:
    """The token of a header, empty at the start; raises 400."""
    if not text:
        return {}
    try:
        token = orjson.loads(text)
    except orjson.JSONDecodeError:
        token = None
    if not isinstance(token, dict) or not _is_token(token):
        raise bad_request(INVALID_TOKEN)
    return token


def _is_token(token: Token) -> bool:
    numbers = [token.get(name) for name in ("after", "skip", "left", "number", "nth")]
    keys = token.get("keys", [])
    if depth(token) > NESTING_LIMIT + 3:
        return False
    return (
        all(number is None or (type(number) is int and number >= 0) for number in numbers)
        and ("number" in token) == ("keys" in token)
        and isinstance(keys, list)
        and all(isinstance(key, list) and len(key) <= 1 for key in keys)
        and isinstance(token.get("starts", []), list)
    )
