"""The first rows of a file as a file of its own, which the report's test reads."""

import json
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

ENDINGS = (".csv", ".jsonl")
MOST_ROWS = 20
MOST_BYTES = 64 * 1024
UTF_8 = "utf-8"
UNREADABLE = b"\xff"
"""What stands in UTF-8 text for a character that the file's encoding does not have."""


def sample_file(form: str, text: bytes, rows: Sequence[Mapping[str, Any]], encoding: str) -> tuple[str, bytes]:
    """Return ending and content: the first lines of CSV as they are; JSON Lines of any other format.

    The content has the file's own encoding, because the report may say that all its inputs have it. `text` is UTF-8.
    """
    lines = _first_lines(text) if form == "csv" else b""
    if lines and encoding == UTF_8:
        return ".csv", lines
    if lines and UNREADABLE not in lines:
        return ".csv", lines.decode().encode(encoding)
    listed = [json.dumps(row, ensure_ascii=False, default=str) for row in rows[:MOST_ROWS]]
    return ".jsonl", ("\n".join(listed) + "\n").encode(encoding)


def _first_lines(text: bytes) -> bytes:
    """Whole lines; nothing where a quoted field goes over several, because a line is no row then."""
    head = text[:MOST_BYTES]
    lines = head.splitlines(keepends=True)[: None if len(text) <= MOST_BYTES else -1]
    first = b"".join(islice(lines, MOST_ROWS + 1))
    return first if first.count(b'"') % 2 == 0 else b""
