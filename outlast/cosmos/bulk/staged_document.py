"""A staged document: one line of text, so that the writer joins lines and parses nothing.

Row, partition key as JSON, effective partition key in hex, document as JSON, with a tab between. JSON itself holds
neither a tab nor a line end: inside text they are escaped.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import orjson


@dataclass(frozen=True, slots=True)
class StagedDocument:
    """`row` is the input's row the document came from."""

    row: int
    partition_key: bytes
    effective_partition_key: bytes
    document: bytes

    def encoded(self) -> bytes:
        return b"%d\t%b\t%b\t%b\n" % (self.row, self.partition_key, self.effective_partition_key, self.document)

    def parsed(self) -> dict[str, Any]:
        return cast(dict[str, Any], orjson.loads(self.document))


def read_staged(data: bytes) -> list[StagedDocument]:
    """Read whole lines."""
    return [_line(text) for text in data.split(b"\n") if text]


def join_staged(lines: Iterable[StagedDocument]) -> bytes:
    return b"".join(line.encoded() for line in lines)


def _line(text: bytes) -> StagedDocument:
    row, key, effective, document = text.split(b"\t", 3)
    return StagedDocument(int(row), key, effective, document)
